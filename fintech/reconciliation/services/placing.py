"""
Putting rows into their places: one transaction per chunk, a handful of statements in it.

A chunk gathers where its lines, expectations and batches go, which breaks open and which
end, and what is to be booked; then all of it is committed together, the journal last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django_subatomic import db

from fintech.kernel import event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code, Event
from fintech.ledger import data as ledger_data
from fintech.ledger import services as ledger
from fintech.reconciliation import events
from fintech.reconciliation.data import BreakState, Place, Resolution, Rule
from fintech.reconciliation.matching import Finding
from fintech.reconciliation.models import Break, Run, Statement

CHUNK = 2_000  # Rows per transaction.


class _Line(NamedTuple):
    place: Place
    rule: Rule
    expectation: int | None
    difference: UUID | None


class _Expectation(NamedTuple):
    place: Place
    rule: Rule
    difference: UUID | None


class _Batch(NamedTuple):
    place: Place
    rule: Rule
    bank_line: int | None
    difference: UUID | None
    entry: UUID | None


@dataclass(slots=True)
class Placing:
    """The outcome of one chunk of a run."""

    run: Run
    by: Actor
    at: datetime
    opened: dict[UUID, Break] = field(default_factory=dict)
    resolved: set[UUID] = field(default_factory=set)
    entries: list[ledger_data.JournalEntry] = field(default_factory=list)
    checked: list[int] = field(default_factory=list)  # Statements held against their neighbors.
    _lines: dict[int, _Line] = field(default_factory=dict)
    _expectations: dict[int, _Expectation] = field(default_factory=dict)
    _batches: dict[UUID, _Batch] = field(default_factory=dict)

    def line(
        self,
        line_id: int,
        place: Place,
        rule: Rule = Rule.NONE,
        *,
        expectation: int | None = None,
        difference: UUID | None = None,
    ) -> None:
        """Put a line in its place."""
        self._lines[line_id] = _Line(place, rule, expectation, difference)

    def expectation(
        self,
        expectation_id: int,
        place: Place,
        rule: Rule = Rule.NONE,
        *,
        difference: UUID | None = None,
    ) -> None:
        """Put an expectation in its place."""
        self._expectations[expectation_id] = _Expectation(place, rule, difference)

    def batch(
        self,
        batch_id: UUID,
        place: Place,
        rule: Rule = Rule.NONE,
        *,
        bank_line: int | None = None,
        difference: UUID | None = None,
        entry: UUID | None = None,
    ) -> None:
        """Put a batch in its place."""
        self._batches[batch_id] = _Batch(place, rule, bank_line, difference, entry)

    def open(self, finding: Finding, *, leg: int, reference: str = "", batch: str = "") -> UUID:
        """Open a break, and return its id for the rows that belong to it."""
        row = Break(
            id=ids.new(),
            run=self.run,
            source=self.run.source,
            leg=leg,
            kind=finding.kind,
            currency=finding.currency,
            amount_minor=finding.amount_minor,
            ours_minor=finding.ours_minor,
            theirs_minor=finding.theirs_minor,
            reference=reference,
            batch=batch,
            opened_at=self.at,
        )
        self.opened[row.id] = row
        return row.id

    def resolve(self, break_id: UUID | None) -> None:
        """End a break that a late file has explained; one that nobody has seen yet is dropped."""
        if break_id is not None and self.opened.pop(break_id, None) is None:
            self.resolved.add(break_id)

    def write(self) -> None:
        """Commit the chunk."""
        with db.transaction():
            facts = [_opened(row, at=self.at) for row in self.opened.values()]
            Break.objects.bulk_create(self.opened.values())
            self._write_rows()
            facts += self._resolve()
            event_log.append(facts, by=self.by)
            if self.entries:
                ledger.post(self.entries, by=self.by)

    def _write_rows(self) -> None:
        with connection.cursor() as cursor:
            if self._lines:
                cursor.execute(
                    "UPDATE reconciliation_line t SET place = u.place, rule = u.rule, run_id = %s, "
                    "expectation_id = u.expectation, difference_id = u.difference "
                    "FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::uuid[]) "
                    "AS u(id, place, rule, expectation, difference) WHERE t.id = u.id",
                    [self.run.id, *_columns(self._lines)],
                )
            if self._expectations:
                cursor.execute(
                    "UPDATE reconciliation_expectation t SET place = u.place, rule = u.rule, "
                    "run_id = %s, difference_id = u.difference "
                    "FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::uuid[]) "
                    "AS u(id, place, rule, difference) WHERE t.id = u.id",
                    [self.run.id, *_columns(self._expectations)],
                )
            if self._batches:
                cursor.execute(
                    "UPDATE reconciliation_batch t SET place = u.place, rule = u.rule, "
                    "run_id = %s, bank_line_id = u.bank_line, difference_id = u.difference, "
                    "entry_id = u.entry "
                    "FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bigint[], %s::uuid[], "
                    "%s::uuid[]) AS u(id, place, rule, bank_line, difference, entry) "
                    "WHERE t.id = u.id",
                    [self.run.id, *_columns(self._batches)],
                )

        if self.checked:
            Statement.objects.filter(id__in=self.checked).update(checked_in=self.run)

    def _resolve(self) -> list[Event]:
        if not self.resolved:
            return []
        rows = Break.objects.select_for_update().filter(
            id__in=sorted(self.resolved), state=BreakState.OPEN
        )
        return [
            end_break(row, resolution=Resolution.LATE_FILE, run=self.run, note="", at=self.at)
            for row in rows.order_by("id")
        ]


def end_break(
    row: Break, *, resolution: Resolution, run: Run | None, note: str, at: datetime
) -> events.BreakResolved:
    """Resolve a locked break, and return the fact."""
    row.state, row.resolution, row.resolved_at = BreakState.RESOLVED, resolution, at
    row.resolved_by, row.note = run, note
    row.version += 1
    row.save()
    return events.BreakResolved(
        break_id=row.id,
        run_id=None if run is None else run.id,
        source=Code(row.source),
        kind=Code(row.kind),
        amount_minor=row.amount_minor,
        currency=Code(row.currency),
        resolution=Code(resolution),
        version=row.version,
        at=at,
    )


def _opened(row: Break, *, at: datetime) -> Event:
    return events.BreakOpened(
        break_id=row.id,
        run_id=row.run_id,
        source=Code(row.source),
        kind=Code(row.kind),
        amount_minor=row.amount_minor,
        currency=Code(row.currency),
        version=row.version,
        at=at,
    )


def _columns(rows: Mapping[Any, Sequence[object]]) -> list[list[object]]:
    """Turn rows into one array per column; enum members travel as their text."""
    table = [(key, *row) for key, row in rows.items()]
    return [
        [str(cell) if isinstance(cell, Place | Rule) else cell for cell in column]
        for column in zip(*table, strict=True)
    ]
