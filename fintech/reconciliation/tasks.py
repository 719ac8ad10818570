"""The nightly comparison. Called often; the database says what is due."""

import structlog
from celery import shared_task

from fintech.kernel import actor, clock
from fintech.reconciliation import queries, services
from fintech.reconciliation.data import SOURCES
from fintech.reconciliation.errors import RunInProgress

log = structlog.get_logger(__name__)


@shared_task
def run_nightly() -> None:
    """Compare every source once per business day; a lost message costs an hour, not a night."""
    at = clock.now()
    for source in SOURCES:
        if queries.has_run_on(source, at.date()):
            continue
        try:
            ended = services.run(source=source, by=actor.system("run_nightly"), at=at)
        except RunInProgress:
            continue
        log.info(
            "reconciliation.run_ended",
            source=source,
            run_id=str(ended.id),
            state=ended.state,
            open_breaks=ended.open_breaks,
        )
