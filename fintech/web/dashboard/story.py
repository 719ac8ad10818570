"""What happened to a payment, gathered from every room that knows a part of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from fintech.fraud import queries as fraud_queries
from fintech.fraud.errors import AssessmentNotFound
from fintech.notifications import queries as notification_queries
from fintech.web import queries
from fintech.web.dashboard import steps
from fintech.web.data import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The steps of a payment, and what they were made of."""

    items: Sequence[Item]
    steps: Sequence[steps.Step]
    is_being_told: bool  # Some message about it is on its way.


def of(payment_id: UUID, merchant_id: UUID) -> Story:
    """Return the story of a merchant's payment."""
    items = queries.timeline(payment_id, merchant_id)
    assessed = {item.data["assessment_id"] for item in items if item.kind == "payment_assessed"}
    assessments = {}
    for assessment_id in (UUID(text) for text in assessed):
        try:
            assessments[assessment_id] = fraud_queries.assessment(
                assessment_id, merchant_id=merchant_id
            )
        except AssessmentNotFound:
            continue
    deliveries = notification_queries.deliveries_of(payment_id, merchant_id)
    found = steps.of_items(items, assessments) + steps.of_deliveries(deliveries)
    return Story(
        items=items,
        steps=steps.in_order(found),
        is_being_told=any(one.state == "pending" for one in deliveries),
    )
