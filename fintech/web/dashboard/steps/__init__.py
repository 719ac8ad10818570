"""
The timeline of a payment in words.

What the read model holds is joined with the reasons of the risk decision, the lines of
the journal, and the webhooks that were sent.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from fintech.fraud.data import Assessment
from fintech.web import charts, fold, formats
from fintech.web.dashboard.steps import booked
from fintech.web.dashboard.steps.drawn import JournalLine, ReasonBar, Step
from fintech.web.dashboard.steps.leading import links_of, without_request
from fintech.web.dashboard.steps.messages import of_deliveries
from fintech.web.dashboard.steps.telling import DECLINES, KINDS, SILENT, TOLD
from fintech.web.data import Item

__all__ = [
    "DECLINES",
    "KINDS",
    "JournalLine",
    "ReasonBar",
    "Step",
    "in_order",
    "of_deliveries",
    "of_items",
]

_WHO = {
    "api_key": "through the API",
    "user": "in the dashboard",
    "staff": "by our staff",
    "payer": "by the payer",
    "provider": "by the acquirer",
    "system": "by the platform",
}


def of_items(items: Iterable[Item], assessments: dict[UUID, Assessment]) -> list[Step]:
    """Return a step per timeline item that says something to people."""
    steps = []
    for item in items:
        step = booked.step_of(item) if item.source == fold.JOURNAL else _fact(item, assessments)
        if step is not None:
            steps.append(step)
    return steps


def in_order(steps: Sequence[Step]) -> list[Step]:
    """Return steps in the order they happened, each with the time since the one before."""
    ordered = sorted(steps, key=lambda step: (step.recorded_at, step.order))
    timed = []
    before: Step | None = None
    who, asked = "", ""
    for _, together in itertools.groupby(ordered, key=lambda step: step.group or id(step)):
        step = _together(list(together))
        if step.by:
            step, who = replace(step, by="" if step.by == who else step.by), step.by
        if step.request_id:  # Where several steps come of one request it is named once.
            if step.request_id == asked:
                step = replace(step, links=without_request(step.links))
            asked = step.request_id
        timed.append(_with_gap(step, before))
        before = step
    return timed


def _together(steps: Sequence[Step]) -> Step:
    """Draw messages that went the same way one after the other as one step."""
    first = steps[0]
    if len(steps) == 1:
        return first
    told = ", ".join(step.lines[0] for step in steps)
    return replace(
        first,
        title=f"{len(steps)} webhooks{first.title.removeprefix('Webhook')}",
        lines=(told, *first.lines[1:]),
    )


def _with_gap(step: Step, before: Step | None) -> Step:
    if before is None:
        return step
    # Steps of one request share its business instant; the real clock tells them apart.
    gap = step.at - before.at
    if gap < timedelta(seconds=1):
        gap = step.recorded_at - before.recorded_at
    gap = max(gap, timedelta())
    text = formats.after(gap) if gap >= timedelta(milliseconds=1) else ""
    return replace(step, gap=text)


def _fact(item: Item, assessments: dict[UUID, Assessment]) -> Step | None:
    told = TOLD.get(item.kind)
    if told is None:
        return None
    tone, icon, title, lines = told(item.data)
    reasons: tuple[ReasonBar, ...] = ()
    if item.kind == "payment_assessed":
        reasons = _reasons(assessments.get(UUID(item.data["assessment_id"])))
    return Step(
        tone=tone,
        icon=icon,
        title=title,
        lines=tuple(line for line in lines if line),
        at=item.occurred_at,
        recorded_at=item.recorded_at,
        by=_WHO.get(item.by, "") if item.kind not in SILENT else "",
        reasons=reasons,
        links=links_of(item),
        request_id=item.request_id,
        order=(0, item.position),
    )


def _reasons(assessment: Assessment | None) -> tuple[ReasonBar, ...]:
    if assessment is None:
        return ()
    largest = max((abs(reason.weight) for reason in assessment.reasons), default=0)
    return tuple(
        ReasonBar(
            points=f"+{reason.weight}" if reason.weight >= 0 else f"−{-reason.weight}",
            sentence=str(reason),
            share=charts.share(reason.weight, largest),
        )
        for reason in assessment.reasons
    )
