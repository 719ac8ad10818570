"""Balance transactions: every movement of a merchant's balance."""

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.operations import ONE_END, Answer, Call, list_parameters, operation
from fintech.payments import queries
from fintech.wire import balance_transactions

_READ = "payments:read"


@operation("GET", "/v1/balance_transactions/{id}", scope=_READ, returns="balance_transaction")
def retrieve(call: Call) -> Answer:
    """Retrieve a movement of the balance."""
    found = queries.balance_transaction(call.this("txn"), call.merchant_id)
    return Answer(body=balance_transactions.render(found))


@operation(
    "GET",
    "/v1/balance_transactions",
    scope=_READ,
    returns="list",
    of="balance_transaction",
    parameters=list_parameters(
        "txn",
        "balance transaction",
        type=fields.OneOf(words=("charge", "refund", "refund_failure")),
        currency=fields.Currency(),
        created=fields.Range(),
    ),
    exclusive=ONE_END,
)
def index(call: Call) -> Answer:
    """List movements of the balance, newest first."""
    page = queries.balance_transactions(
        call.merchant_id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
        kind=call.get("type"),
        currency=call.get("currency"),
        created=call.get("created"),
    )
    return pagination.answer(call, page.items, balance_transactions.render, has_more=page.has_more)
