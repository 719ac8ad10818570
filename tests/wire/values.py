"""Frozen values as the rooms give them, for what needs no database."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from fintech.kernel.money import Money
from fintech.payments import data

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MERCHANT = UUID("019a4100-0000-7000-8000-000000000001")
PAYMENT = UUID("019a4100-0000-7000-8000-000000000002")
ATTEMPT = UUID("019a4100-0000-7000-8000-000000000003")
METHOD = UUID("019a4100-0000-7000-8000-000000000004")
CARD = data.Card(
    brand="visa",
    last4="4242",
    exp_month=12,
    exp_year=2034,
    country="US",
    funding="credit",
    fingerprint="f" * 24,
)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def attempt(state: data.AttemptState = data.AttemptState.AUTHORIZED, **changes) -> data.Attempt:
    made = data.Attempt(
        id=ATTEMPT,
        payment_id=PAYMENT,
        merchant_id=MERCHANT,
        state=state,
        amount=eur(4250),
        captured=eur(0),
        refunded=eur(0),
        assessment_id=None,
        score=7,
        risk_level="normal",
        decision="allow",
        provider="simulator",
        provider_reference="ref",
        decline_code="",
        card=CARD,
        payment_method_id=METHOD,
        created_at=NOON,
    )
    return replace(made, **changes)


def payment(state: data.PaymentState = data.PaymentState.CREATED, **changes) -> data.Payment:
    made = data.Payment(
        id=PAYMENT,
        merchant_id=MERCHANT,
        purpose=data.Purpose.SALE,
        wallet_id=None,
        state=state,
        amount=eur(4250),
        authorized=eur(0),
        captured=eur(0),
        refunded=eur(0),
        refund_pending=eur(0),
        fee=eur(0),
        capture_method=data.CaptureMethod.MANUAL,
        customer_id=None,
        payment_method_id=METHOD,
        card=CARD,
        description="",
        metadata={},
        receipt_email="",
        return_url="",
        statement_descriptor="",
        cancellation_reason=None,
        last_error=None,
        latest_attempt=None,
        next_action_url=None,
        review_id=None,
        created_at=NOON,
        canceled_at=None,
        version=1,
        link_id=None,
        actions=(),
    )
    return replace(made, **changes)


def declined() -> data.Payment:
    """A payment whose card was just declined."""
    tried = attempt(data.AttemptState.DECLINED, decline_code="insufficient_funds")
    error = data.Declined(
        code="card_declined",
        decline_code="insufficient_funds",
        message="The card has insufficient funds.",
        attempt_id=ATTEMPT,
    )
    return payment(latest_attempt=tried, last_error=error)


def refund(state: data.RefundState = data.RefundState.SUCCEEDED) -> data.Refund:
    return data.Refund(
        id=UUID("019a4100-0000-7000-8000-000000000005"),
        merchant_id=MERCHANT,
        payment_id=PAYMENT,
        attempt_id=ATTEMPT,
        amount=eur(1000),
        state=state,
        reason="",
        metadata={},
        failure_reason=None,
        provider_reference="ref",
        created_at=NOON,
        version=1,
        entry_id=None,
    )
