"""Rows under lock, facts told of them, and values made of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fintech.kernel.actor import Actor, system
from fintech.kernel.events import Code
from fintech.kernel.money import Money
from fintech.payments import data, errors, events
from fintech.payments.models import Attempt, Payment, Refund
from fintech.payments.models.refund import whole

# When a provider that has not answered is asked again, counted from the last ask.
CHECKS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(hours=1),
    *(timedelta(days=1),) * 5,
)
FIRST_CHECK = CHECKS[0]
# How long a payer's bank keeps money reserved, and how long a payer may take.
AUTHORIZATION_LASTS = timedelta(days=7)
CHALLENGE_LASTS = timedelta(hours=1)
CONFIRMATION_LASTS = timedelta(days=30)
MAX_ATTEMPTS = 10


def locked(payment_id: UUID, *, merchant_id: UUID | None = None) -> tuple[Payment, Attempt | None]:
    """
    Lock a payment until the commit, and return it with its latest attempt.

    Everything that belongs to a payment changes only under this lock. `merchant_id`
    is left out only by callers that act for the platform itself.
    """
    rows = Payment.objects.select_for_update(of=("self",)).select_related("payment_method")
    if merchant_id is not None:
        rows = rows.filter(merchant_id=merchant_id)
    payment = rows.filter(id=payment_id).first()
    if payment is None:
        raise errors.PaymentNotFound(payment_id)
    return payment, latest_attempt(payment)


def latest_attempt(payment: Payment) -> Attempt | None:
    """Return the payment's newest attempt, with its card."""
    if payment.attempts == 0:
        return None
    attempt = (
        Attempt.objects.filter(payment_id=payment.id, number=payment.attempts)
        .select_related("payment_method")
        .first()
    )
    if attempt is not None:
        attempt.payment = payment
    return attempt


def value(payment: Payment, attempt: Attempt | None) -> data.Payment:
    """Return a payment with its latest attempt as a frozen value."""
    return payment.as_data(attempt.as_data() if attempt else None)


def tell[Fact: events.PaymentFact](
    fact: type[Fact],
    payment: Payment,
    *,
    was: str,
    at: datetime,
    amount: Money | None = None,
    **fields: Any,
) -> Fact:
    """Make the next fact of a payment's stream, and count it."""
    payment.version += 1
    return fact(
        payment_id=payment.id,
        merchant_id=payment.merchant_id,
        from_state=Code(str(was)),
        to_state=Code(str(payment.state)),
        amount_minor=payment.amount_minor if amount is None else amount.minor,
        currency=Code(payment.currency),
        version=payment.version,
        at=at,
        **fields,
    )


def tell_refund[Fact: events.RefundFact](
    fact: type[Fact],
    refund: Refund,
    *,
    at: datetime,
    amount: Money | None = None,
    **fields: Any,
) -> Fact:
    """Make the next fact of a refund's stream, and count it."""
    refund.version += 1
    return fact(
        refund_id=refund.id,
        payment_id=refund.payment_id,
        attempt_id=refund.attempt_id,
        merchant_id=refund.merchant_id,
        amount_minor=refund.amount_minor if amount is None else amount.minor,
        currency=Code(refund.currency),
        whole_id=refund.whole_id,
        version=refund.version,
        at=at,
        **fields,
    )


def parts_of(refund: Refund) -> list[Refund]:
    """Return all parts of a refund in the order of their ids; the given row stands for its own."""
    if refund.whole_id is None:
        return [refund]
    found = Refund.objects.filter(whole_id=refund.whole_id).order_by("id")
    return [refund if part.id == refund.id else part for part in found]


def refund_value(refund: Refund) -> data.Refund:
    """Return the refund that a row is, or is a part of, as a frozen value."""
    return whole(parts_of(refund))


def voice(actors: Sequence[Actor]) -> Actor:
    """Return who speaks for a batch where only one can: its caller, or the platform."""
    first = actors[0]
    if all(actor == first for actor in actors):
        return first
    return system("payments", cause="group_commit")


def next_check(checks: int, at: datetime) -> datetime | None:
    """Return when to ask again after `checks` asks in vain, or None when it is enough."""
    return at + CHECKS[checks] if checks < len(CHECKS) else None


def in_id_order(found: Iterable[UUID]) -> list[UUID]:
    """Return ids once each, in the order in which rows are locked."""
    return sorted(set(found))
