"""A person decides whether money that a payer's bank has reserved is taken."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django_subatomic import db

from fintech.fraud import services as fraud
from fintech.kernel import approvals
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money, exponent
from fintech.payments import data, errors, events
from fintech.payments.data import PaymentState, Verdict
from fintech.payments.models import Attempt, Capture, Payment
from fintech.payments.services import beats, canceling, capturing, rows
from fintech.payments.services.writing import Work

REVIEW_KIND = "payments.review"
_HUNDREDTHS = 2  # Where a currency has no minor unit, a unit is taken as a hundredth of one.
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
        ReviewNeedsTwo: so much is not approved alone; `propose_approval` asks another.
        ReviewLost: somebody else has decided it; the money is being let go.
        ProviderRefused, AcquirerUnavailable: the decision stands; the provider balked.
    """
    decided = Verdict(verdict)

    def request(
        payment: Payment, attempt: Attempt | None, work: Work
    ) -> data.Errand | data.Payment:
        attempt = _waiting(payment, attempt)
        if decided == Verdict.APPROVE and needs_two(payment.money(payment.amount_minor)):
            raise errors.ReviewNeedsTwo(payment.id)
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


def needs_two(amount: Money) -> bool:
    """Whether so much is approved by two people (`REVIEWS_ALONE_UP_TO`, whole units)."""
    units: int = settings.REVIEWS_ALONE_UP_TO
    return bool(amount.minor > units * 10 ** max(exponent(amount.currency), _HUNDREDTHS))


def propose_approval(*, payment_id: UUID, by: Actor, at: datetime) -> UUID:
    """
    Propose to take money that is more than one person approves; another has a day to agree.

    Raises:
        PaymentNotFound: there is no such payment.
        ReviewNotOpen: the payment is not waiting for a decision, or somebody lets it go.
    """
    with db.transaction_if_not_already():
        payment, attempt = rows.locked(payment_id)
        if payment.state != PaymentState.IN_REVIEW or attempt is None or attempt.void_id:
            raise errors.ReviewNotOpen(payment_id=payment.id, state=payment.state)
        return approvals.propose(
            kind=REVIEW_KIND,
            payload={
                "payment_id": payment.id,
                "amount_minor": payment.amount_minor,
                "currency": payment.currency,
                "score": attempt.score,
            },
            version_seen=payment.version,
            by=by,
            at=at,
        )


def review_agreed(
    payload: Mapping[str, Any],
    *,
    version_seen: int,  # noqa: ARG001 - what waits for a decision is looked at again.
    by: Actor,
    at: datetime,
) -> None:
    """
    Say yes to what one person proposed and another agreed to; called by `approvals`.

    The provider is asked by the clock at once, as after a crash between two beats.

    Raises:
        ReviewNotOpen: the payment is not waiting for a decision any more.
        ReviewLost: it is being let go.
    """

    def request(
        payment: Payment, attempt: Attempt | None, work: Work
    ) -> data.Errand | data.Payment:
        attempt = _waiting(payment, attempt)
        made = _approve(payment, attempt, work, key=None, at=at)
        if attempt.case_id is not None:
            disposition = _DISPOSITIONS[Verdict.APPROVE]
            fraud.close_case(case_id=attempt.case_id, disposition=disposition, by=by, at=at)
        return made

    decided = beats.decide(
        payment_id=UUID(payload["payment_id"]),
        merchant_id=None,
        request=request,
        hear=_hear,
        key=None,
        by=by,
        at=at,
    )
    if isinstance(decided, data.Errand):
        # Nobody waits for the answer here: the clock asks now.
        Capture.objects.filter(reference=decided.reference).update(next_check_at=at)


def _waiting(payment: Payment, attempt: Attempt | None) -> Attempt:
    """Return the attempt that waits for a decision, or refuse."""
    if payment.state != PaymentState.IN_REVIEW or attempt is None:
        raise errors.ReviewNotOpen(payment_id=payment.id, state=payment.state)
    if attempt.void_id is not None:
        raise errors.ReviewLost(payment.id)
    return attempt


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
