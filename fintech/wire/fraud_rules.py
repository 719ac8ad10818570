"""A rule that people have written, and what it would have done."""

from fintech.fraud.data import BackTest, Rule
from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.wire.scalars import Json, head, unix_or_null


def render(rule: Rule) -> Json:
    """Return a rule in its newest version, with all its documented fields."""
    return {
        **head("fraud.rule", ids.public("frl", rule.id), rule.created_at, None),
        "condition": rule.condition,
        "decision": None if rule.decision is None else str(rule.decision),
        "name": rule.name,
        "number": rule.number,
        "points": rule.points,
        "priority": rule.priority,
        "snoozed_until": unix_or_null(rule.snoozed_until),
        "status": str(rule.state),
    }


def render_back_test(tried: BackTest) -> Json:
    """Return what a rule would have done with stored payments."""
    return {
        "assessments": tried.assessments,
        "changed": [
            {"count": count, "from": str(was), "to": str(now)} for was, now, count in tried.changed
        ],
        "fraud": tried.fraud,
        "fraud_hit": tried.fraud_hit,
        "fraud_stopped": tried.fraud_stopped,
        "fraud_stopped_then": tried.fraud_stopped_then,
        "good": tried.good,
        "good_hit": tried.good_hit,
        "good_stopped": tried.good_stopped,
        "good_stopped_then": tried.good_stopped_then,
        "hits": tried.hits,
        "object": "fraud.back_test",
        "precision_percent": tried.precision_percent,
        "recall_percent": tried.recall_percent,
        "released": [_money(fraud, good) for fraud, good in tried.released],
        "stopped": [_money(fraud, good) for fraud, good in tried.stopped],
    }


def _money(fraud: Money, good: Money) -> Json:
    return {"currency": fraud.currency.lower(), "fraud": fraud.minor, "good": good.minor}
