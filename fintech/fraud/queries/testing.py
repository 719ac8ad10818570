"""The time machine: what rules, lists, bands or a model would have done with past payments."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from fintech.fraud import data
from fintech.fraud.data import Decision
from fintech.fraud.queries import modeling
from fintech.fraud.rules import Written, combined, listed_reasons, read
from fintech.fraud.serving import Served
from fintech.kernel import invariants
from fintech.kernel.money import Money

_CHUNK = 5_000
_FOLLOW = {"clamp", "advisory", "explored", "challenge_unavailable"}  # They follow from the others.
_OF_A_MODEL = {"model_base", "model", "model_rest"}
_STOPS = {Decision.REVIEW, Decision.BLOCK}
_LIST_CODES = {"list_block", "list_review", "list_allow"}
_WHO = "ARRAY[a.card_fingerprint, a.customer_id::text, a.email_hash, a.ip_hash, a.card_country]"
_KINDS = ("card", "customer", "email", "ip", "country")  # In the same order.
# What people or banks said later; fraud said once is fraud.
_STORED = """
SELECT a.id, a.features, a.reasons, a.decision, a.currency, a.amount_minor, {who},
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
    released_fraud: Counter[str] = field(default_factory=Counter)
    released_good: Counter[str] = field(default_factory=Counter)
    fraud_stopped_then: int = 0
    fraud_stopped: int = 0
    good_stopped_then: int = 0
    good_stopped: int = 0


@dataclass(slots=True, frozen=True)
class _Tried:
    """What is tried: rules on top, list items on top, a model and bands in place of others."""

    rules: Sequence[Written]
    lists: Mapping[tuple[str, str], str]
    bands: tuple[int, int, int] | None


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
    lists: Sequence[data.ListDraft] = (),
    model_id: UUID | None = None,
    bands: tuple[int, int, int] | None = None,
    since: datetime,
    until: datetime,
    merchant_id: UUID | None = None,
) -> data.BackTest:
    """
    Try rules, lists, a model and bands together, beside what was live.

    Args:
        drafts: rules that come on top of what was live; they see what is tried on lists.
        lists: what comes on top of the lists; rules that were live do not see it.
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
    tried = _Tried(
        rules=rules,
        lists={(str(one.kind), one.value): str(one.action) for one in lists},
        bands=bands,
    )
    tally = _Tally()
    with invariants.snapshot():
        for chunk in _stored(since, until, merchant_id, with_subjects=bool(lists)):
            points = _points(model, chunk)
            for stored, given in zip(chunk, points, strict=True):
                _try(tried, stored, given, tally)
    return data.BackTest(
        assessments=tally.assessments,
        hits=tally.hits,
        changed=tuple((was, now, count) for (was, now), count in sorted(tally.changed.items())),
        fraud=tally.fraud,
        fraud_hit=tally.fraud_hit,
        good=tally.good,
        good_hit=tally.good_hit,
        stopped=_by_currency(tally.stopped_fraud, tally.stopped_good),
        released=_by_currency(tally.released_fraud, tally.released_good),
        fraud_stopped_then=tally.fraud_stopped_then,
        fraud_stopped=tally.fraud_stopped,
        good_stopped_then=tally.good_stopped_then,
        good_stopped=tally.good_stopped,
    )


def _by_currency(fraud: Counter[str], good: Counter[str]) -> tuple[tuple[Money, Money], ...]:
    return tuple(
        (Money(fraud[code], code), Money(good[code], code))
        for code in sorted(fraud.keys() | good.keys())
    )


@dataclass(frozen=True, slots=True)
class _Stored:
    features: data.Features
    reasons: tuple[data.Reason, ...]
    decision: Decision
    amount: Money
    fraud: bool
    good: bool
    subjects: Sequence[str | None] | None  # By kind of list; None: nobody asks.


def _stored(
    since: datetime, until: datetime, merchant_id: UUID | None, *, with_subjects: bool
) -> Iterator[list[_Stored]]:
    statement = _STORED.format(who=_WHO if with_subjects else "NULL")
    last = UUID(int=0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, [since, until, merchant_id, merchant_id, last, _CHUNK])
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
                subjects=subjects,
            )
            for _, features, reasons, decision, currency, minor, subjects, fraud, good in rows
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


def _try(tried: _Tried, stored: _Stored, model: data.Reason | None, tally: _Tally) -> None:
    tally.assessments += 1
    tally.fraud += stored.fraud
    tally.good += stored.good
    listed = _listed(tried, stored)
    features = replace(stored.features, listed=listed) if listed else stored.features
    hits = [hit for rule in tried.rules if (hit := rule.reason(features)) is not None]
    if hits or listed:
        tally.hits += 1
        tally.fraud_hit += stored.fraud
        tally.good_hit += stored.good
    now = stored.decision
    if hits or listed or model is not None or tried.bands is not None:
        reasons = [*stored.reasons, *hits]
        if model is not None:
            reasons = [reason for reason in reasons if reason.code not in _OF_A_MODEL]
            reasons.append(model)
        if listed:
            reasons = [reason for reason in reasons if reason.code not in _LIST_CODES]
            reasons += listed_reasons(features)
        if tried.bands is not None:
            features = replace(features, bands=tried.bands[::-1])
        now = combined(reasons, (), features).decision
    _count(stored, now, tally)


def _count(stored: _Stored, now: Decision, tally: _Tally) -> None:
    stopped_then, stopped = stored.decision in _STOPS, now in _STOPS
    tally.fraud_stopped_then += stored.fraud and stopped_then
    tally.fraud_stopped += stored.fraud and stopped
    tally.good_stopped_then += stored.good and stopped_then
    tally.good_stopped += stored.good and stopped
    if now == stored.decision:
        return
    tally.changed[stored.decision, now] += 1
    if stopped == stopped_then:
        return
    code, minor = stored.amount.currency, stored.amount.minor
    if stopped:
        tally.stopped_fraud[code] += minor if stored.fraud else 0
        tally.stopped_good[code] += minor if stored.good else 0
    else:
        tally.released_fraud[code] += minor if stored.fraud else 0
        tally.released_good[code] += minor if stored.good else 0


def _listed(tried: _Tried, stored: _Stored) -> tuple[str, ...]:
    """Return what a payment would be listed as, if the lists that are tried change that."""
    if stored.subjects is None:
        return ()
    more = {
        f"{kind}:{tried.lists[kind, value]}"
        for kind, value in zip(_KINDS, stored.subjects, strict=True)
        if value and (kind, value) in tried.lists
    }
    was = set(stored.features.listed)
    return () if more <= was else tuple(sorted(was | more))


def _json(stored: Any) -> Any:
    return orjson.loads(stored) if isinstance(stored, str | bytes) else stored
