"""Charges: each attempt to take money from a card."""

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.operations import ONE_END, Answer, Call, list_parameters, operation
from fintech.payments import queries
from fintech.payments.data import Attempt
from fintech.wire import charges

_READ = "payments:read"


@operation("GET", "/v1/charges/{id}", scope=_READ, returns="charge")
def retrieve(call: Call) -> Answer:
    """Retrieve a charge, with its refunds."""
    attempt = queries.charge(call.this("ch"), call.merchant_id)
    given_back = queries.refunds(call.merchant_id, limit=10, attempt_id=attempt.id)
    return Answer(
        body=charges.render(
            attempt,
            queries.payment(attempt.payment_id, call.merchant_id),
            method=queries.payment_method(attempt.payment_method_id, call.merchant_id),
            given_back=given_back.items,
        )
    )


@operation(
    "GET",
    "/v1/charges",
    scope=_READ,
    returns="list",
    of="charge",
    parameters=list_parameters(
        "ch",
        "charge",
        customer=fields.Id(prefix="cus", noun="customer"),
        payment_intent=fields.Id(prefix="pi", noun="payment intent"),
        created=fields.Range(),
    ),
    exclusive=ONE_END,
)
def index(call: Call) -> Answer:
    """List charges, newest first."""
    page = queries.charges(
        call.merchant_id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
        payment_id=call.get("payment_intent"),
        customer_id=call.get("customer"),
        created=call.get("created"),
    )
    known = queries.payments_by_id({attempt.payment_id for attempt in page.items}, call.merchant_id)

    def render(attempt: Attempt) -> dict[str, object]:
        return charges.render(attempt, known.get(attempt.payment_id))

    return pagination.answer(call, page.items, render, has_more=page.has_more)
