"""A payment that a person is to look at."""

from fintech.fraud.data import Case
from fintech.kernel import ids
from fintech.wire.scalars import Json, head, public, text, unix_or_null


def render(case: Case) -> Json:
    """Return a case, with all its documented fields."""
    return {
        **head("fraud.case", ids.public("fcs", case.id), case.opened_at, None),
        "assessment": ids.public("fra", case.assessment_id),
        "assignee": text(case.assignee),
        "closed_at": unix_or_null(case.closed_at),
        "disposition": None if case.disposition is None else str(case.disposition),
        "due_at": unix_or_null(case.due_at),
        "escalated": case.escalated,
        "group": public("fcs", case.group_id),
        "grouped_by": case.pivot_kind,
        "payment_intent": ids.public("pi", case.payment_id),
        "score": case.score,
        "snoozed_until": unix_or_null(case.snoozed_until),
        "status": str(case.state),
    }
