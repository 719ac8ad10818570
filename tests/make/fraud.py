"""Questions to fraud, and the decisions made of them, as payments would ask."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django_subatomic import db

from fintech.fraud import data, queries
from fintech.fraud import services as fraud
from fintech.kernel import actor, ids
from fintech.kernel.money import Money

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
BY = actor.system("tests")
MERCHANT = UUID("01900000-0000-7000-8000-000000000001")


def question(
    *,
    minor: int = 20_00,
    currency: str = "EUR",
    card: str = "card-1",
    country: str = "DE",
    customer: UUID | None = None,
    merchant: UUID = MERCHANT,
    email: str | None = None,
    ip: str | None = None,
    device: str | None = None,
    bin: str | None = None,  # noqa: A002 - its name.
    risk: str = "normal",
    payment: UUID | None = None,
    at: datetime = NOON,
    **told: Any,
) -> data.Question:
    """Return an attempt of a new payment."""
    return data.Question(
        attempt_id=ids.new(),
        payment_id=payment or ids.new(),
        merchant_id=merchant,
        customer_id=customer,
        amount=Money(minor, currency),
        card_fingerprint=card,
        card_country=country,
        email_hash=email,
        ip_hash=ip,
        device_hash=device,
        card_bin=bin,
        at=at,
        sandbox_risk=risk,
        **told,
    )


def assessed(*questions: data.Question) -> list[data.Assessment]:
    """Gather, then decide in a transaction, as `payments.begin` does."""
    features = queries.gather(questions)
    with db.transaction_if_not_already():
        return fraud.assess(questions, features, by=BY)


def assessment(**given: object) -> data.Assessment:
    """Return the decision about one attempt."""
    return assessed(question(**given))[0]  # type: ignore[arg-type]
