"""Payments in every state, made through the services that life uses."""

from datetime import datetime
from itertools import count
from uuid import UUID

from fintech.kernel import actor
from fintech.kernel.idempotency import Key
from fintech.kernel.money import Money
from fintech.merchants import data as merchant_data
from fintech.payments import data, queries
from fintech.payments import services as payments
from tests.make import merchants as make_merchants
from tests.make.merchants import NOON

BY = actor.system("tests")
_number = count(1)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def key(of: UUID, text: str = "", *, command: str = "test", body: str = "") -> Key:
    """Return an idempotency key; equal texts are the same key."""
    return Key(
        scope=of,
        key=text or f"key-{next(_number)}",
        fingerprint=body.encode() or b"same",
        command=command,
    )


def merchant(**facets: object) -> merchant_data.Merchant:
    return make_merchants.merchant(**facets)


def customer(merchant_id: UUID, *, at: datetime = NOON, **facets: str) -> data.Customer:
    facets = {"email": "ada@example.com", "name": "Ada", **facets}
    return payments.create_customer(merchant_id=merchant_id, by=BY, at=at, **facets).value


def card(
    merchant_id: UUID,
    token: str = "visa",  # noqa: S107 - a card, no password.
    *,
    at: datetime = NOON,
) -> data.PaymentMethod:
    return payments.create_payment_method(merchant_id=merchant_id, token=token, by=BY, at=at).value


def created(
    merchant_id: UUID, amount: Money | None = None, *, at: datetime = NOON, **facets: object
) -> data.Payment:
    """A payment that nobody has confirmed yet."""
    return payments.create(
        merchant_id=merchant_id, amount=amount or eur(42_50), by=BY, at=at, **facets
    ).value


def confirmed(
    merchant_id: UUID,
    amount: Money | None = None,
    *,
    token: str = "visa",  # noqa: S107 - a card, no password.
    capture_method: str = "automatic",
    at: datetime = NOON,
    **facets: object,
) -> data.Payment:
    """A payment that was confirmed; whatever came of it, a decline included."""
    new = data.NewPayment(
        amount=amount or eur(42_50),
        capture_method=data.CaptureMethod(capture_method),
        customer_id=facets.pop("customer_id", None),
    )
    order = data.Begin(merchant_id=merchant_id, at=at, new=new, token=token, **facets)
    begun = payments.confirm_all([order], by=BY)[0]
    if begun.refusal is not None:
        raise begun.refusal
    assert begun.payment is not None
    return begun.payment


def authorized(merchant_id: UUID, amount: Money | None = None, **facets: object) -> data.Payment:
    """A payment whose money is reserved and not taken."""
    payment = confirmed(merchant_id, amount, capture_method="manual", **facets)
    assert payment.state == data.PaymentState.AUTHORIZED, payment.last_error
    return payment


def captured(merchant_id: UUID, amount: Money | None = None, **facets: object) -> data.Payment:
    """A payment whose money was taken with the authorization."""
    payment = confirmed(merchant_id, amount, **facets)
    assert payment.state == data.PaymentState.CAPTURED, payment.last_error
    return payment


def in_review(merchant_id: UUID, amount: Money | None = None, **facets: object) -> data.Payment:
    """A payment that waits for a person."""
    payment = confirmed(merchant_id, amount, token="risk_elevated", **facets)
    assert payment.state == data.PaymentState.IN_REVIEW, payment.last_error
    return payment


def challenged(merchant_id: UUID, amount: Money | None = None, **facets: object) -> data.Payment:
    """A payment whose payer must prove who they are."""
    payment = confirmed(merchant_id, amount, token="three_d_secure", **facets)
    assert payment.state == data.PaymentState.AWAITING_PAYER, payment.last_error
    return payment


def now(payment: data.Payment) -> data.Payment:
    """Return the payment as it is by now."""
    return queries.payment(payment.id, payment.merchant_id)
