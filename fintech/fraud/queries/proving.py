"""What must always be true of fraud, and whether the log says what the rows say."""

from collections.abc import Iterator

from fintech.fraud.models import Alert, Case, ListItem, Posture, Rule, TrainedModel, VelocityLimit
from fintech.kernel import event_log
from fintech.kernel.event_log import Recorded
from fintech.kernel.invariants import Invariant
from fintech.kernel.replay import Difference

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        id="F-1",
        rule="An assessment's reasons sum to its score",
        sql="SELECT a.id FROM fraud_assessment a WHERE a.score <> coalesce("
        "(SELECT sum((r->>'weight')::bigint) FROM jsonb_array_elements(a.reasons) r), 0)",
    ),
    Invariant(
        id="F-2",
        rule="An assessment for review and its case name each other",
        sql="SELECT coalesce(a.id, c.assessment_id) FROM fraud_assessment a "
        "FULL JOIN fraud_case c ON c.id = a.case_id "
        "WHERE (a.case_id IS NOT NULL OR c.id IS NOT NULL) "
        "AND (a.id IS DISTINCT FROM c.assessment_id OR a.payment_id <> c.payment_id)",
    ),
    Invariant(
        id="F-3",
        rule="The reasons of a decision about a transfer sum to its score",
        sql="SELECT a.id FROM fraud_transferassessment a WHERE a.score <> coalesce("
        "(SELECT sum((r->>'weight')::bigint) FROM jsonb_array_elements(a.reasons) r), 0)",
    ),
)


def replay() -> Iterator[Difference]:
    """Fold the log of cases, list items and rules and compare it with their rows."""
    folded: dict[str, dict[str, str]] = {}
    for fact in _facts():
        _fold(folded.setdefault(fact.stream, {}), fact)
    stored = {f"fraud.case:{row.id}": _case_columns(row) for row in Case.objects.iterator()}
    stored |= {
        f"fraud.list_item:{row.id}": {
            "state": "removed" if row.removed_at else "listed",
            "action": row.action,
            "version": str(row.version),
        }
        for row in ListItem.objects.iterator()
    }
    stored |= {
        f"fraud.rule:{row.id}": {
            "state": str(row.state),
            "number": str(row.number),
            "snoozed": str(row.snoozed_until is not None),
            "version": str(row.version),
        }
        for row in Rule.objects.iterator()
    }
    stored |= {
        f"fraud.velocity_limit:{row.id}": {
            "state": "active" if row.active else "removed",
            "version": str(row.version),
        }
        for row in VelocityLimit.objects.iterator()
    }
    stored |= {
        f"fraud.model:{row.id}": {
            "state": str(row.stage),
            "number": str(row.number),
            "version": str(row.version),
        }
        for row in TrainedModel.objects.iterator()
    }
    stored |= {
        f"fraud.posture:{row.id}": {
            "mode": row.mode,
            "fails": row.fails,
            "version": str(row.version),
        }
        for row in Posture.objects.iterator()
    }
    stored |= {
        f"fraud.alert:{row.id}": {
            "kind": row.kind,
            "state": "raised" if row.cleared_at is None else "cleared",
            "version": str(row.version),
        }
        for row in Alert.objects.iterator()
    }
    for name in sorted(stored.keys() | folded.keys()):
        said, found = folded.get(name, {}), stored.get(name, {})
        for column in sorted(said.keys() | found.keys()):
            if said.get(column) != found.get(column):
                yield Difference(
                    row=name,
                    column=column,
                    stored=found.get(column, ""),
                    folded=said.get(column, ""),
                )


_FOLDED = (
    "fraud.case_",
    "fraud.list_item_",
    "fraud.rule_",
    "fraud.velocity_limit_",
    "fraud.model_",
    "fraud.posture_",
    "fraud.alert_",
)


def _facts() -> Iterator[Recorded]:
    position = 0
    while batch := event_log.after(position, 1000):
        position = batch[-1].position
        yield from (fact for fact in batch if fact.name.startswith(_FOLDED))


def _fold(row: dict[str, str], fact: Recorded) -> None:
    row["version"] = str(fact.version)
    moved = {
        "fraud.case_opened.v1": {"state": "pending", "disposition": ""},
        "fraud.case_claimed.v1": {"state": "investigating"},
        "fraud.case_assigned.v1": {"state": "investigating"},
        "fraud.case_snoozed.v1": {"state": "pending"},
        "fraud.case_due_sooner.v1": {},
        "fraud.case_escalated.v1": {"state": "pending"},
        "fraud.case_closed.v1": {
            "state": "closed",
            "disposition": fact.data.get("disposition", ""),
        },
        "fraud.list_item_added.v1": {"state": "listed", "action": fact.data.get("action", "")},
        "fraud.list_item_removed.v1": {"state": "removed"},
        "fraud.velocity_limit_created.v1": {"state": "active"},
        "fraud.velocity_limit_removed.v1": {"state": "removed"},
        "fraud.rule_drafted.v1": {"state": "draft"},
        "fraud.rule_revised.v1": {"state": "draft"},
        "fraud.rule_shadowed.v1": {"state": "shadow"},
        "fraud.rule_activated.v1": {"state": "active"},
        "fraud.rule_archived.v1": {"state": "archived"},
        "fraud.rule_snoozed.v1": {},
        "fraud.rule_woken.v1": {},
        "fraud.model_trained.v1": {"state": "candidate"},
        "fraud.model_shadowed.v1": {"state": "shadow"},
        "fraud.model_installed.v1": {"state": "champion"},
        "fraud.model_retired.v1": {"state": "retired"},
        "fraud.alert_raised.v1": {"state": "raised", "kind": fact.data.get("kind", "")},
        "fraud.alert_cleared.v1": {"state": "cleared"},
        "fraud.posture_set.v1": {
            "mode": fact.data.get("mode", ""),
            "fails": fact.data.get("fails", ""),
        },
    }[fact.name]
    row.update(moved)
    if fact.name.startswith("fraud.rule_"):
        row["snoozed"] = str(fact.name == "fraud.rule_snoozed.v1")
    if "number" in fact.data:
        row["number"] = str(fact.data["number"])


def _case_columns(row: Case) -> dict[str, str]:
    return {
        "state": str(row.state),
        "disposition": row.disposition,
        "version": str(row.version),
    }
