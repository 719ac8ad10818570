"""
The work on a clock, and the hint that there is some.

Tasks carry no content: each looks in the database for what is due, so a broker that is
wiped, or a task that runs twice, changes nothing.
"""

import structlog
from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from fintech.kernel import clock, ids
from fintech.notifications import services

_log = structlog.get_logger(__name__)


@shared_task
def deliver_due() -> int:
    """Send what is due, unless others are at it."""
    return services.deliver_due(clock.now(), runs=settings.DELIVERY_RUNS)


@shared_task
def deliver(delivery: str) -> bool:
    """Send one message at once, by its public id."""
    return services.deliver(ids.parse("wd", delivery), at=clock.now())


def wake() -> None:
    """Say that there is something to deliver. The clock's own run comes if nobody hears."""
    if services.is_under_way():
        return  # Whoever is at it looks again before and after they stop.
    try:
        deliver_due.apply_async(retry=False, expires=5)
    except (OperationalError, OSError) as away:
        _log.info("deliveries.hint_lost", error=type(away).__name__)
