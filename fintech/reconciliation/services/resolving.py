"""Resolving a break: a person says what becomes of it, and why."""

from datetime import datetime
from uuid import UUID

from django_subatomic import db

from fintech.kernel import event_log
from fintech.kernel.actor import Actor
from fintech.reconciliation import data, errors
from fintech.reconciliation.data import BreakState, Place, Resolution, Rule, Witness
from fintech.reconciliation.models import Batch, Break, Expectation, Line
from fintech.reconciliation.services import locks
from fintech.reconciliation.services.placing import end_break

_RULES = {
    Resolution.FORCE_MATCH: Rule.FORCED,
    Resolution.VOID: Rule.VOID,
    Resolution.CLAIM_AT_PROCESSOR: Rule.CLAIM_AT_PROCESSOR,
}


def resolve(
    *, break_id: UUID, resolution: Resolution, note: str, by: Actor, at: datetime
) -> data.Break:
    """
    End a break by a person's decision. Its rows leave the comparison; nothing is booked.

    Args:
        resolution: `FORCE_MATCH` joins one line and one expectation that differ; `VOID`
            needs no counterpart; `CLAIM_AT_PROCESSOR` was asked for outside.
        note: why; kept with the break.

    Raises:
        NoteMissing, BreakNotFound, BreakAlreadyResolved: nothing was changed.
        ResolutionImpossible: the break does not have what the resolution needs.
        RunInProgress: the source is being compared right now.
    """
    if not note.strip():
        raise errors.NoteMissing
    found = Break.objects.filter(id=break_id).first()
    if found is None:
        raise errors.BreakNotFound(break_id)
    with locks.held(locks.source(found.source)) as alone:
        if not alone:
            raise errors.RunInProgress(source=found.source)
        with db.transaction():
            row = Break.objects.select_for_update().get(id=break_id)
            if row.state == BreakState.RESOLVED:
                raise errors.BreakAlreadyResolved(break_id, resolution=row.resolution)
            if resolution not in _RULES:
                raise errors.ResolutionImpossible(kind=row.kind, resolution=resolution)
            if resolution == Resolution.FORCE_MATCH:
                _force(row)
            else:
                for model in (Line, Expectation, Batch):
                    model.objects.filter(difference=row, place=Place.BROKEN).update(
                        place=Place.IGNORED, rule=_RULES[resolution]
                    )
            fact = end_break(row, resolution=resolution, run=None, note=note.strip(), at=at)
            event_log.append([fact], by=by)
    return row.as_data()


def _force(row: Break) -> None:
    """Join the one line and the one expectation of a break; what differs stays told by it."""
    lines = Line.objects.filter(difference=row, place=Place.BROKEN, witness=Witness.PROCESSOR)
    expectations = Expectation.objects.filter(difference=row, place=Place.BROKEN)
    if lines.count() != 1 or expectations.count() != 1:
        raise errors.ResolutionImpossible(kind=row.kind, resolution=Resolution.FORCE_MATCH)
    expectation = expectations.get()
    lines.update(place=Place.MATCHED, rule=Rule.FORCED, expectation=expectation)
    expectations.update(place=Place.MATCHED, rule=Rule.FORCED)
