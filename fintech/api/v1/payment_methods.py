"""Payment methods: cards that can be charged, held as tokens."""

from typing import Any

from fintech.api import errors, pagination
from fintech.api.codec import fields
from fintech.api.operations import ONE_END, Answer, Call, list_parameters, operation
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.wire import dialect, payment_methods
from fintech.wire.errors import Fault

_READ, _WRITE = "customers:read", "customers:write"
_CUSTOMER = fields.Id(prefix="cus", noun="customer")
_CARD = fields.Group(
    about="A sandbox card: its number, or a token. A real number is refused.",
    fields={
        "number": fields.CardNumber(example="4242424242424242"),
        "exp_month": fields.Integer(least=1, most=12),
        "exp_year": fields.Integer(least=2000, most=2999),
        "cvc": fields.Text(longest=4, pattern="[0-9]{3,4}", about="Checked and forgotten."),
        "token": fields.Text(longest=80),
    },
)
_BILLING = fields.Group(
    fields={
        "email": fields.Email(),
        "name": fields.Text(longest=256),
        "phone": fields.Text(longest=40),
        "address": fields.Group(
            fields={
                "country": fields.Text(
                    longest=2, pattern="[A-Za-z]{2}", about="Compared with the card's."
                ),
                **{
                    name: fields.Text(longest=200, inert=True)
                    for name in ("city", "line1", "line2", "postal_code", "state")
                },
            },
            about="Of an address only its country is kept.",
        ),
    }
)


@operation(
    "POST",
    "/v1/payment_methods",
    scope=_WRITE,
    returns="payment_method",
    parameters={
        "type": fields.OneOf(words=("card",), required=True),
        "card": _CARD,
        "billing_details": _BILLING,
        "metadata": fields.Metadata(),
    },
)
def create(call: Call) -> Answer:
    """Keep a card as a token. The number itself is never stored."""
    card = call.get("card", {})
    billing = call.get("billing_details", {})
    done = payments.create_payment_method(
        merchant_id=call.merchant_id,
        token=_card_code(card),
        number=card.get("number") or "",
        exp_month=card.get("exp_month"),
        exp_year=card.get("exp_year"),
        billing_name=billing.get("name") or "",
        billing_email=billing.get("email") or "",
        billing_phone=billing.get("phone") or "",
        billing_country=(billing.get("address") or {}).get("country") or "",
        metadata=call.new_labels(),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=payment_methods.render(done.value), replayed=done.replayed)


@operation("GET", "/v1/payment_methods/{id}", scope=_READ, returns="payment_method")
def retrieve(call: Call) -> Answer:
    """Retrieve a payment method."""
    method = queries.payment_method(call.this("pm"), call.merchant_id)
    return Answer(body=payment_methods.render(method))


@operation(
    "POST",
    "/v1/payment_methods/{id}/attach",
    scope=_WRITE,
    returns="payment_method",
    parameters={"customer": fields.Id(prefix="cus", noun="customer", required=True)},
)
def attach(call: Call) -> Answer:
    """Let a card belong to a customer; a sandbox card's token makes a new card first."""
    done = payments.attach(
        merchant_id=call.merchant_id,
        **_made_or_kept(call),
        customer_id=call.values["customer"],
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=payment_methods.render(done.value), replayed=done.replayed)


@operation("POST", "/v1/payment_methods/{id}/detach", scope=_WRITE, returns="payment_method")
def detach(call: Call) -> Answer:
    """Let a card belong to nobody."""
    done = payments.detach(
        merchant_id=call.merchant_id,
        payment_method_id=call.this("pm"),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=payment_methods.render(done.value), replayed=done.replayed)


@operation(
    "POST",
    "/v1/payment_methods/{id}",
    scope=_WRITE,
    returns="payment_method",
    parameters={"billing_details": _BILLING, "metadata": fields.Metadata()},
)
def update(call: Call) -> Answer:
    """Change whom a card is billed to, or its metadata."""
    method_id = call.this("pm")
    billing = call.get("billing_details", {})
    done = payments.update_payment_method(
        merchant_id=call.merchant_id,
        payment_method_id=method_id,
        billing_name=_changed(billing, "name"),
        billing_email=_changed(billing, "email"),
        billing_phone=_changed(billing, "phone"),
        billing_country=_changed(billing.get("address") or {}, "country"),
        metadata=call.labels(lambda: queries.payment_method(method_id, call.merchant_id).metadata),
        key=call.key,
        by=call.by,
        at=call.at,
    )
    return Answer(body=payment_methods.render(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/payment_methods",
    scope=_READ,
    returns="list",
    of="payment_method",
    parameters=list_parameters(
        "pm",
        "payment method",
        customer=_CUSTOMER,
        type=fields.OneOf(words=("card",), inert=True),
    ),
    exclusive=ONE_END,
)
def index(call: Call) -> Answer:
    """List payment methods, newest first."""
    page = queries.payment_methods(
        call.merchant_id,
        limit=call.page.limit,
        after=call.page.after,
        before=call.page.before,
        customer_id=call.get("customer"),
    )
    return pagination.answer(call, page.items, payment_methods.render, has_more=page.has_more)


def _made_or_kept(call: Call) -> dict[str, Any]:
    """Return the card that the path names: by its id, or a new one by a token."""
    code = dialect.sandbox_card(call.path["id"])
    return {"payment_method_id": call.this("pm")} if code is None else {"token": code}


def _changed(given: dict[str, str | None], name: str) -> str | None:
    return (given[name] or "") if name in given else None


def _card_code(card: dict[str, str]) -> str:
    """Return the neutral code of the card's token, or nothing where it has a number."""
    token = card.get("token")
    if token:
        code = dialect.sandbox_card(token)
        if code is None:
            message = "Only the sandbox cards of the documentation are accepted."
            raise errors.ParametersWrong([Fault("card[token]", "test_card_required", message)])
        return code
    if not card.get("number"):
        raise errors.ParametersWrong(
            [Fault("card[number]", "parameter_missing", "This parameter is required.")]
        )
    return ""
