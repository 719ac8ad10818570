"""Payment intents: what a payer owes a merchant for one sale."""

from typing import Any
from uuid import UUID

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.codec.fields import CardCode, Field, WalletCode
from fintech.api.operations import ONE_END, Answer, Call, list_parameters, operation
from fintech.kernel.money import Money
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.wire import payment_intents

_READ, _WRITE = "payments:read", "payments:write"
_CUSTOMER = fields.Id(prefix="cus", noun="customer", about="Who pays.", example=None)
_METHOD = fields.PaymentMethod(
    takes_wallets=True,
    about="What is charged: `pm_…`, a sandbox card's token, or a wallet of yours: `wal_…`.",
)
PAYER_IP = fields.IpAddress(
    about="Where the payer is, for the fraud decision; your own server's address says nothing."
)
_OFF_SESSION = fields.Boolean(
    about="The payer is not there: where the fraud decision would challenge him, a person looks."
)
PAYER_DEVICE = fields.Text(
    longest=200,
    about="What names the payer's browser or phone to you, for the fraud decision; only its"
    " hash is kept.",
)
_RETURN_URL = fields.Url(about="Where the payer comes back to from a challenge.")
_DETAILS: dict[str, Field] = {
    "description": fields.Text(
        longest=1000, lines=True, about="Your own words; not for the payer."
    ),
    "metadata": fields.Metadata(),
    "receipt_email": fields.Email(about="Where the receipt is sent."),
    "statement_descriptor": fields.Text(longest=22, about="What the payer's statement says."),
}
# What clients send out of habit: accepted where it says what is true here anyway.
_INERT: dict[str, Field] = {
    "automatic_payment_methods": fields.Group(
        fields={
            "enabled": fields.Boolean(),
            "allow_redirects": fields.OneOf(words=("always", "never")),
        },
        inert=True,
    ),
    "confirmation_method": fields.OneOf(words=("automatic",), inert=True),
    "error_on_requires_action": fields.Boolean(inert=True),
    "shipping": fields.Group(
        fields={
            "address": fields.Group(
                fields={
                    name: fields.Text(longest=200)
                    for name in ("city", "country", "line1", "line2", "postal_code", "state")
                }
            ),
            **{
                name: fields.Text(longest=200)
                for name in ("carrier", "name", "phone", "tracking_number")
            },
        },
        about="Where goods go is not kept here.",
        inert=True,
    ),
    "payment_method_types": fields.Many(of=fields.OneOf(words=("card", "wallet")), inert=True),
    "use_stripe_sdk": fields.Boolean(inert=True),
}


def chosen(call: Call, name: str = "payment_method") -> dict[str, Any]:
    """Return what a call charges, as services take it: stored, a sandbox code, or a wallet."""
    given: UUID | CardCode | WalletCode | None = call.get(name)
    if isinstance(given, WalletCode):
        return {"wallet": given.id}
    if isinstance(given, CardCode):
        return {"token": given.code}
    return {"payment_method": given}


@operation(
    "POST",
    "/v1/payment_intents",
    scope=_WRITE,
    returns="payment_intent",
    parameters={
        "amount": fields.Amount(required=True, about="In minor units.", example=4250),
        "currency": fields.Currency(required=True, example="eur"),
        "capture_method": fields.OneOf(
            words=("automatic", "automatic_async", "manual"),
            about="`manual` reserves the money until you capture it.",
        ),
        "confirm": fields.Boolean(about="Charge the card at once."),
        "customer": _CUSTOMER,
        "payment_method": _METHOD,
        "off_session": _OFF_SESSION,
        "payer_device": PAYER_DEVICE,
        "payer_ip": PAYER_IP,
        "return_url": _RETURN_URL,
        **_DETAILS,
        **_INERT,
    },
    rehearses=True,
    is_combined=lambda values: bool(values.get("confirm")),
)
def create(call: Call) -> Answer:
    """Create a payment intent, and confirm it at once if `confirm`."""
    capture_method = call.get("capture_method", "automatic")
    done = payments.create(
        merchant_id=call.merchant_id,
        amount=Money(call.values["amount"], call.values["currency"]),
        capture_method="manual" if capture_method == "manual" else "automatic",
        customer_id=call.get("customer"),
        description=call.text("description"),
        metadata=call.new_labels(),
        receipt_email=call.text("receipt_email"),
        return_url=call.text("return_url"),
        statement_descriptor=call.text("statement_descriptor"),
        confirm=call.get("confirm", False),
        ip=call.text("payer_ip"),
        device=call.text("payer_device"),
        payer_is_there=not call.get("off_session", False),
        key=call.key,
        by=call.by,
        at=call.at,
        **chosen(call),
    )
    return Answer(body=payment_intents.render(done.value), replayed=done.replayed, value=done.value)


@operation("GET", "/v1/payment_intents/{id}", scope=_READ, returns="payment_intent")
def retrieve(call: Call) -> Answer:
    """Retrieve a payment intent."""
    return Answer(body=payment_intents.render(queries.payment(call.this("pi"), call.merchant_id)))


@operation(
    "GET",
    "/v1/payment_intents",
    scope=_READ,
    returns="list",
    of="payment_intent",
    parameters=list_parameters("pi", "payment intent", customer=_CUSTOMER, created=fields.Range()),
    exclusive=ONE_END,
)
def index(call: Call) -> Answer:
    """List payment intents, newest first."""
    page = queries.payments(
        call.merchant_id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
        customer_id=call.get("customer"),
        created=call.get("created"),
    )
    return pagination.answer(call, page.items, payment_intents.render, has_more=page.has_more)


@operation(
    "POST",
    "/v1/payment_intents/{id}",
    scope=_WRITE,
    returns="payment_intent",
    parameters={
        "amount": fields.Amount(about="Only before it is confirmed."),
        "currency": fields.Currency(about="Only before it is confirmed."),
        "customer": _CUSTOMER,
        "payment_method": _METHOD,
        **_DETAILS,
        "payment_method_types": _INERT["payment_method_types"],
    },
)
def update(call: Call) -> Answer:
    """Change a payment intent."""
    payment_id = call.this("pi")
    amount = None
    if call.get("amount") is not None or call.get("currency") is not None:
        owed = queries.payment(payment_id, call.merchant_id).amount
        amount = Money(call.get("amount", owed.minor), call.get("currency", owed.currency))
    done = payments.update_payment(
        merchant_id=call.merchant_id,
        payment_id=payment_id,
        amount=amount,
        customer_id=call.get("customer"),
        description=call.changed("description"),
        metadata=call.labels(lambda: queries.payment(payment_id, call.merchant_id).metadata),
        receipt_email=call.changed("receipt_email"),
        statement_descriptor=call.changed("statement_descriptor"),
        key=call.key,
        by=call.by,
        at=call.at,
        **chosen(call),
    )
    return Answer(body=payment_intents.render(done.value), replayed=done.replayed)


@operation(
    "POST",
    "/v1/payment_intents/{id}/confirm",
    scope=_WRITE,
    returns="payment_intent",
    parameters={
        "payment_method": _METHOD,
        "off_session": _OFF_SESSION,
        "payer_device": PAYER_DEVICE,
        "payer_ip": PAYER_IP,
        "return_url": _RETURN_URL,
        **{name: _INERT[name] for name in ("error_on_requires_action", "use_stripe_sdk")},
    },
    rehearses=True,
    is_combined=lambda _values: True,
)
def confirm(call: Call) -> Answer:
    """Charge the card, or reserve the money where capture is manual."""
    done = payments.confirm(
        merchant_id=call.merchant_id,
        payment_id=call.this("pi"),
        return_url=call.text("return_url"),
        ip=call.text("payer_ip"),
        device=call.text("payer_device"),
        payer_is_there=not call.get("off_session", False),
        key=call.key,
        by=call.by,
        at=call.at,
        **chosen(call),
    )
    return Answer(body=payment_intents.render(done.value), replayed=done.replayed, value=done.value)


@operation(
    "POST",
    "/v1/payment_intents/{id}/capture",
    scope=_WRITE,
    returns="payment_intent",
    parameters={
        "amount_to_capture": fields.Amount(about="At most what is left; all of it if not given."),
        "final_capture": fields.Boolean(about="Let go what is not captured; true if not given."),
    },
    rehearses=True,
)
def capture(call: Call) -> Answer:
    """Take money that is reserved."""
    payment_id = call.this("pi")
    amount = None
    if call.get("amount_to_capture") is not None:
        owed = queries.payment(payment_id, call.merchant_id).amount
        amount = Money(call.values["amount_to_capture"], owed.currency)
    done = payments.capture(
        merchant_id=call.merchant_id,
        payment_id=payment_id,
        amount=amount,
        final=call.get("final_capture", True),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=payment_intents.render(done.value), replayed=done.replayed, value=done.value)


@operation(
    "POST",
    "/v1/payment_intents/{id}/increment_authorization",
    scope=_WRITE,
    returns="payment_intent",
    parameters={
        "amount": fields.Amount(
            required=True, about="The new total: what is reserved from now on.", example=5000
        ),
    },
    rehearses=True,
)
def increment_authorization(call: Call) -> Answer:
    """Reserve another amount in place of what is reserved."""
    payment_id = call.this("pi")
    owed = queries.payment(payment_id, call.merchant_id).amount
    done = payments.adjust_authorization(
        merchant_id=call.merchant_id,
        payment_id=payment_id,
        amount=Money(call.values["amount"], owed.currency),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=payment_intents.render(done.value), replayed=done.replayed, value=done.value)


@operation(
    "POST",
    "/v1/payment_intents/{id}/cancel",
    scope=_WRITE,
    returns="payment_intent",
    parameters={
        "cancellation_reason": fields.OneOf(
            words=("abandoned", "duplicate", "fraudulent", "requested_by_customer")
        ),
    },
    rehearses=True,
)
def cancel(call: Call) -> Answer:
    """End a payment without taking its money; what was reserved is let go."""
    done = payments.cancel(
        merchant_id=call.merchant_id,
        payment_id=call.this("pi"),
        reason=call.text("cancellation_reason"),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=payment_intents.render(done.value), replayed=done.replayed, value=done.value)
