"""What ends because its time has come: authorizations, confirmations, challenges, reviews."""

from datetime import datetime

from fintech.fraud import services as fraud
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.payments import data
from fintech.payments.data import PaymentState
from fintech.payments.models import Attempt, Payment
from fintech.payments.services import beats, canceling, challenging, rows
from fintech.payments.services.writing import Work

_RUN_OUT = (
    PaymentState.CREATED,
    PaymentState.AWAITING_PAYER,
    PaymentState.IN_REVIEW,
    PaymentState.AUTHORIZED,
    PaymentState.PARTIALLY_CAPTURED,
)


def expire_due(*, limit: int = 100, by: Actor, at: datetime) -> int:
    """
    End what has run out, and return how many payments that were.

    A payment nobody confirmed is abandoned; a challenge nobody answered is a declined
    attempt; an authorization is let go; a review that nobody decided is declined.
    """
    due = (
        Payment.objects.filter(expires_at__lte=at, state__in=_RUN_OUT)
        .order_by("expires_at")
        .values_list("id", flat=True)[:limit]
    )
    ended = 0
    for payment_id in list(due):
        try:
            beats.run(
                payment_id=payment_id,
                merchant_id=None,
                request=_request(by=by, at=at),
                hear=canceling.hear,
                key=None,
                by=by,
                at=at,
            )
            ended += 1
        except Refusal:
            # Something else is under way with it: the next run looks again.
            continue
    return ended


def _request(*, by: Actor, at: datetime) -> beats.Request:
    def request(
        payment: Payment, attempt: Attempt | None, work: Work
    ) -> data.Errand | data.Payment:
        if payment.expires_at is None or payment.expires_at > at:
            return rows.value(payment, attempt)  # Somebody was faster.
        if payment.state == PaymentState.CREATED:
            canceling.end(payment, attempt, work, reason="abandoned", at=at)
        elif payment.state == PaymentState.AWAITING_PAYER and attempt is not None:
            challenging.fail(payment, attempt, work, in_time=False, at=at)
        elif payment.state in _RUN_OUT:
            errand = canceling.begin_void(payment, attempt, work, reason=canceling.EXPIRED, at=at)
            if payment.state == PaymentState.IN_REVIEW and attempt and attempt.case_id:
                fraud.close_case(case_id=attempt.case_id, disposition="suspicious", by=by, at=at)
            return errand
        return rows.value(payment, attempt)

    return request
