"""A fraud decision with its reasons, as the merchant sees it; and what stands on lists."""

from fintech.fraud.data import Assessment, ListItem
from fintech.kernel import ids
from fintech.wire.scalars import Json, amount, head, public, text, unix_or_null


def render(assessment: Assessment) -> Json:
    """Return an assessment, with all its documented fields."""
    return {
        **head("fraud.assessment", ids.public("fra", assessment.id), assessment.created_at, None),
        **amount(assessment.amount),
        "case": public("fcs", assessment.case_id),
        "charge": ids.public("ch", assessment.attempt_id),
        "decision": str(assessment.decision),
        "features": assessment.features.as_mapping(),
        "model_version": assessment.model_version,
        "payment_intent": ids.public("pi", assessment.payment_id),
        "rules_fired": [
            {
                "code": reason.code,
                "detail": dict(reason.detail),
                "message": str(reason),
                "weight": reason.weight,
            }
            for reason in assessment.reasons
        ],
        "score": assessment.score,
    }


def render_list_item(item: ListItem) -> Json:
    """Return one line of a list."""
    return {
        **head("fraud.list_item", ids.public("fli", item.id), item.created_at, None),
        "action": str(item.action),
        "expires_at": unix_or_null(item.expires_at),
        "kind": str(item.kind),
        "reason": text(item.reason),
        "removed_at": unix_or_null(item.removed_at),
        "value": item.value,
    }
