"""
Payments in every state, made through the services that life uses.

Factories whose `_create` calls our services, and verbs for the states beyond.
"""

from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

import factory

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


class CustomerFactory(factory.Factory):
    """Somebody who pays a merchant."""

    class Meta:
        model = data.Customer

    email = "ada@example.com"
    name = "Ada"
    by = BY
    at = NOON

    @classmethod
    def _create(cls, model_class: type, *args: Any, **facets: Any) -> data.Customer:
        return payments.create_customer(**facets).value


class CardFactory(factory.Factory):
    """A card of a merchant's payer, by the name of a sandbox card."""

    class Meta:
        model = data.PaymentMethod

    token = "visa"
    by = BY
    at = NOON

    @classmethod
    def _create(cls, model_class: type, *args: Any, **facets: Any) -> data.PaymentMethod:
        return payments.create_payment_method(**facets).value


class PaymentFactory(factory.Factory):
    """A payment that nobody has confirmed yet."""

    class Meta:
        model = data.Payment

    amount = factory.LazyFunction(lambda: eur(42_50))
    by = BY
    at = NOON

    @classmethod
    def _create(cls, model_class: type, *args: Any, **facets: Any) -> data.Payment:
        return payments.create(**facets).value


def merchant(**facets: Any) -> merchant_data.Merchant:
    return make_merchants.merchant(**facets)


def customer(merchant_id: UUID, **facets: Any) -> data.Customer:
    return CustomerFactory(merchant_id=merchant_id, **facets)


def card(merchant_id: UUID, token: str = "visa", **facets: Any) -> data.PaymentMethod:
    return CardFactory(merchant_id=merchant_id, token=token, **facets)


def created(merchant_id: UUID, amount: Money | None = None, **facets: Any) -> data.Payment:
    """A payment that nobody has confirmed yet."""
    return PaymentFactory(merchant_id=merchant_id, amount=amount or eur(42_50), **facets)


def confirmed(
    merchant_id: UUID,
    amount: Money | None = None,
    *,
    token: str = "visa",
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
