"""The nightly comparison. Called often; the database says what is due."""

from pathlib import Path

import structlog
from celery import shared_task
from django.conf import settings

from fintech.kernel import actor, clock
from fintech.reconciliation import queries, services
from fintech.reconciliation.data import SOURCES
from fintech.reconciliation.errors import RunInProgress

log = structlog.get_logger(__name__)


@shared_task
def run_nightly() -> None:
    """
    Fetch what was sent, and compare every source once per business day.

    A lost message costs an hour, not a night. A night that was missed is an alarm.
    """
    at = clock.now()
    if settings.RECONCILIATION_INBOX:
        _fetch(Path(settings.RECONCILIATION_INBOX))
    try:
        _download()
    except Exception:
        # What did not come is told as missing; what is there is compared all the same.
        log.exception("reconciliation.download_failed")
    for source in SOURCES:
        if queries.has_run_on(source, at.date()):
            continue
        try:
            ended = services.run(source=source, by=actor.system("run_nightly"), at=at)
        except RunInProgress:
            continue
        except Exception:
            # The others are compared all the same; this one is tried again, and told as missed.
            log.exception("reconciliation.run_failed", source=source)
            continue
        log.info(
            "reconciliation.run_ended",
            source=source,
            run_id=str(ended.id),
            state=ended.state,
            open_breaks=ended.open_breaks,
        )
        for day in queries.days_of_run(ended.id):
            services.watch(source=source, on=day, at=at)
    for job in queries.jobs(at=at):
        if job.missed:
            log.error(
                "reconciliation.run_missed",
                source=job.source,
                last_completed_at=str(job.last_completed_at),
            )


def _fetch(folder: Path) -> None:
    fetched = services.fetch(folder=folder, by=actor.system("run_nightly"), at=clock.now())
    for name, reason in fetched.refused:
        log.warning("reconciliation.file_refused", name=name, reason=reason)
    if fetched.imported:
        log.info("reconciliation.files_fetched", count=len(fetched.imported))


def _download() -> None:
    had = services.download(by=actor.system("run_nightly"), at=clock.now())
    for provider in had.unanswered:
        log.warning("reconciliation.provider_did_not_answer", provider=provider)
    if had.fetched or had.refused:
        log.info("reconciliation.files_downloaded", count=had.fetched, refused=had.refused)
