"""What the clock does with fraud."""

import time
from datetime import timedelta

import structlog
from celery import shared_task

from fintech.fraud import errors
from fintech.fraud import services as fraud
from fintech.fraud.counters import Away
from fintech.kernel import clock
from fintech.kernel.actor import system

_QUIET_SECONDS = 60.0
_told_away = -_QUIET_SECONDS
_LEARNED_FROM = timedelta(days=365)
_log = structlog.get_logger(__name__)


@shared_task
def reassess_degraded() -> int:
    """Decide again what was decided without knowing all."""
    return fraud.reassess_degraded(by=system("fraud"), at=clock.now())


@shared_task
def wake_rules() -> int:
    """Let rules whose snooze is over do again what their state says."""
    return fraud.wake_due_rules(by=system("fraud"), at=clock.now())


@shared_task
def keep_counters() -> int:
    """Fill the counters in Valkey again if they were lost, once it is there to be filled."""
    try:
        return fraud.keep_online()
    except Away as away:
        global _told_away  # noqa: PLW0603 - of this process.
        if time.monotonic() - _told_away >= _QUIET_SECONDS:
            _told_away = time.monotonic()
            _log.warning("fraud_counters_away", why=str(away))
        return 0


@shared_task
def watch() -> int:
    """Raise what is out of the ordinary; return how much that is."""
    return len(fraud.watch(by=system("fraud"), at=clock.now()))


@shared_task
def train_nightly() -> str:
    """Train on what is known by now; a candidate waits for people, whatever its gates say."""
    at = clock.now()
    try:
        made = fraud.train_on_payments(
            since=at - _LEARNED_FROM, until=at, by=system("training"), at=at
        )
    except errors.NothingToLearn as nothing:
        _log.info("fraud_nothing_to_learn", why=nothing.message)
        return ""
    return str(made.id)
