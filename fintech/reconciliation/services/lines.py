"""Leg 1: a processor's lines against what the ledger expects, a chunk at a time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from django.db import connection
from django.db.models import Q

from fintech.reconciliation import matching
from fintech.reconciliation.data import SOURCES, BreakKind, BreakState, Place, Rule, Witness
from fintech.reconciliation.matching import Ours, Theirs
from fintech.reconciliation.models import Break, Expectation, Line
from fintech.reconciliation.services import rates
from fintech.reconciliation.services.placing import CHUNK, Placing

type _Key = tuple[str, str]

# A later file may still put these right.
_CORRECTABLE = frozenset(
    {
        BreakKind.AMOUNT_OVER,
        BreakKind.AMOUNT_UNDER,
        BreakKind.FEE_VARIANCE,
        BreakKind.CURRENCY,
        BreakKind.DIRECTION,
        BreakKind.FX_VARIANCE,
        BreakKind.STATUS,
        BreakKind.SPLIT,
    }
)


def explained_since(placing: Placing) -> list[int]:
    """List lines that nobody expected when they came, and that are expected now."""
    run = placing.run
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.id FROM reconciliation_line l "
            "JOIN reconciliation_break b ON b.id = l.difference_id "
            "AND b.kind = %s AND b.state = %s "
            "JOIN reconciliation_expectation e ON e.provider = l.source AND e.kind = l.kind "
            "AND e.reference = l.reference AND e.place = %s AND e.position <= %s "
            "WHERE l.source = %s AND l.witness = %s AND l.place = %s "
            "GROUP BY l.id ORDER BY l.id",
            [
                BreakKind.MISSING_IN_LEDGER,
                BreakState.OPEN,
                Place.OPEN,
                run.journal_position,
                run.source,
                Witness.PROCESSOR,
                Place.BROKEN,
            ],
        )
        return [line_id for (line_id,) in cursor.fetchall()]


def next_open(placing: Placing, after: int) -> list[Line]:
    """List the next open lines of the source, in the order in which they came."""
    return list(
        Line.objects.filter(
            source=placing.run.source,
            witness=Witness.PROCESSOR,
            place=Place.OPEN,
            id__gt=after,
            file__sequence__lte=placing.run.import_sequence,
        ).order_by("id")[:CHUNK]
    )


def place(rows: Sequence[Line], placing: Placing, *, final: bool) -> None:
    """
    Judge lines one after the other; each sees what became of those before it.

    Unless it is `final`, a line that nobody expects stays open: something else than its
    reference may still tell what it is.
    """
    known = _Known(rows, placing)
    rate = rates.stored()
    for row in rows:
        key = (row.kind, row.reference)
        line = _theirs(row)
        earlier = known.earlier[key]
        if not line.reference:  # Without a name only the very same row is the same.
            earlier = [other for other in earlier if line.tells_the_same_as(other)]
        verdict = matching.judge_line(
            line,
            expected=known.expected[key],
            earlier=earlier,
            contested=known.contested[key],
            source=SOURCES[placing.run.source],
            rate=rate,
        )
        ours, finding = verdict.ours, verdict.finding
        if finding and finding.kind is BreakKind.MISSING_IN_LEDGER and not final:
            continue
        opened = None
        if finding is not None:
            opened = placing.open(finding, leg=1, reference=line.reference, batch=line.batch)
        for one in verdict.joined:
            placing.resolve(one.break_id)
            placing.line(one.id, Place.BROKEN, difference=opened)
            known.earlier[key].remove(one)
            known.earlier[key].append(replace(one, break_id=opened, correctable=True))
        for other in verdict.also:
            placing.expectation(other.id, verdict.place, difference=opened)
            placing.resolve(other.break_id)
            known.take(key, replace(other, break_id=opened))
        if ours is not None:
            placing.expectation(ours.id, verdict.place, verdict.rule, difference=opened)
            placing.resolve(ours.break_id)
            known.take(key, replace(ours, break_id=opened))
        if verdict.superseded is not None:
            placing.line(verdict.superseded.id, Place.IGNORED, Rule.SUPERSEDED)
            known.earlier[key].remove(verdict.superseded)
        placing.resolve(line.break_id)
        placing.line(
            line.id,
            verdict.place,
            verdict.rule,
            expectation=ours.id if ours is not None and finding is None else None,
            difference=opened,
        )
        if verdict.place is not Place.IGNORED:
            known.earlier[key].append(
                replace(line, break_id=opened, correctable=opened is not None and ours is not None)
            )


def place_overdue(placing: Placing, *, today: date) -> int:
    """Open a break for expectations that should have been seen by now; tell how many."""
    run = placing.run
    overdue = Expectation.objects.filter(
        provider=run.source,
        place=Place.OPEN,
        position__lte=run.journal_position,
        due_on__lt=today,
    ).order_by("due_on", "id")[:CHUNK]
    for row in overdue:
        finding = matching.ours_only(BreakKind.MISSING_IN_PROCESSOR, row.currency, row.amount_minor)
        opened = placing.open(finding, leg=1, reference=row.reference)
        placing.expectation(row.id, Place.BROKEN, difference=opened)
    return len(overdue)


class _Known:
    """What a chunk's lines are judged against, by kind and reference."""

    def __init__(self, rows: Sequence[Line], placing: Placing) -> None:
        self.expected: defaultdict[_Key, list[Ours]] = defaultdict(list)
        self.earlier: defaultdict[_Key, list[Theirs]] = defaultdict(list)
        self.contested: defaultdict[_Key, list[Ours]] = defaultdict(list)
        references = sorted({row.reference for row in rows})
        self._expectations(references, placing)
        self._lines(references, rows, placing)

    def take(self, key: _Key, ours: Ours) -> None:
        """Take an expectation out of the question; in a break it stays contested."""
        for group in (self.expected, self.contested):
            group[key] = [other for other in group[key] if other.id != ours.id]
        if ours.break_id is not None:
            self.contested[key].append(ours)

    def _expectations(self, references: Iterable[str], placing: Placing) -> None:
        missed = Q(
            place=Place.BROKEN,
            difference__kind=BreakKind.MISSING_IN_PROCESSOR,
            difference__state=BreakState.OPEN,
        )
        for row in Expectation.objects.filter(
            Q(place=Place.OPEN) | missed,
            provider=placing.run.source,
            reference__in=references,
            position__lte=placing.run.journal_position,
        ).order_by("id"):
            self.expected[row.kind, row.reference].append(_ours(row))

    def _lines(self, references: Iterable[str], rows: Sequence[Line], placing: Placing) -> None:
        """
        Find lines that were placed before those of this chunk.

        A line that comes back because it is expected now had its neighbors judged after
        it; for it only a line that took the expectation counts.
        """
        returning = {row.difference_id for row in rows if row.place == Place.BROKEN}
        placed = (Place.MATCHED,) if returning else (Place.MATCHED, Place.BROKEN)
        found = list(
            Line.objects.filter(
                source=placing.run.source,
                witness=Witness.PROCESSOR,
                reference__in=references,
                place__in=placed,
            )
            .exclude(id__in=[row.id for row in rows])
            .select_related("settlement", "difference")
            .order_by("id")
        )
        for row in found:
            self.earlier[row.kind, row.reference].append(_theirs(row))
        breaks = {row.difference_id for row in found if _is_correctable(row)}
        for held in Expectation.objects.filter(difference__in=breaks, place=Place.BROKEN):
            self.contested[held.kind, held.reference].append(_ours(held))


def _is_correctable(row: Line) -> bool:
    found: Break | None = row.difference
    paid = row.settlement is not None and row.settlement.place == Place.MATCHED
    return found is not None and found.kind in _CORRECTABLE and not paid


def _ours(row: Expectation) -> Ours:
    return Ours(
        id=row.id,
        currency=row.currency,
        amount_minor=row.amount_minor,
        fee_minor=row.fee_minor,
        break_id=row.difference_id,
    )


def _theirs(row: Line) -> Theirs:
    return Theirs(
        id=row.id,
        file=row.file_id,
        kind=row.kind,
        reference=row.reference,
        currency=row.currency,
        gross_minor=row.gross_minor,
        fee_minor=row.fee_minor,
        net_minor=row.net_minor,
        batch=row.batch,
        status=row.status,
        on=row.booked_on or row.value_on,
        original_currency=row.original_currency,
        original_minor=row.original_minor,
        break_id=row.difference_id,
        correctable=row.place == Place.BROKEN and _is_correctable(row),
    )
