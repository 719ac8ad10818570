"""A person decides whether money that a payer's bank has reserved is taken."""

from datetime import datetime
from uuid import UUID

from fintech.fraud import services as fraud
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.kernel.idempotency import Done, Key
from fintech.payments import data, errors, events
from fintech.payments.data import PaymentState, Verdict
from fintech.payments.models import Attempt, Payment
from fintech.payments.services import beats, canceling, capturing, rows
from fintech.payments.services.writing import Work

_DISPOSITIONS = {Verdict.APPROVE: "false_positive", Verdict.DECLINE: "confirmed_fraud"}


def decide_review(
    *,
    payment_id: UUID,
    verdict: str,
    merchant_id: UUID | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Payment]:
    """
    Say yes or no to a payment in review, and close its case with the same commit.

    Approved, the money is taken at once where capture is automatic. Declined, it is let
    go and the payment is canceled as fraudulent.

    Args:
        verdict: "approve" or "decline".
        merchant_id: whose payment it must be; left out by the platform's own staff.

    Raises:
        PaymentNotFound: there is no such payment.
        ReviewNotOpen: the payment is not waiting for a decision.
        ReviewLost: somebody else has decided it; the money is being let go.
        ProviderRefused, AcquirerUnavailable: the decision stands; the provider balked.
    """
    decided = Verdict(verdict)

    def request(
        payment: Payment, attempt: Attempt | None, work: Work
    ) -> data.Errand | data.Payment:
        if payment.state != PaymentState.IN_REVIEW or attempt is None:
            raise errors.ReviewNotOpen(payment_id=payment.id, state=payment.state)
        if attempt.void_id is not None:
            raise errors.ReviewLost(payment.id)
        made = (
            _approve(payment, attempt, work, key=key, at=at)
            if decided == Verdict.APPROVE
            else canceling.begin_void(payment, attempt, work, reason="fraudulent", key=key, at=at)
        )
        if attempt.case_id is not None:
            fraud.close_case(
                case_id=attempt.case_id, disposition=_DISPOSITIONS[decided], by=by, at=at
            )
        return made

    done = beats.run(
        payment_id=payment_id,
        merchant_id=merchant_id,
        request=request,
        hear=_hear,
        key=key,
        by=by,
        at=at,
    )
    return beats.of_payment(done)


def _approve(
    payment: Payment,
    attempt: Attempt,
    work: Work,
    *,
    key: Key | None,
    at: datetime,
) -> data.Errand | data.Payment:
    case_id = payment.review_id
    was = payment.state
    payment.approve_review()
    work.touch(payment)
    work.facts.append(
        rows.tell(events.PaymentReviewApproved, payment, was=was, at=at, case_id=case_id)
    )
    if payment.capture_method == data.CaptureMethod.AUTOMATIC:
        return capturing.begin(payment, attempt, work, key=key, at=at)
    return rows.value(payment, attempt)


def _hear(
    payment: Payment,
    reference: UUID,
    answer: data.Answer,
    work: Work,
    at: datetime,
) -> data.Payment | Refusal:
    if Attempt.objects.filter(void_id=reference, payment_id=payment.id).exists():
        return canceling.hear(payment, reference, answer, work, at)
    return capturing.hear(payment, reference, answer, work, at)
