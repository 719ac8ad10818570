"""The time machine: what a rule would have done with payments decided without it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from fintech.fraud import data
from fintech.fraud.data import Decision
from fintech.fraud.queries import modeling
from fintech.fraud.rules import Written, combined, read
from fintech.fraud.serving import Served
from fintech.kernel import invariants
from fintech.kernel.money import Money

_CHUNK = 5_000
_FOLLOW = {"clamp", "advisory", "explored", "challenge_unavailable"}  # They follow from the others.
_OF_A_MODEL = {"model_base", "model", "model_rest"}
_STOPS = {Decision.REVIEW, Decision.BLOCK}
# What people or banks said later; fraud said once is fraud.
_STORED = """
SELECT a.id, a.features, a.reasons, a.decision, a.currency, a.amount_minor,
  EXISTS (SELECT 1 FROM fraud_outcome o
          WHERE o.assessment_id = a.id AND o.kind IN ('fraud', 'disputed')) AS fraud,
  EXISTS (SELECT 1 FROM fraud_outcome o
          WHERE o.assessment_id = a.id AND o.kind = 'legitimate') AS good
FROM fraud_assessment a
WHERE a.created_at >= %s AND a.created_at < %s AND (%s::uuid IS NULL OR a.merchant_id = %s)
  AND a.id > %s
ORDER BY a.id LIMIT %s
"""


@dataclass(slots=True)
class _Tally:
    assessments: int = 0
    hits: int = 0
    fraud: int = 0
    fraud_hit: int = 0
    good: int = 0
    good_hit: int = 0
    changed: Counter[tuple[Decision, Decision]] = field(default_factory=Counter)
    stopped_fraud: Counter[str] = field(default_factory=Counter)
    stopped_good: Counter[str] = field(default_factory=Counter)


def back_test(
    *,
    condition: str,
    points: int = 0,
    decision: str = "",
    since: datetime,
    until: datetime,
    merchant_id: UUID | None = None,
) -> data.BackTest:
    """
    Try a rule on the stored snapshots of a time, in one read-only view of them.

    A payment counts as fraud if anybody said so later, as good if a person did; the
    others are decided, but not labeled.

    Raises:
        RuleUnreadable: the condition is none, and where.
    """
    draft = data.Draft(condition=condition, points=points, decision=decision)
    return back_test_all(drafts=[draft], since=since, until=until, merchant_id=merchant_id)


def back_test_all(
    *,
    drafts: Sequence[data.Draft] = (),
    model_id: UUID | None = None,
    bands: tuple[int, int, int] | None = None,
    since: datetime,
    until: datetime,
    merchant_id: UUID | None = None,
) -> data.BackTest:
    """
    Try rules, a model and bands together, beside what was live.

    Args:
        drafts: rules that come on top of what was live.
        model_id: decides in place of the champion of then.
        bands: from which score on: challenge, review, block; None: those of then.
        since: the first moment of the time that is tried.
        until: the moment after the last.
        merchant_id: whose payments; None: everybody's.

    Raises:
        RuleUnreadable: a condition is none, and where.
        ModelNotFound: there is no such model.
        ModelUnusable: its files cannot be read.
    """
    rules = [
        Written(
            name=f"draft_{number}",
            number=0,
            merchant_id=None,
            condition=read(draft.condition),
            points=draft.points,
            decision=Decision(draft.decision) if draft.decision else None,
        )
        for number, draft in enumerate(drafts)
    ]
    model = None if model_id is None else modeling.served(model_id)
    tally = _Tally()
    with invariants.snapshot():
        for chunk in _stored(since, until, merchant_id):
            points = _points(model, chunk)
            for stored, given in zip(chunk, points, strict=True):
                _try(rules, stored, given, bands, tally)
    currencies = sorted(tally.stopped_fraud.keys() | tally.stopped_good.keys())
    return data.BackTest(
        assessments=tally.assessments,
        hits=tally.hits,
        changed=tuple((was, now, count) for (was, now), count in sorted(tally.changed.items())),
        fraud=tally.fraud,
        fraud_hit=tally.fraud_hit,
        good=tally.good,
        good_hit=tally.good_hit,
        stopped=tuple(
            (Money(tally.stopped_fraud[code], code), Money(tally.stopped_good[code], code))
            for code in currencies
        ),
    )


@dataclass(frozen=True, slots=True)
class _Stored:
    features: data.Features
    reasons: tuple[data.Reason, ...]
    decision: Decision
    amount: Money
    fraud: bool
    good: bool


def _stored(since: datetime, until: datetime, merchant_id: UUID | None) -> Iterator[list[_Stored]]:
    last = UUID(int=0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_STORED, [since, until, merchant_id, merchant_id, last, _CHUNK])
            rows = cursor.fetchall()
        yield [
            _Stored(
                features=data.Features.restored(_json(features)),
                reasons=tuple(
                    data.Reason.restored(reason)
                    for reason in _json(reasons)
                    if reason["code"] not in _FOLLOW
                ),
                decision=Decision(decision),
                amount=Money(minor, currency),
                fraud=fraud,
                good=good and not fraud,
            )
            for _, features, reasons, decision, currency, minor, fraud, good in rows
        ]
        if len(rows) < _CHUNK:
            return
        last = rows[-1][0]


def _points(model: Served | None, chunk: Sequence[_Stored]) -> list[data.Reason | None]:
    """Return what a model gives to many snapshots at once."""
    if model is None or not chunk:
        return [None] * len(chunk)
    shares = model.shares([stored.features for stored in chunk])
    return [data.Reason("model", model.points(share)) for share in shares]


def _try(
    rules: Sequence[Written],
    stored: _Stored,
    model: data.Reason | None,
    bands: tuple[int, int, int] | None,
    tally: _Tally,
) -> None:
    tally.assessments += 1
    tally.fraud += stored.fraud
    tally.good += stored.good
    hits = [hit for rule in rules if (hit := rule.reason(stored.features)) is not None]
    tally.hits += bool(hits)
    if not hits and model is None and bands is None:
        return
    if hits:
        tally.fraud_hit += stored.fraud
        tally.good_hit += stored.good
    reasons = [*stored.reasons, *hits]
    if model is not None:
        reasons = [reason for reason in reasons if reason.code not in _OF_A_MODEL]
        reasons.append(model)
    features = stored.features
    if bands is not None:
        features = replace(features, bands=bands[::-1])
    now = combined(reasons, (), features).decision
    if now == stored.decision:
        return
    tally.changed[stored.decision, now] += 1
    if now in _STOPS and stored.decision not in _STOPS:
        amount = stored.amount
        tally.stopped_fraud[amount.currency] += amount.minor if stored.fraud else 0
        tally.stopped_good[amount.currency] += amount.minor if stored.good else 0


def _json(stored: Any) -> Any:
    return orjson.loads(stored) if isinstance(stored, str | bytes) else stored
