"""
A run: read what is expected, compare, and account for every row.

The lock of the source is held for the whole run; each chunk commits by itself. What is
placed stays placed, so a run that died is taken up by the next one where it stopped, and
a run without anything new changes nothing.
"""

from datetime import datetime

from django.db.models import Count, Max, Q
from django_subatomic import db

from fintech.kernel import event_log
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.reconciliation import data, errors, events
from fintech.reconciliation.data import SOURCES, BreakState, ImportState, Place, RunState, Witness
from fintech.reconciliation.models import Batch, Break, Expectation, Import, Line, Run
from fintech.reconciliation.services import (
    balances,
    batches,
    exact,
    expecting,
    forming,
    lines,
    locks,
    outgoing,
    totals,
    unnamed,
)
from fintech.reconciliation.services.placing import CHUNK, Placing

_ENDED = (RunState.COMPLETED, RunState.COMPLETED_WITH_BREAKS)


def run(*, source: str, by: Actor, at: datetime) -> data.Run:
    """
    Compare what the ledger expects of a processor with its reports, and those with the bank.

    Rows that are explained are matched for good, and a matched batch is booked as money in
    the bank (E5). What differs becomes a break. A break whose missing side has come since
    is resolved.

    Args:
        source: the processor's name.
        at: the business time; what is due later is waited for.

    Raises:
        SourceUnknown: no such processor is reconciled.
        RunInProgress: another run of this source has not ended.
    """
    if source not in SOURCES:
        raise errors.SourceUnknown(source)
    with locks.held(locks.source(source)) as alone:
        if not alone:
            raise errors.RunInProgress(source=source)
        _end_interrupted(source, by=by, at=at)
        row = Run.objects.create(source=source, started_at=at, actor_kind=by.kind, actor_id=by.id)
        try:
            return _compare(row, by=by, at=at)
        except BaseException as failure:
            _fail(row, type(failure).__name__, by=by, at=at)
            raise


def preview(*, source: str) -> dict[tuple[str, str], tuple[int, int]]:
    """
    Add up what a run would begin with, per witness and currency: rows and minor units.

    Nothing is written; what the journal has gained since the last run is not counted.

    Raises:
        SourceUnknown: no such processor is reconciled.
    """
    if source not in SOURCES:
        raise errors.SourceUnknown(source)
    newest = Import.objects.filter(state=ImportState.IMPORTED).aggregate(last=Max("sequence"))
    known = Expectation.objects.filter(provider=source).aggregate(last=Max("position"))
    would = Run(
        source=source,
        import_sequence=newest["last"] or 0,
        journal_position=known["last"] or 0,
    )
    return {key: (sums.count, sums.minor) for key, sums in totals.measure(would, *Witness).items()}


def _compare(row: Run, *, by: Actor, at: datetime) -> data.Run:
    row.journal_position = expecting.read()
    newest = Import.objects.filter(state=ImportState.IMPORTED).aggregate(last=Max("sequence"))
    row.import_sequence = newest["last"] or 0
    row.state = RunState.RUNNING
    row.save()

    begun = totals.measure(row, Witness.LEDGER, Witness.PROCESSOR, Witness.BANK)
    _match_lines(row, by=by, at=at)
    forming.form(row)
    begun |= totals.measure(row, Witness.BATCH)
    _match_outgoing(row, by=by, at=at)
    _match_batches(row, by=by, at=at)
    balances.check(Placing(row, by, at))
    return _complete(row, begun, by=by, at=at)


def _match_lines(row: Run, *, by: Actor, at: datetime) -> None:
    placing = Placing(row, by, at)
    returning = lines.explained_since(placing)
    for start in range(0, len(returning), CHUNK):
        chunk = Line.objects.filter(id__in=returning[start : start + CHUNK]).order_by("id")
        placing = Placing(row, by, at)
        lines.place(list(chunk), placing, final=True)
        placing.write()
    seen: int | None = 0
    while seen is not None:
        seen = exact.match(row, seen)
    _judge_lines(row, by=by, at=at, final=False)
    placing = Placing(row, by, at)
    if unnamed.place(placing):
        placing.write()
    _judge_lines(row, by=by, at=at, final=True)
    while True:
        placing = Placing(row, by, at)
        if not lines.place_overdue(placing, today=at.date()):
            break
        placing.write()


def _judge_lines(row: Run, *, by: Actor, at: datetime, final: bool) -> None:
    placing, last = Placing(row, by, at), 0
    while found := lines.next_open(placing, last):
        placing = Placing(row, by, at)
        lines.place(found, placing, final=final)
        placing.write()
        last = found[-1].id


def _match_outgoing(row: Run, *, by: Actor, at: datetime) -> None:
    last = 0
    while found := outgoing.next_waiting(row, last):
        placing = Placing(row, by, at)
        outgoing.place(found, placing, today=at.date())
        placing.write()
        last = found[-1].id
    while True:
        placing = Placing(row, by, at)
        if not outgoing.place_repeated(placing):
            break
        placing.write()


def _match_batches(row: Run, *, by: Actor, at: datetime) -> None:
    last = None
    while found := batches.next_waiting(row, last):
        placing = Placing(row, by, at)
        batches.place(found, placing, today=at.date())
        placing.write()
        last = found[-1].id
    placing = Placing(row, by, at)
    if batches.place_unnamed(placing):
        placing.write()
    while True:
        placing = Placing(row, by, at)
        if not batches.place_rest(placing):
            break
        placing.write()


def _complete(row: Run, begun: totals.Measured, *, by: Actor, at: datetime) -> data.Run:
    with db.transaction():
        stored = totals.store(row, begun)
        counted = Break.objects.filter(source=row.source).aggregate(
            opened=Count("id", filter=Q(run=row)),
            resolved=Count("id", filter=Q(resolved_by=row)),
            still_open=Count("id", filter=Q(state=BreakState.OPEN)),
        )
        row.matched = sum(
            model.objects.filter(run=row, place=Place.MATCHED).count()
            for model in (Expectation, Line, Batch)
        )
        row.opened, row.resolved = counted["opened"], counted["resolved"]
        row.open_breaks = counted["still_open"]
        row.state = _ENDED[bool(row.open_breaks)]
        row.ended_at = at
        row.version += 1
        row.save()
        event_log.append(
            [
                events.RunCompleted(
                    run_id=row.id,
                    source=Code(row.source),
                    state=Code(row.state),
                    matched=row.matched,
                    opened=row.opened,
                    resolved=row.resolved,
                    open_breaks=row.open_breaks,
                    version=row.version,
                    at=at,
                )
            ],
            by=by,
        )
    return row.as_data(tuple(total.as_data() for total in stored))


def _end_interrupted(source: str, *, by: Actor, at: datetime) -> None:
    """Close a run that died: we hold its lock, so it is not running any more."""
    for dead in Run.objects.filter(source=source, state__in=[RunState.PENDING, RunState.RUNNING]):
        _fail(dead, "interrupted", by=by, at=at)


def _fail(row: Run, reason: str, *, by: Actor, at: datetime) -> None:
    with db.transaction():
        row.state, row.error, row.ended_at = RunState.FAILED, reason[:500], at
        row.version += 1
        row.save()
        event_log.append(
            [events.RunFailed(run_id=row.id, source=Code(row.source), version=row.version, at=at)],
            by=by,
        )
