"""
Asking again: what a crash, a timeout or a lost answer left open is resolved by the clock.

Every operation sets its next time before it is asked for the first time, so a process
that dies between two beats is found here. The reference is always the same: whatever
the provider did under it, it did once. A provider whose circuit is open is left alone,
and what is due there stays due: its schedule is for answers that did not come.
"""

from collections.abc import Callable
from datetime import datetime

from django.db.models import Q

from fintech.kernel.actor import Actor
from fintech.payments import data
from fintech.payments.data import AttemptState, CaptureState, RefundState
from fintech.payments.models import Attempt, Capture, Refund
from fintech.payments.providers import registry
from fintech.payments.services import (
    adjusting,
    beats,
    canceling,
    capturing,
    errands,
    locks,
    recording,
    refunding,
)

_JANITOR = 0x7061_796A  # "payj": the advisory lock of this job.


def resolve_due(*, limit: int = 100, by: Actor, at: datetime) -> int:
    """
    Ask providers about what is due, and return how many operations were asked about.

    One process does so at a time; another that comes meanwhile does nothing.
    """
    with locks.alone(_JANITOR) as first:
        if not first:
            return 0
        return (
            _authorizations(limit, by=by, at=at)
            + _voids(limit, by=by, at=at)
            + _adjustments(limit, by=by, at=at)
            + _captures(limit, by=by, at=at)
            + _refunds(limit, by=by, at=at)
        )


def _authorizations(limit: int, *, by: Actor, at: datetime) -> int:
    """An authorization that never arrived is not sent again: the payer may have gone."""
    due = Attempt.objects.filter(
        _due(at), state__in=[AttemptState.AUTHORIZING, AttemptState.UNKNOWN]
    ).order_by("next_check_at")[:limit]
    heard = [
        (attempt.id, registry.provider(attempt.provider).query(str(attempt.id))) for attempt in due
    ]
    answers = [
        data.Answered(attempt_id=attempt_id, answer=answer, at=at)
        for attempt_id, answer in heard
        if answer.asked
    ]
    # One that the database refuses must not keep the others waiting.
    recording.record_each(answers, by=by)
    return len(answers)


def _voids(limit: int, *, by: Actor, at: datetime) -> int:
    due = (
        Attempt.objects.filter(_due(at), state=AttemptState.AUTHORIZED, void_id__isnull=False)
        .select_related("payment")
        .order_by("next_check_at")[:limit]
    )
    return _again([errands.of_void(attempt) for attempt in due], canceling.hear, by=by, at=at)


def _adjustments(limit: int, *, by: Actor, at: datetime) -> int:
    due = (
        Attempt.objects.filter(_due(at), state=AttemptState.AUTHORIZED, adjust_minor__isnull=False)
        .select_related("payment")
        .order_by("next_check_at")[:limit]
    )
    return _again([errands.of_adjustment(attempt) for attempt in due], adjusting.hear, by=by, at=at)


def _captures(limit: int, *, by: Actor, at: datetime) -> int:
    due = (
        Capture.objects.filter(_due(at), state__in=[CaptureState.SUBMITTED, CaptureState.UNKNOWN])
        .select_related("attempt__payment")
        .order_by("next_check_at")[:limit]
    )
    return _again([errands.of_capture(row) for row in due], capturing.hear, by=by, at=at)


def _refunds(limit: int, *, by: Actor, at: datetime) -> int:
    due = (
        Refund.objects.filter(_due(at), state__in=[RefundState.SUBMITTED, RefundState.UNKNOWN])
        .select_related("attempt__payment", "capture")
        .order_by("next_check_at")[:limit]
    )
    return _again([errands.of_refund(row) for row in due], refunding.hear, by=by, at=at)


def _again(
    due: list[data.Errand],
    hear: Callable[..., beats.Outcome],
    *,
    by: Actor,
    at: datetime,
) -> int:
    asked = 0
    for errand in due:
        answer = errands.ask_again(errand)
        if answer.asked:
            beats.record(errand, answer, hear=hear, by=by, at=at)
            asked += 1
    return asked


def _due(at: datetime) -> Q:
    """Tell what is to be asked about by now, of providers that are not left alone."""
    return Q(next_check_at__lte=at) & ~Q(provider__in=registry.left_alone())
