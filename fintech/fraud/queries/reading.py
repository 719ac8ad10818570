"""Assessments, cases, lists and outcomes, as values."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db import models

from fintech.fraud import data, errors
from fintech.fraud.models import Assessment, Case, ListItem, Outcome

# A payer does not wait longer, though an authorization may last for days.
LOOKED_AT_WITHIN = timedelta(hours=24)


def assessment(assessment_id: UUID, *, merchant_id: UUID | None = None) -> data.Assessment:
    """
    Return one assessment.

    Raises:
        AssessmentNotFound: there is none, or it is another merchant's.
    """
    rows = Assessment.objects.filter(id=assessment_id)
    if merchant_id is not None:
        rows = rows.filter(merchant_id=merchant_id)
    found = rows.first()
    if found is None:
        raise errors.AssessmentNotFound(assessment_id)
    return found.as_data()


def assessments_by_id(
    assessment_ids: Collection[UUID], *, merchant_id: UUID
) -> dict[UUID, data.Assessment]:
    """Return those of the assessments that are the merchant's, in one round trip."""
    rows = Assessment.objects.filter(id__in=list(assessment_ids), merchant_id=merchant_id)
    return {row.id: row.as_data() for row in rows}


def assessments(
    merchant_id: UUID | None = None,
    *,
    payment_id: UUID | None = None,
    decision: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[data.Assessment]:
    """Return assessments, newest first."""
    rows = Assessment.objects.order_by("-id")
    chosen = {"merchant_id": merchant_id, "payment_id": payment_id, "decision": decision}
    rows = rows.filter(**{name: value for name, value in chosen.items() if value is not None})
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [row.as_data() for row in rows[:limit]]


def case(case_id: UUID, *, merchant_id: UUID | None = None) -> data.Case:
    """
    Return one case.

    Raises:
        CaseNotFound: there is none, or it is another merchant's.
    """
    rows = Case.objects.filter(id=case_id)
    if merchant_id is not None:
        rows = rows.filter(merchant_id=merchant_id)
    found = rows.first()
    if found is None:
        raise errors.CaseNotFound(case_id)
    return found.as_data()


def cases(
    merchant_id: UUID | None = None,
    *,
    is_open: bool | None = None,
    payment_id: UUID | None = None,
    group_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[data.Case]:
    """Return cases, newest first."""
    rows = Case.objects.order_by("-id")
    chosen = {"merchant_id": merchant_id, "payment_id": payment_id, "group_id": group_id}
    rows = rows.filter(**{name: value for name, value in chosen.items() if value is not None})
    if is_open is not None:
        closed = models.Q(state=data.CaseState.CLOSED)
        rows = rows.filter(~closed if is_open else closed)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [row.as_data() for row in rows[:limit]]


def related(case_id: UUID, *, limit: int = 50) -> list[data.Case]:
    """Return the other cases of its group, and those of its card before it; newest first."""
    of = Case.objects.filter(id=case_id).first()
    if of is None:
        raise errors.CaseNotFound(case_id)
    rows = Case.objects.filter(
        models.Q(group_id=of.group_id)
        | models.Q(pivot_kind="card", pivot_value=of.card_fingerprint),
        merchant_id=of.merchant_id,
    )
    return [row.as_data() for row in rows.exclude(id=case_id).order_by("-id")[:limit]]


def list_items(
    merchant_id: UUID | None = None, *, kind: str | None = None, limit: int = 100
) -> list[data.ListItem]:
    """Return what stands on the lists now, newest first; None: what holds for everybody."""
    rows = ListItem.objects.filter(merchant_id=merchant_id, removed_at=None)
    if kind is not None:
        rows = rows.filter(kind=kind)
    return [row.as_data() for row in rows.order_by("-id")[:limit]]


def list_item(item_id: UUID, *, merchant_id: UUID | None = None) -> data.ListItem:
    """
    Return one list item, removed or not.

    Raises:
        ListItemNotFound: there is none, or it is another merchant's.
    """
    rows = ListItem.objects.filter(id=item_id)
    if merchant_id is not None:
        rows = rows.filter(merchant_id=merchant_id)
    found = rows.first()
    if found is None:
        raise errors.ListItemNotFound(item_id)
    return found.as_data()


def outcomes(payment_id: UUID) -> list[data.Outcome]:
    """Return what has become of a payment, in order."""
    return [row.as_data() for row in Outcome.objects.filter(payment_id=payment_id).order_by("id")]
