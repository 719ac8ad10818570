"""Answers of providers, locked, recorded and committed, in batches."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from django.db import DatabaseError
from django_subatomic import db

from fintech.kernel import columns
from fintech.kernel.actor import Actor
from fintech.kernel.columns import Column
from fintech.ledger.errors import PostingRefused
from fintech.payments import data, errors
from fintech.payments.models import Attempt
from fintech.payments.services import contended, rows
from fintech.payments.services.recording.ending import conflict
from fintech.payments.services.recording.hearing import apply, settle
from fintech.payments.services.writing import Work


def record(answers: Sequence[data.Answered], *, by: Actor) -> list[data.Payment]:
    """
    Record what providers said about authorizations. Commits.

    Payments come back in the order of `answers`. Automatic captures are booked in the
    same commit. A batch that the database refuses is recorded again one by one.

    Raises:
        AttemptNotFound: an answer names an attempt that does not exist.
        DatabaseError: one was refused; the others are recorded.
    """
    recorded = record_each(answers, by=by)
    for payment in recorded:
        if isinstance(payment, Exception):
            raise payment
    return [payment for payment in recorded if not isinstance(payment, Exception)]


def record_each(
    answers: Sequence[data.Answered], *, by: Actor, tried: int = 0
) -> list[data.Payment | DatabaseError]:
    """
    Record as `record` does, with what the database refused in its place of the list.

    One that lost to others `tried` times is recorded again: see `contended`.
    """
    if not answers:
        return []
    try:
        with db.transaction_if_not_already(), columns.pipelined():
            return list(record_inside(answers, by=by))
    except PostingRefused:
        if len(answers) == 1:
            return [_freeze(replace(answers[0], known=None), by=by)]
    except DatabaseError as failure:
        if len(answers) == 1:
            if not contended.goes_again(failure, tried):
                return [failure]
            tried += 1
    # What was refused is taken back, but not from rows in memory: they are read again.
    afresh = [replace(answer, known=None) for answer in answers]
    return [payment for answer in afresh for payment in record_each([answer], by=by, tried=tried)]


def _freeze(answered: data.Answered, *, by: Actor) -> data.Payment:
    """Give people a payment whose money has moved outside while our books refuse it."""
    with db.transaction_if_not_already():
        attempt = lock_attempts([answered])[answered.attempt_id]
        work = Work()
        conflict(attempt.payment, attempt.id, "posting_refused", work, at=answered.at)
        attempt.next_check_at = answered.at + rows.CHECKS[-1]
        settle(attempt, work)
        work.touch(attempt)
        work.write(at=answered.at, by=answered.by or by)
    return rows.value(attempt.payment, attempt)


def record_inside(answers: Sequence[data.Answered], *, by: Actor) -> list[data.Payment]:
    """Record in the caller's transaction; what the database or the books refuse is his."""
    attempts = lock_attempts(answers)
    work = Work()
    for answered in answers:
        apply(attempts[answered.attempt_id], answered, work)
        told = len(work.facts) - len(work.actors)
        work.actors.extend([answered.by or by] * told)
    recorded = [
        rows.value(attempts[answered.attempt_id].payment, attempts[answered.attempt_id])
        for answered in answers
    ]
    work.write(at=answers[0].at, by=rows.voice([answered.by or by for answered in answers]))
    return recorded


_LOCK = """
SELECT a.id, p.version FROM payments_attempt a JOIN payments_payment p ON p.id = a.payment_id
WHERE a.id = ANY(%b) ORDER BY a.payment_id, a.id FOR UPDATE OF p, a
"""


def lock_attempts(answers: Sequence[data.Answered]) -> dict[UUID, Attempt]:
    """
    Lock attempts and their payments, in the order of the payments' ids.

    The payment's row is locked before the attempt's (PostgreSQL goes by the order of
    `OF`), because everything that belongs to a payment changes under its lock. Nothing
    changes without raising the payment's version, so rows that an answer brings along
    are those stored if the version is; others are read.
    """
    wanted = rows.in_id_order(answered.attempt_id for answered in answers)
    with columns.cursor() as cursor:
        cursor.execute(_LOCK, [Column("uuid", wanted)])
        versions = dict(cursor.fetchall())
    found = {
        answered.attempt_id: answered.known
        for answered in answers
        if answered.known is not None
        and answered.known.payment.version == versions.get(answered.attempt_id)
    }
    missing = [attempt_id for attempt_id in wanted if attempt_id not in found]
    if missing:
        stored = Attempt.objects.select_related("payment__payment_method", "payment_method")
        found |= {attempt.id: attempt for attempt in stored.filter(id__in=missing)}
    for attempt_id in wanted:
        if attempt_id not in found:
            raise errors.AttemptNotFound(attempt_id)
    return found
