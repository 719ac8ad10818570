"""Raising and clearing alerts; what is counted of decisions for those who watch."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import structlog
from django_subatomic import db
from prometheus_client import Counter, Histogram

from fintech.fraud import data, events, queries
from fintech.fraud.models import Alert
from fintech.fraud.services import rulesets
from fintech.kernel import event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code, Event

_log = structlog.get_logger(__name__)
_decisions = Counter("fraud_decisions", "Decisions about attempts to pay", ["decision"])
_degraded = Counter("fraud_degraded", "Decisions without knowing all, by why", ["why"])
_hits = Counter("fraud_rule_hits", "Rules that said something, by what they do", ["rule", "does"])
_scores = Histogram("fraud_score", "Scores of attempts to pay", buckets=range(10, 101, 10))
_REMEMBERED = 64


def count_decisions(made: Sequence[data.Assessment]) -> None:
    """
    Count committed decisions: what was decided, scores, and which rules said something.

    Rules of merchants are counted as one: a label for each of everybody's would be too many.
    """
    for each in made:
        _decisions.labels(str(each.decision)).inc()
        _scores.observe(each.score)
        for why in each.features.degraded.split():
            _degraded.labels(why).inc()
        ours = _ours(each.features.ruleset)
        for does, reasons in (("decides", each.reasons), ("watches", each.shadow)):
            for reason in reasons:
                _hits.labels(_rule(reason, ours), does).inc()


def watch(*, by: Actor, at: datetime) -> list[data.Alert]:
    """
    Raise what is out of the ordinary and clear what is not any more; return what is open.

    Run by many at once, each alert is raised once. Both are facts of the log.
    """
    found = queries.unusual(at=at)
    with db.transaction_if_not_already():
        rulesets.lock()
        still = {row.kind: row for row in Alert.objects.filter(cleared_at=None).order_by("id")}
        facts: list[Event] = []
        for kind, said in found.items():
            if str(kind) not in still:
                row = Alert(id=ids.new(), kind=kind, said=said, raised_at=at)
                row.save(force_insert=True)
                still[str(kind)] = row
                facts.append(_fact(events.AlertRaised, row, at=at))
                _log.warning("fraud_alert", kind=str(kind), said=said)
        for cleared in [kind for kind in still if kind not in found]:
            row = still.pop(cleared)
            row.cleared_at = at
            row.version += 1
            row.save()
            facts.append(_fact(events.AlertCleared, row, at=at))
        if facts:
            event_log.append(facts, by=by)
    return [row.as_data() for row in still.values()]


def _fact[Fact: events.AlertFact](fact: type[Fact], row: Alert, *, at: datetime) -> Fact:
    return fact(alert_id=row.id, kind=Code(str(row.kind)), version=row.version, at=at)


def _rule(reason: data.Reason, ours: frozenset[str]) -> str:
    if reason.code not in {"rule", "velocity_limit"}:
        return reason.code
    name = str(dict(reason.detail).get("rule", dict(reason.detail).get("limit", "")))
    return f"{reason.code}:{name if name in ours else 'of a merchant'}"


@lru_cache(maxsize=_REMEMBERED)
def _ours(ruleset: str) -> frozenset[str]:
    """Return the names of a set's rules and limits that hold for everybody."""
    return queries.names_for_all(ruleset)
