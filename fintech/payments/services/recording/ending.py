"""How an attempt ends, and what a payment waits for then: the payer, or people."""

from datetime import datetime
from uuid import UUID

from django.conf import settings

from fintech.kernel import ids
from fintech.kernel.events import Code, Event
from fintech.payments import errors, events
from fintech.payments.data import PaymentState
from fintech.payments.models import Attempt, Payment
from fintech.payments.services import rows
from fintech.payments.services.writing import Work

_WORDS = {
    "insufficient_funds": "The card has insufficient funds.",
    "lost_card": "The card was reported lost.",
    "stolen_card": "The card was reported stolen.",
    "expired_card": "The card has expired.",
    "incorrect_cvc": "The card's security code is incorrect.",
    "processing_error": "The card could not be processed; try again.",
    "authentication_required": "The payer did not prove who they are.",
    "acquirer_unavailable": "The acquirer was not available; nothing was charged.",
    "insufficient_wallet_funds": "The wallet has insufficient funds.",
    "wallet_unfit": "Nothing can be taken from the wallet now.",
}


def conflict(
    payment: Payment, operation_id: UUID, reason: str, work: Work, *, at: datetime
) -> None:
    """
    Freeze a payment that the provider contradicts; once is enough.

    Where two people have decided what an operation has come to, what the provider still
    says of it changes nothing.
    """
    if payment.state == PaymentState.CONFLICTED:
        return
    if payment.corrected_at is not None and payment.conflict_operation_id == operation_id:
        return
    was = payment.state
    review_id = payment.review_id or ids.new()
    payment.conflict(was=was, review_id=review_id, reason=reason, operation_id=operation_id)
    work.touch(payment)
    work.facts.append(
        rows.tell(
            events.PaymentConflicted,
            payment,
            was=was,
            at=at,
            review_id=review_id,
            reason=Code(reason),
            operation_id=operation_id,
        )
    )


def challenge(payment: Payment, attempt: Attempt, *, at: datetime) -> events.PaymentChallenged:
    """Send the payer to the hosted page where they prove who they are."""
    was = payment.state
    url = f"{settings.BASE_URL}/pay/challenge/{ids.public('ch', attempt.id)}"
    payment.challenge(url=url, until=at + rows.CHALLENGE_LASTS)
    return rows.tell(events.PaymentChallenged, payment, was=was, at=at, attempt_id=attempt.id)


def end_attempt(
    payment: Payment, attempt: Attempt, *, decline_code: str, at: datetime
) -> list[Event]:
    """Take a payment back for another attempt, or end it when there were too many."""
    was = payment.state
    payment.fail_attempt(
        attempt_id=attempt.id,
        code=errors.public_code(decline_code),
        decline_code=decline_code,
        message=_WORDS.get(decline_code, "The card was declined."),
    )
    payment.expires_at = payment.created_at + rows.CONFIRMATION_LASTS
    told: list[Event] = []
    if decline_code == "fraudulent" and attempt.decision == "block":
        told.append(
            rows.tell(
                events.PaymentBlocked,
                payment,
                was=was,
                at=at,
                attempt_id=attempt.id,
                assessment_id=attempt.assessment_id,
            )
        )
    elif decline_code == "acquirer_unavailable":
        told.append(
            rows.tell(events.PaymentAttemptErrored, payment, was=was, at=at, attempt_id=attempt.id)
        )
    else:
        told.append(
            rows.tell(
                events.PaymentDeclined,
                payment,
                was=was,
                at=at,
                attempt_id=attempt.id,
                decline_code=Code(decline_code),
            )
        )
    if payment.attempts >= rows.MAX_ATTEMPTS:
        was = payment.state
        payment.cancel(reason="attempts_exhausted", at=at)
        told.append(
            rows.tell(
                events.PaymentCanceled,
                payment,
                was=was,
                at=at,
                reason=Code("attempts_exhausted"),
                entry_id=None,
            )
        )
    return told
