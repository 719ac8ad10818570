"""A merchant's own book: what it holds as a whole, and whether it is what was written."""

from datetime import UTC, datetime

from fintech.api.codec import fields
from fintech.api.operations import Answer, Call, operation
from fintech.ledger import queries
from fintech.wire import ledger_books as wire

_READ = "ledger:read"


@operation(
    "GET",
    "/v1/ledger/trial_balance",
    scope=_READ,
    returns="ledger.trial_balance",
    noun="trial balance",
    expands=False,
    parameters={
        "as_of": fields.Integer(
            least=0, most=253_402_300_799, about="What had occurred by then; all, if not given."
        )
    },
)
def trial_balance(call: Call) -> Answer:
    """Return what each account of your book holds; debits equal credits."""
    second = call.get("as_of")
    as_of = None if second is None else datetime.fromtimestamp(second, tz=UTC)
    found = queries.book_trial_balance(call.merchant_id, as_of=as_of)
    return Answer(body=wire.render_trial_balance(found, as_of))


@operation(
    "GET",
    "/v1/ledger/verification",
    scope=_READ,
    returns="ledger.verification",
    noun="verification",
    expands=False,
)
def verification(call: Call) -> Answer:
    """Follow every chain of your book from its first line; name the rows that differ, if any do."""
    faults, accounts, lines = queries.verify_book(call.merchant_id)
    newest = next(iter(queries.heads(limit=1)), None)
    return Answer(
        body=wire.render_verification(faults, accounts=accounts, lines=lines, newest=newest)
    )
