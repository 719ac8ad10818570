"""Resolving a break: a person says what becomes of it, and why."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django_subatomic import db

from fintech.kernel import approvals, event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.ledger import services as ledger
from fintech.reconciliation import data, errors, events
from fintech.reconciliation.data import (
    BreakKind,
    BreakState,
    Place,
    Resolution,
    Rule,
    Witness,
)
from fintech.reconciliation.models import Batch, Break, Expectation, Line
from fintech.reconciliation.services import locks, proposing
from fintech.reconciliation.services.placing import end_break

APPROVAL = "reconciliation.adjust"
_RULES = {
    Resolution.FORCE_MATCH: Rule.FORCED,
    Resolution.VOID: Rule.VOID,
    Resolution.CLAIM_AT_PROCESSOR: Rule.CLAIM_AT_PROCESSOR,
    Resolution.MARK_RECEIVED: Rule.RECEIVED,
    Resolution.LINK: Rule.LINKED,
    Resolution.POST_ADJUSTMENT: Rule.ADJUSTED,
}


def resolve(
    *,
    break_id: UUID,
    resolution: Resolution,
    note: str,
    by: Actor,
    at: datetime,
    other_id: UUID | None = None,
) -> data.Break:
    """
    End a break by a person's decision; its rows leave the comparison.

    Args:
        resolution: `FORCE_MATCH` joins one line and one expectation that differ; `LINK` joins
            what this break and `other_id` miss of each other, or accepts a split; `VOID` needs
            no counterpart; `MARK_RECEIVED` has come another way; `CLAIM_AT_PROCESSOR` was asked
            for outside; `POST_ADJUSTMENT` books what `proposal` shows, above an amount only
            when a second person approves.
        note: why; kept with the break.

    Raises:
        NoteMissing, BreakNotFound, BreakAlreadyResolved: nothing was changed.
        ResolutionImpossible: the break does not have what the resolution needs.
        RunInProgress: the source is being compared right now.
    """
    if not note.strip():
        raise errors.NoteMissing
    if resolution not in _RULES:
        raise errors.ResolutionImpossible(kind=_found(break_id).kind, resolution=resolution)
    if resolution == Resolution.POST_ADJUSTMENT and proposing.needs_approval(_found(break_id)):
        return _propose(break_id, note=note, by=by, at=at)

    def work(row: Break) -> None:
        if resolution == Resolution.FORCE_MATCH:
            _force(row)
        elif resolution == Resolution.LINK:
            _link(row, other_id, note=note, by=by, at=at)
        elif resolution == Resolution.POST_ADJUSTMENT:
            _adjust(row, by=by, at=at)
        else:
            _leave(row, _RULES[resolution])

    return _ended(break_id, resolution, work, note=note, by=by, at=at)


def approved(
    payload: Mapping[str, Any], *, version_seen: int, by: Actor, at: datetime
) -> data.Break:
    """
    Post the adjustment that one person proposed and another has approved.

    Runs in the transaction of the approval.

    Raises:
        BreakAlreadyResolved: it was resolved meanwhile, or has changed since it was proposed.
    """
    row = Break.objects.select_for_update().get(id=UUID(payload["break_id"]))
    if row.state == BreakState.RESOLVED or row.version != version_seen:
        raise errors.BreakAlreadyResolved(row.id, resolution=row.resolution or "changed")
    _adjust(row, by=by, at=at)
    _end(row, Resolution.POST_ADJUSTMENT, note=payload["note"], by=by, at=at)
    return row.as_data()


def assign(*, break_id: UUID, to: UUID | None, by: Actor, at: datetime) -> data.Break:
    """Give a break to a person, or to nobody."""
    return _noted(break_id, by=by, at=at, assigned_to=to)


def wait(*, break_id: UUID, until: date, note: str, by: Actor, at: datetime) -> data.Break:
    """
    Say that a break will explain itself; it stays open and is shown again after a day.

    Raises:
        NoteMissing: there is no reason.
    """
    if not note.strip():
        raise errors.NoteMissing
    return _noted(break_id, by=by, at=at, wait_until=until, note=note.strip())


def _noted(break_id: UUID, *, by: Actor, at: datetime, **fields: object) -> data.Break:
    with db.transaction():
        row = Break.objects.select_for_update().filter(id=break_id).first()
        if row is None:
            raise errors.BreakNotFound(break_id)
        if row.state == BreakState.RESOLVED:
            raise errors.BreakAlreadyResolved(break_id, resolution=row.resolution)
        for name, value in fields.items():
            setattr(row, name, value)
        row.version += 1
        row.save()
        event_log.append(
            [
                events.BreakNoted(
                    break_id=row.id,
                    run_id=row.run_id,
                    source=Code(row.source),
                    kind=Code(row.kind),
                    amount_minor=row.amount_minor,
                    currency=Code(row.currency),
                    version=row.version,
                    at=at,
                )
            ],
            by=by,
        )
        return row.as_data()


def _found(break_id: UUID) -> Break:
    row = Break.objects.filter(id=break_id).first()
    if row is None:
        raise errors.BreakNotFound(break_id)
    return row


def _ended(
    break_id: UUID,
    resolution: Resolution,
    work: Callable[[Break], None],
    *,
    note: str,
    by: Actor,
    at: datetime,
) -> data.Break:
    found = _found(break_id)
    with locks.held(locks.source(found.source)) as alone:
        if not alone:
            raise errors.RunInProgress(source=found.source)
        with db.transaction():
            row = Break.objects.select_for_update().get(id=break_id)
            if row.state == BreakState.RESOLVED:
                raise errors.BreakAlreadyResolved(break_id, resolution=row.resolution)
            work(row)
            _end(row, resolution, note=note, by=by, at=at)
    return row.as_data()


def _end(row: Break, resolution: Resolution, *, note: str, by: Actor, at: datetime) -> None:
    row.decided_kind, row.decided_by = by.kind, by.id[:100]
    fact = end_break(row, resolution=resolution, run=None, note=note.strip(), at=at)
    event_log.append([fact], by=by)


def _leave(row: Break, rule: Rule) -> None:
    for model in (Line, Expectation, Batch):
        model.objects.filter(difference=row, place=Place.BROKEN).update(
            place=Place.IGNORED, rule=rule
        )


def _adjust(row: Break, *, by: Actor, at: datetime) -> None:
    """Post the proposed entry; in leg 2 the batch is settled by the entry that came."""
    entry, _ = proposing.made(row, entry_id=ids.new(), at=at)
    batch = Batch.objects.filter(difference=row, place=Place.BROKEN).first()
    line = Line.objects.filter(difference=row, place=Place.BROKEN, witness=Witness.BANK).first()
    if batch is not None and line is not None:
        Line.objects.filter(id=line.id).update(place=Place.MATCHED, rule=Rule.ADJUSTED)
        Batch.objects.filter(id=batch.id).update(
            place=Place.MATCHED, rule=Rule.ADJUSTED, bank_line=line, entry_id=entry.id
        )
    elif row.kind in {BreakKind.FEE_VARIANCE, BreakKind.AMOUNT_OVER, BreakKind.AMOUNT_UNDER}:
        _force(row, rule=Rule.ADJUSTED)
    else:
        _leave(row, Rule.ADJUSTED)
    row.entry_id = entry.id
    ledger.post([entry], by=by)


def _propose(break_id: UUID, *, note: str, by: Actor, at: datetime) -> data.Break:
    """Store the adjustment for a second person; the break stays open and says so."""
    with db.transaction():
        row = Break.objects.select_for_update().get(id=break_id)
        if row.state == BreakState.RESOLVED:
            raise errors.BreakAlreadyResolved(break_id, resolution=row.resolution)
        proposing.made(row, entry_id=ids.new(), at=at)  # It must be possible at all.
        row.approval_id = approvals.propose(
            kind=APPROVAL,
            payload={
                "break_id": str(row.id),
                "amount_minor": row.amount_minor,
                "currency": row.currency,
                "note": note.strip(),
            },
            version_seen=row.version,
            by=by,
            at=at,
        )
        row.save(update_fields=["approval_id"])
    return row.as_data()


def _force(row: Break, *, rule: Rule = Rule.FORCED) -> None:
    """Join the one line and the one expectation of a break; what differs stays told by it."""
    lines = Line.objects.filter(difference=row, place=Place.BROKEN, witness=Witness.PROCESSOR)
    expectations = Expectation.objects.filter(difference=row, place=Place.BROKEN)
    if lines.count() != 1 or expectations.count() != 1:
        raise errors.ResolutionImpossible(kind=row.kind, resolution=Resolution.FORCE_MATCH)
    expectation = expectations.get()
    lines.update(place=Place.MATCHED, rule=rule, expectation=expectation)
    expectations.update(place=Place.MATCHED, rule=rule)


def _link(row: Break, other_id: UUID | None, *, note: str, by: Actor, at: datetime) -> None:
    """Join a line and an expectation that two breaks miss of each other, or accept a split."""
    other = None
    if other_id is not None:
        other = Break.objects.select_for_update().filter(id=other_id, source=row.source).first()
        if other is None or other.id == row.id:
            raise errors.BreakNotFound(other_id)
        if other.state == BreakState.RESOLVED:
            raise errors.BreakAlreadyResolved(other_id, resolution=other.resolution)
    both = [row] if other is None else [row, other]
    lines = list(
        Line.objects.filter(
            difference__in=both, place=Place.BROKEN, witness=Witness.PROCESSOR
        ).order_by("-gross_minor", "id")
    )
    expectations = list(
        Expectation.objects.filter(difference__in=both, place=Place.BROKEN).order_by("id")
    )
    same = {line.currency for line in lines} == {one.currency for one in expectations}
    total = sum(line.gross_minor for line in lines)
    if (
        not lines or len(expectations) != 1 or not same
        or total != sum(one.amount_minor for one in expectations)
    ):  # fmt: skip
        raise errors.ResolutionImpossible(kind=row.kind, resolution=Resolution.LINK)
    first, *rest = lines
    Line.objects.filter(id=first.id).update(
        place=Place.MATCHED, rule=Rule.LINKED, expectation=expectations[0]
    )
    # An expectation is answered by one line; the others are told as parts of it.
    Line.objects.filter(id__in=[line.id for line in rest]).update(
        place=Place.IGNORED, rule=Rule.LINKED
    )
    Expectation.objects.filter(id=expectations[0].id).update(place=Place.MATCHED, rule=Rule.LINKED)
    if other is not None:
        _end(other, Resolution.LINK, note=note, by=by, at=at)
