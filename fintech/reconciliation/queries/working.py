"""What people work with: how old breaks are, what they might be, what is claimed, what ran."""

import csv
import io
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from fintech.kernel.money import Money
from fintech.reconciliation import data, errors, matching
from fintech.reconciliation.data import (
    SOURCES,
    BreakKind,
    BreakState,
    DownloadOutcome,
    Place,
    RunState,
    Witness,
)
from fintech.reconciliation.matching import Candidate
from fintech.reconciliation.models import Anomaly, Break, Download, Expectation, Line, Run

_AGES = ((1, "0-1"), (3, "2-3"), (7, "4-7"))
_LATE = timedelta(hours=30)  # A nightly run that is this long ago was missed once.
_LOOKED_AT = 2_000
_MONTH = timedelta(days=31)
_NOT_HAD = (DownloadOutcome.UNANSWERED, DownloadOutcome.REFUSED)


def ageing(*, today: date, source: str | None = None) -> list[data.Age]:
    """Count open breaks by how old they are, and add up what they are off by."""
    rows = Break.objects.filter(state=BreakState.OPEN)
    if source is not None:
        rows = rows.filter(source=source)
    sums: dict[tuple[str, str], list[int]] = {}
    for opened_at, currency, minor in rows.values_list("opened_at", "currency", "amount_minor"):
        days = (today - opened_at.date()).days
        bucket = next((name for most, name in _AGES if days <= most), "8+")
        part = sums.setdefault((bucket, currency), [0, 0])
        part[0] += 1
        part[1] += abs(minor)
    return [
        data.Age(days=days, currency=currency, count=count, minor=minor)
        for (days, currency), (count, minor) in sorted(sums.items())
    ]


def suggestions(break_id: UUID, *, limit: int = 5) -> list[data.Suggestion]:
    """
    Rank what the missing side of a break might be, best first. Nothing is taken.

    Raises:
        BreakNotFound: there is none.
    """
    row = Break.objects.filter(id=break_id).first()
    if row is None:
        raise errors.BreakNotFound(break_id)
    wanted = {
        BreakKind.MISSING_IN_LEDGER: BreakKind.MISSING_IN_PROCESSOR,
        BreakKind.MISSING_IN_PROCESSOR: BreakKind.MISSING_IN_LEDGER,
        BreakKind.UNIDENTIFIED_CREDIT: BreakKind.MISSING_IN_BANK,
        BreakKind.MISSING_IN_BANK: BreakKind.UNIDENTIFIED_CREDIT,
    }.get(BreakKind(row.kind))
    if wanted is None:
        return []
    others = Break.objects.filter(
        state=BreakState.OPEN, source=row.source, kind=wanted, currency=row.currency
    ).exclude(id=row.id)[:_LOOKED_AT]
    known = {str(one.id): one for one in others}
    ranked = matching.ranked(_as_candidate(row), [_as_candidate(one) for one in known.values()])
    return [
        data.Suggestion(
            points=points,
            break_id=known[str(found.id)].id,
            reference=found.reference,
            amount=Money(found.minor, found.currency),
            on=found.on,
        )
        for points, found in ranked[:limit]
    ]


def _as_candidate(row: Break) -> Candidate:
    """See a break as the amount it is about, and the day its row is of."""
    minor = row.theirs_minor if row.theirs_minor is not None else row.ours_minor
    line = Line.objects.filter(difference=row).values_list("booked_on", flat=True).first()
    if line is None:
        at = (
            Expectation.objects.filter(difference=row).values_list("occurred_at", flat=True).first()
        )
        line = at.date() if at else row.opened_at.date()
    return Candidate(
        id=str(row.id),
        currency=row.currency,
        minor=minor or 0,
        on=line,
        reference=row.reference or row.batch,
    )


def claim_file(*, source: str, break_ids: list[UUID] | None = None) -> bytes:
    """Write the file with which a processor is asked for what it owes: one row per break."""
    rows = Break.objects.filter(source=source, leg__lt=3)
    rows = (
        rows.filter(state=BreakState.OPEN) if break_ids is None else rows.filter(id__in=break_ids)
    )
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(
        ("claim", "kind", "reference", "batch", "currency", "expected", "reported", "difference")
    )
    for row in rows.order_by("opened_at", "id"):
        writer.writerow(
            (
                row.id,
                row.kind,
                _plain(row.reference),
                _plain(row.batch),
                row.currency,
                _units(row.ours_minor, row.currency),
                _units(row.theirs_minor, row.currency),
                _units(row.amount_minor, row.currency),
            )
        )
    return text.getvalue().encode()


def _plain(text: str) -> str:
    """No spreadsheet shall take a reference for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _units(minor: int | None, currency: str) -> str:
    return "" if minor is None else str(Money(minor, currency).decimal())


def jobs(*, at: datetime) -> list[data.Job]:
    """Say for each source what ran last, what runs now and how far, and what was missed."""
    told = []
    for source in SOURCES:
        rows = Run.objects.filter(source=source)
        last = rows.filter(state__in=[RunState.COMPLETED, RunState.COMPLETED_WITH_BREAKS]).first()
        running = rows.filter(state__in=[RunState.PENDING, RunState.RUNNING]).first()
        counted = dict(
            Line.objects.filter(source=source, witness=Witness.PROCESSOR)
            .order_by()
            .values_list("place")
            .annotate(count=Count("id"))
        ) if running else {}  # fmt: skip
        ended = None if last is None else last.ended_at
        told.append(
            data.Job(
                source=source,
                last_completed_at=ended,
                last_state="" if last is None else last.state,
                running=running is not None,
                placed=sum(n for place, n in counted.items() if place != Place.OPEN),
                waiting=counted.get(Place.OPEN, 0),
                missed=ended is None or at - ended > _LATE,
                open_breaks=Break.objects.filter(source=source, state=BreakState.OPEN).count(),
            )
        )
    return told


def files_missing(*, at: datetime) -> dict[str, int]:
    """
    Count, by processor, the files of days that are over for a day and that we could not have.

    A processor that says that it has none is not counted. Those of a month ago are forgotten.
    """
    today = at.date()
    over = Download.objects.filter(on__gte=today - _MONTH, on__lt=today - timedelta(days=1))
    rows = (
        over.order_by()
        .values_list("provider")
        .annotate(missing=Count("id", filter=Q(outcome__in=_NOT_HAD)))
    )
    return dict(rows)


def anomalies(*, source: str | None = None, limit: int = 50) -> list[data.Anomaly]:
    """List days that were far from what is usual, newest first."""
    rows = Anomaly.objects.filter(source=source) if source else Anomaly.objects.all()
    return [row.as_data() for row in rows[:limit]]
