"""
Settlement files that are fetched from processors, through their adapters and circuits.

Each business day of each processor is asked for until its file was had: by the clock, once
an hour. A processor that does not answer is left alone until the next hour, and its days
wait; the file that comes late closes what was missed meanwhile.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import F, Min
from django_subatomic import db

from fintech.kernel.actor import Actor
from fintech.payments import data as payments_data
from fintech.payments import queries as providers
from fintech.payments import services as payments
from fintech.reconciliation import errors
from fintech.reconciliation.data import SOURCES, DownloadOutcome, Place
from fintech.reconciliation.models import Download, Expectation
from fintech.reconciliation.services import expecting, locks
from fintech.reconciliation.services.importing import import_file

_log = structlog.get_logger(__name__)
_KNOWN_FOR = timedelta(days=31)  # A currency that was not asked for so long is forgotten.


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """How many files came, how many were refused, and which processors did not answer."""

    fetched: int = 0
    refused: int = 0
    unanswered: tuple[str, ...] = ()


def download(*, by: Actor, at: datetime) -> Downloaded:
    """
    Fetch and import what processors have settled on the last business days.

    A file that was had is not asked for again, so calling it often is cheap. One process
    does so at a time; another that comes meanwhile does nothing.

    Args:
        at: the business time; the day it is in is not over and not asked for.
    """
    with locks.held("reconciliation download") as alone:
        if not alone:
            return Downloaded()
        expecting.read()
        outcomes, unanswered = [], []
        for provider in providers.providers_that_settle():
            if provider not in SOURCES:
                continue  # Nobody has said to which account it pays.
            for on, currency in _due(provider, today=at.date()):
                outcome = _fetch(provider, on, currency, by=by, at=at)
                if outcome == DownloadOutcome.UNANSWERED:
                    unanswered.append(provider)
                    break
                outcomes.append(outcome)
        return Downloaded(
            fetched=outcomes.count(DownloadOutcome.FETCHED),
            refused=outcomes.count(DownloadOutcome.REFUSED),
            unanswered=tuple(unanswered),
        )


def _due(provider: str, *, today: date) -> Iterator[tuple[date, str]]:
    """List the days and currencies whose file was not had yet, oldest first."""
    begin = today - timedelta(days=settings.RECONCILIATION_FETCH_DAYS)
    expected = Expectation.objects.filter(provider=provider, place=Place.OPEN)
    asked = Download.objects.filter(provider=provider, on__gte=today - _KNOWN_FOR)
    currencies = sorted(
        {
            *expected.order_by().values_list("currency", flat=True).distinct(),
            *asked.order_by().values_list("currency", flat=True).distinct(),
        }
    )
    # Where nobody answered for longer, all days since then are asked for.
    unanswered = asked.filter(outcome=DownloadOutcome.UNANSWERED).aggregate(first=Min("on"))
    begin = min(begin, unanswered["first"] or begin)
    done = set(
        asked.filter(outcome=DownloadOutcome.FETCHED, on__gte=begin).values_list("on", "currency")
    )
    day = begin
    while day < today:
        yield from ((day, currency) for currency in currencies if (day, currency) not in done)
        day += timedelta(days=1)


def _fetch(provider: str, on: date, currency: str, *, by: Actor, at: datetime) -> DownloadOutcome:
    told = payments.settlement_file(provider=provider, on=on, currency=currency)
    file_id = None
    if told.status == payments_data.AnswerStatus.SUCCEEDED:
        name = f"{provider} {on} {currency}"
        try:
            file_id = import_file(content=told.content, name=name, source=provider, by=by, at=at).id
            outcome = DownloadOutcome.FETCHED
        except errors.FileRejected as refused:
            _log.warning("reconciliation.file_refused", name=name, reason=str(refused))
            outcome = DownloadOutcome.REFUSED
        except errors.ImportInProgress:
            outcome = DownloadOutcome.NONE_YET  # Somebody brings this very file.
    elif told.status == payments_data.AnswerStatus.ABSENT:
        outcome = DownloadOutcome.NONE_YET
    else:
        outcome = DownloadOutcome.UNANSWERED
    with db.transaction():
        Download.objects.update_or_create(
            provider=provider,
            on=on,
            currency=currency,
            defaults={
                "outcome": outcome,
                "asked": F("asked") + int(told.asked),
                "asked_at": at,
                "file_id": file_id,
            },
            create_defaults={
                "outcome": outcome,
                "asked": int(told.asked),
                "asked_at": at,
                "file_id": file_id,
            },
        )
    return outcome
