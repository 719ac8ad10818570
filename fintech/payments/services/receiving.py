"""
What providers tell us of their own accord: verified, kept once, and heard.

The provider's word, what it changes, the books and the facts are one commit. A callback
that is sent again, in another order or late ends in the same state, because every
operation is found by our own reference and agrees with what it knows already.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection
from django_subatomic import db

from fintech.kernel import ids
from fintech.kernel.actor import Actor
from fintech.ledger.errors import PostingRefused
from fintech.payments import data
from fintech.payments.data import Hearing, Operation
from fintech.payments.models import Attempt, Payment
from fintech.payments.providers import registry
from fintech.payments.services import adjusting, canceling, capturing, recording, refunding, rows
from fintech.payments.services.writing import Work

type Found = tuple[Operation, UUID, UUID]  # what it is, its reference, its payment


def receive(
    *,
    provider: str,
    body: bytes,
    headers: Mapping[str, str],
    by: Actor | None = None,
    at: datetime,
) -> data.Received:
    """
    Hear a provider's callback, in one transaction.

    Raises:
        ProviderUnknown: there is no such provider.
        CallbackUnverified: signature, age or form is not the provider's; nothing is kept.
    """
    # A signature's age is real time: a sandbox's clock may stand elsewhere.
    notice = registry.provider(provider).verify_callback(
        body=body, headers=headers, at=datetime.now(UTC)
    )
    actor = by or Actor(kind="provider", id=provider)
    try:
        return _hear(provider, notice, by=actor, at=at, effect=apply)
    except PostingRefused:
        # The books refuse what has happened outside: people decide.
        return _hear(provider, notice, by=actor, at=at, effect=_freeze)


type Effect = Callable[[Payment, Found, data.Answer, Work, datetime], None]


def _hear(
    provider: str, notice: data.Notice, *, by: Actor, at: datetime, effect: Effect
) -> data.Received:
    with db.transaction():
        found = locate(notice.reference, provider=provider)
        outcome = Hearing.HEARD if found else Hearing.UNMATCHED
        # Locked before the first write, so that versions and transactions run alike.
        payment = rows.locked(found[2])[0] if found else None
        if not _keep(provider, notice, outcome, at=at):
            outcome = Hearing.DUPLICATE
        elif payment is not None and found is not None:
            work = Work()
            effect(payment, found, notice.answer, work, at)
            work.write(at=at, by=by)
    return data.Received(
        provider=provider,
        event_id=notice.event_id,
        outcome=outcome,
        payment_id=payment.id if payment else None,
    )


def apply(
    payment: Payment,
    found: Found,
    answer: data.Answer,
    work: Work,
    at: datetime,
) -> None:
    """Move the operation that was found by an answer; needs the payment's lock."""
    operation, reference, _ = found
    if operation == Operation.AUTHORIZATION:
        attempt = Attempt.objects.select_related("payment_method").get(id=reference)
        attempt.payment = payment
        answered = data.Answered(attempt_id=attempt.id, answer=answer, at=at)
        recording.apply(attempt, answered, work)
    elif operation == Operation.CAPTURE:
        capturing.hear(payment, reference, answer, work, at)
    elif operation == Operation.ADJUSTMENT:
        adjusting.hear(payment, reference, answer, work, at)
    elif operation == Operation.VOID:
        canceling.hear(payment, reference, answer, work, at)
    else:
        refunding.hear(payment, reference, answer, work, at)


def _freeze(
    payment: Payment,
    found: Found,
    answer: data.Answer,  # noqa: ARG001 - the same shape as `apply`.
    work: Work,
    at: datetime,
) -> None:
    recording.conflict(payment, found[1], "posting_refused", work, at=at)


def locate(reference: str, *, provider: str) -> Found | None:
    """Return which of our operations a provider's word is about."""
    try:
        wanted = UUID(reference)
    except ValueError:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 'authorization', id, payment_id FROM payments_attempt "
            "WHERE id = %(id)s AND provider = %(provider)s "
            "UNION ALL SELECT 'void', void_id, payment_id FROM payments_attempt "
            "WHERE void_id = %(id)s AND provider = %(provider)s "
            "UNION ALL SELECT 'adjustment', adjust_id, payment_id FROM payments_attempt "
            "WHERE adjust_id = %(id)s AND provider = %(provider)s "
            "UNION ALL SELECT 'capture', reference, payment_id FROM payments_capture "
            "WHERE reference = %(id)s AND provider = %(provider)s AND reference <> attempt_id "
            "UNION ALL SELECT 'refund', id, payment_id FROM payments_refund "
            "WHERE id = %(id)s AND provider = %(provider)s",
            {"id": wanted, "provider": provider},
        )
        row = cursor.fetchone()
    return (Operation(row[0]), row[1], row[2]) if row else None


def _keep(provider: str, notice: data.Notice, outcome: Hearing, *, at: datetime) -> bool:
    """Keep a callback, or return False if the provider's event is known already."""
    amount = notice.answer.amount
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_callback (id, provider, event_id, kind, reference, status, "
            "amount_minor, currency, outcome, occurred_at, received_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (provider, event_id) DO NOTHING RETURNING 1",
            [
                ids.new(),
                provider,
                notice.event_id,
                notice.kind,
                notice.reference,
                str(notice.answer.status),
                amount.minor if amount else None,
                amount.currency if amount else "",
                str(outcome),
                notice.occurred_at,
                at,
            ],
        )
        return cursor.fetchone() is not None
