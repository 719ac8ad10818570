"""Ending a payment without taking its money, or without taking the rest."""

from datetime import datetime
from uuid import UUID

import django_fsm as fsm

from fintech.kernel import ids
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.kernel.events import Code
from fintech.kernel.idempotency import Done, Key
from fintech.payments import data, errors, events
from fintech.payments.data import AnswerStatus, AttemptState, PaymentState
from fintech.payments.models import Attempt, Payment
from fintech.payments.services import (
    beats,
    booking,
    capturing,
    claims,
    errands,
    links,
    recording,
    rows,
)
from fintech.payments.services.writing import Work

REASONS = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
EXPIRED = "expired"


def cancel(
    *,
    merchant_id: UUID,
    payment_id: UUID,
    reason: str = "",
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Payment]:
    """
    End a payment: before anyone was asked at once, afterwards by letting the money go.

    Of a payment that was captured in part, the rest is let go.

    Raises:
        PaymentNotFound: the merchant has no such payment.
        ParameterInvalid: the reason is not one of `REASONS`.
        UnexpectedState: the payment is past canceling, or an operation is under way.
        ProviderRefused, AcquirerUnavailable: the money was not let go.
    """
    if reason and reason not in REASONS:
        raise errors.ParameterInvalid(
            "cancellation_reason", f"This must be one of {', '.join(REASONS)}."
        )

    def request(
        payment: Payment, attempt: Attempt | None, work: Work
    ) -> data.Errand | data.Payment:
        if payment.state in {PaymentState.AUTHORIZED, PaymentState.PARTIALLY_CAPTURED}:
            return begin_void(payment, attempt, work, reason=reason, key=key, at=at)
        if not fsm.can_proceed(payment.cancel):
            raise errors.UnexpectedState(
                payment_id=payment.id, state=payment.state, action="be canceled"
            )
        end(payment, attempt, work, reason=reason, at=at)
        return rows.value(payment, attempt)

    done = beats.run(
        payment_id=payment_id,
        merchant_id=merchant_id,
        request=request,
        hear=hear,
        key=key,
        by=by,
        at=at,
    )
    return beats.of_payment(done)


def end(
    payment: Payment,
    attempt: Attempt | None,
    work: Work,
    *,
    reason: str,
    at: datetime,
) -> None:
    """End a payment for which nothing is reserved."""
    was = payment.state
    if attempt is not None and attempt.state in {AttemptState.AUTHORIZING, AttemptState.UNKNOWN}:
        attempt.fail("canceled")
        work.freed.append(attempt.id)
        work.touch(attempt)
    payment.cancel(reason=reason, at=at)
    work.touch(payment)
    work.facts.append(
        rows.tell(
            events.PaymentCanceled,
            payment,
            was=was,
            at=at,
            reason=Code(reason),
            entry_id=None,
        )
    )
    links.give_back_use(payment)


def begin_void(
    payment: Payment,
    attempt: Attempt | None,
    work: Work,
    *,
    reason: str,
    key: Key | None = None,
    at: datetime,
) -> data.Errand:
    """Note that the provider is about to be asked to let go."""
    if attempt is None or attempt.state != AttemptState.AUTHORIZED:
        raise errors.UnexpectedState(
            payment_id=payment.id, state=payment.state, action="be canceled"
        )
    capturing.refuse_if_busy(payment, attempt, action="be canceled")
    attempt.payment = payment
    attempt.void_id, attempt.void_at, attempt.void_reason = ids.new(), at, reason
    attempt.claim = claims.kept(key)
    attempt.next_check_at, attempt.checks = at + rows.FIRST_CHECK, 0
    work.touch(payment, attempt)
    work.facts.append(
        rows.tell(
            events.PaymentCancelRequested,
            payment,
            was=payment.state,
            at=at,
            attempt_id=attempt.id,
            reason=Code(reason),
        )
    )
    return errands.of_void(attempt)


def hear(
    payment: Payment,
    reference: UUID,
    answer: data.Answer,
    work: Work,
    at: datetime,
) -> data.Payment | Refusal:
    """Move a payment by what the provider said about letting go."""
    attempt = Attempt.objects.select_related("payment_method").get(
        void_id=reference, payment_id=payment.id
    )
    attempt.payment = payment
    let_go = answer.status in {AnswerStatus.APPROVED, AnswerStatus.SUCCEEDED}
    refused = answer.status in {AnswerStatus.DECLINED, AnswerStatus.FAILED, AnswerStatus.ABSENT}
    if attempt.next_check_at is None:  # It was let go before.
        if answer.status in {AnswerStatus.DECLINED, AnswerStatus.FAILED}:
            recording.conflict(payment, attempt.id, "outcome_mismatch", work, at=at)
        return rows.value(payment, attempt)
    refusal: Refusal | None = None
    if let_go or (refused and attempt.void_reason == EXPIRED):
        # What has run out is let go by the payer's bank, whatever the provider says.
        booking.let_go(payment, attempt, work, reason=attempt.void_reason, at=at)
        links.give_back_use(payment)
    elif refused:
        refusal = _fail(payment, attempt, answer, work, at=at)
    else:
        beats.lose_sight(payment, attempt, work, operation="void", at=at)
    work.touch(payment, attempt)
    outcome = refusal or rows.value(payment, attempt)
    claimed = claims.found(attempt.merchant_id, attempt.claim)
    if claimed is not None:
        attempt.claim = None
        work.settled.append((claimed, outcome))
    return outcome


def _fail(
    payment: Payment,
    attempt: Attempt,
    answer: data.Answer,
    work: Work,
    *,
    at: datetime,
) -> Refusal:
    attempt.void_id = attempt.void_at = attempt.next_check_at = None
    attempt.void_reason = ""
    work.facts.append(
        rows.tell(
            events.PaymentCancelFailed,
            payment,
            was=payment.state,
            at=at,
            attempt_id=attempt.id,
        )
    )
    if payment.state == PaymentState.IN_REVIEW:
        # A person has said no and the provider holds on: people must look again.
        recording.conflict(payment, attempt.id, "void_refused", work, at=at)
    if answer.status == AnswerStatus.ABSENT:
        return errors.AcquirerUnavailable()
    return errors.ProviderRefused(
        action="let the money go", because=answer.decline_code or str(answer.status)
    )
