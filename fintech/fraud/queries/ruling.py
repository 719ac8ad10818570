"""Written rules: those that are there, and those that were live when something was decided."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from uuid import UUID

from fintech.fraud import data, errors
from fintech.fraud.models import Rule, Ruleset, RuleVersion, VelocityLimit
from fintech.fraud.queries import modeling, reading
from fintech.fraud.rules import Written, judge, read

_SETS_REMEMBERED = 64


def rule(rule_id: UUID, *, merchant_id: UUID | None = None) -> data.Rule:
    """
    Return a rule in its newest version.

    Raises:
        RuleNotFound: there is none, or it is not the merchant's own.
    """
    rows = Rule.objects.filter(id=rule_id)
    if merchant_id is not None:
        rows = rows.filter(merchant_id=merchant_id)
    found = rows.first()
    if found is None:
        raise errors.RuleNotFound(rule_id)
    return found.as_data(RuleVersion.objects.get(rule=found, number=found.number))


def rules(merchant_id: UUID | None = None, *, state: str | None = None) -> list[data.Rule]:
    """Return rules in their newest versions, newest first; None: what holds for everybody."""
    rows = Rule.objects.filter(merchant_id=merchant_id).order_by("-id")
    if state is not None:
        rows = rows.filter(state=state)
    texts = {
        (text.rule_id, text.number): text for text in RuleVersion.objects.filter(rule__in=rows)
    }
    return [row.as_data(texts[row.id, row.number]) for row in rows]


def written(ruleset: str, merchant_id: UUID) -> list[Written]:
    """Return the rules of a set that hold for a merchant, ready to be evaluated."""
    return [
        each
        for each in _of_set(ruleset)
        if each.merchant_id is None or each.merchant_id == merchant_id
    ]


def decided_again(assessment_id: UUID) -> data.Judgment:
    """Decide from the stored snapshot: today's code, the features and written rules of then."""
    made = reading.assessment(assessment_id)
    counted = [reason for reason in made.reasons if reason.code == "velocity_limit"]
    return decided(made.features, made.merchant_id, counted)


def decided(
    features: data.Features, merchant_id: UUID, counted: Sequence[data.Reason] = ()
) -> data.Judgment:
    """Decide a snapshot with the models and written rules that it names."""
    (said, watched), *_ = modeling.said([features])
    judged = judge(features, written(features.ruleset, merchant_id), [*counted, *said])
    return replace(judged, shadow=(*judged.shadow, *watched)) if watched else judged


def velocity_limit(limit_id: UUID, *, merchant_id: UUID | None = None) -> data.VelocityLimit:
    """
    Return a velocity limit, removed or not.

    Raises:
        VelocityLimitNotFound: there is none, or it is not the merchant's own.
    """
    rows = VelocityLimit.objects.filter(id=limit_id)
    if merchant_id is not None:
        rows = rows.filter(merchant_id=merchant_id)
    found = rows.first()
    if found is None:
        raise errors.VelocityLimitNotFound(limit_id)
    return found.as_data()


def velocity_limits(
    merchant_id: UUID | None = None, *, active: bool | None = True
) -> list[data.VelocityLimit]:
    """Return velocity limits, newest first; None: those that hold for everybody."""
    rows = VelocityLimit.objects.filter(merchant_id=merchant_id).order_by("-id")
    if active is not None:
        rows = rows.filter(active=active)
    return [row.as_data() for row in rows]


@lru_cache(maxsize=_SETS_REMEMBERED)
def limits_of(ruleset: str) -> tuple[data.VelocityLimit, ...]:
    """Return a set's velocity limits. They never change, so they are read once."""
    if not ruleset:
        return ()
    found = Ruleset.objects.get(id=UUID(ruleset))
    rows = VelocityLimit.objects.filter(id__in=found.limits).order_by("id") if found.limits else ()
    return tuple(row.as_data() for row in rows)


def names_for_all(ruleset: str) -> frozenset[str]:
    """Return the names of a set's rules and limits that hold for every merchant."""
    rules = (rule.name for rule in _of_set(ruleset) if rule.merchant_id is None)
    limits = (limit.name for limit in limits_of(ruleset) if limit.merchant_id is None)
    return frozenset((*rules, *limits))


@lru_cache(maxsize=_SETS_REMEMBERED)
def _of_set(ruleset: str) -> tuple[Written, ...]:
    """Return a set's rules. A set and its texts never change, so they are read once."""
    if not ruleset:
        return ()
    found = Ruleset.objects.get(id=UUID(ruleset))
    texts = RuleVersion.objects.filter(id__in=[*found.active, *found.shadow])
    watching = set(found.shadow)
    return tuple(
        Written(
            name=text.rule.name,
            number=text.number,
            merchant_id=text.rule.merchant_id,
            condition=read(text.condition),
            points=text.points,
            decision=data.Decision(text.decision) if text.decision else None,
            watches=str(text.id) in watching,
        )
        for text in texts.select_related("rule").order_by("-priority", "id")
    )
