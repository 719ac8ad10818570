"""Refunds: captured money on its way back to the payer."""

from uuid import UUID

from fintech.api import errors, pagination
from fintech.api.codec import fields
from fintech.api.operations import ONE_END, Answer, Call, list_parameters, operation
from fintech.kernel.money import Money
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.wire import refunds
from fintech.wire.errors import Fault

_READ, _WRITE = "refunds:read", "refunds:write"
_PAYMENT = fields.Id(prefix="pi", noun="payment intent", about="The payment to give back.")
_CHARGE = fields.Id(prefix="ch", noun="charge", about="Its charge, instead of the payment.")


@operation(
    "POST",
    "/v1/refunds",
    scope=_WRITE,
    returns="refund",
    parameters={
        "payment_intent": _PAYMENT,
        "charge": _CHARGE,
        "amount": fields.Amount(about="At most what is left; all of it if not given."),
        "reason": fields.OneOf(words=("duplicate", "fraudulent", "requested_by_customer")),
        "metadata": fields.Metadata(),
    },
    rehearses=True,
)
def create(call: Call) -> Answer:
    """Give back what was taken: all that is left of it, or part."""
    payment_id = _payment_id(call)
    amount = None
    if call.get("amount") is not None:
        owed = queries.payment(payment_id, call.merchant_id).amount
        amount = Money(call.values["amount"], owed.currency)
    done = payments.refund(
        merchant_id=call.merchant_id,
        payment_id=payment_id,
        amount=amount,
        reason=call.text("reason"),
        metadata=call.new_labels(),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=refunds.render(done.value), replayed=done.replayed, value=done.value)


@operation("GET", "/v1/refunds/{id}", scope=_READ, returns="refund")
def retrieve(call: Call) -> Answer:
    """Retrieve a refund."""
    return Answer(body=refunds.render(queries.refund(call.this("re"), call.merchant_id)))


@operation(
    "POST",
    "/v1/refunds/{id}",
    scope=_WRITE,
    returns="refund",
    parameters={"metadata": fields.Metadata()},
)
def update(call: Call) -> Answer:
    """Change a refund's metadata."""
    refund_id = call.this("re")
    done = payments.update_refund(
        merchant_id=call.merchant_id,
        refund_id=refund_id,
        metadata=call.labels(lambda: queries.refund(refund_id, call.merchant_id).metadata) or {},
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=refunds.render(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/refunds",
    scope=_READ,
    returns="list",
    of="refund",
    parameters=list_parameters(
        "re",
        "refund",
        payment_intent=_PAYMENT,
        charge=_CHARGE,
        created=fields.Range(),
    ),
    exclusive=ONE_END,
)
def index(call: Call) -> Answer:
    """List refunds, newest first."""
    page = queries.refunds(
        call.merchant_id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
        payment_id=call.get("payment_intent"),
        attempt_id=call.get("charge"),
        created=call.get("created"),
    )
    return pagination.answer(call, page.items, refunds.render, has_more=page.has_more)


def _payment_id(call: Call) -> UUID:
    payment_id: UUID | None = call.get("payment_intent")
    if call.get("charge") is not None:
        attempt = queries.charge(call.values["charge"], call.merchant_id)
        if payment_id not in {None, attempt.payment_id}:
            message = "This charge is not one of the payment's."
            raise errors.ParametersWrong([Fault("charge", "parameter_invalid", message)])
        return attempt.payment_id
    if payment_id is None:
        message = "Give payment_intent or charge."
        raise errors.ParametersWrong([Fault("payment_intent", "parameter_missing", message)])
    return payment_id
