"""Taking money that the payer's bank has reserved."""

from datetime import datetime
from uuid import UUID

import django_fsm as fsm

from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.kernel.events import Code
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.payments import data, errors, events
from fintech.payments.data import AnswerStatus, CaptureState, PaymentState
from fintech.payments.models import Attempt, Capture, Payment
from fintech.payments.providers import registry
from fintech.payments.services import beats, booking, claims, errands, recording, rows
from fintech.payments.services.writing import Work

OPEN = (CaptureState.CREATED, CaptureState.SUBMITTED, CaptureState.UNKNOWN)


def capture(
    *,
    merchant_id: UUID,
    payment_id: UUID,
    amount: Money | None = None,
    final: bool = True,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Payment]:
    """
    Take money that is reserved: all of it, or part.

    A provider that does not answer leaves the capture open; it is asked again under the
    same reference until it does, and never takes twice.

    Args:
        amount: at most what is left to capture, in the payment's currency; None is all.
        final: what is not captured is let go. If not, more captures may follow.
        key: the caller's idempotency key; the same key has one effect.

    Raises:
        PaymentNotFound: the merchant has no such payment.
        UnexpectedState: the payment has no reserved money that can be taken now.
        CaptureTooLarge, AmountTooSmall, CurrencyMismatch: nothing was asked of anyone.
        ProviderRefused, AcquirerUnavailable: nothing was taken.
    """

    def request(payment: Payment, attempt: Attempt | None, work: Work) -> data.Errand:
        return begin(payment, attempt, work, amount=amount, final=final, key=key, at=at)

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


def begin(
    payment: Payment,
    attempt: Attempt | None,
    work: Work,
    *,
    amount: Money | None = None,
    final: bool = True,
    key: Key | None = None,
    at: datetime,
) -> data.Errand:
    """Check a capture and note that the provider is about to be asked for it."""
    if attempt is None or not fsm.can_proceed(payment.capture_rest):
        raise errors.UnexpectedState(
            payment_id=payment.id, state=payment.state, action="be captured"
        )
    refuse_if_busy(payment, attempt, action="be captured")
    if payment.expires_at is not None and at >= payment.expires_at:
        raise errors.AuthorizationExpired(payment.id)
    left = payment.money(payment.authorized_minor - payment.captured_minor)
    asked = left if amount is None else amount
    if asked > left:  # Money refuses to compare two currencies.
        raise errors.CaptureTooLarge(payment_id=payment.id, asked=asked, left=left)
    if asked.minor < 1:
        raise errors.AmountTooSmall(asked.minor, param="amount_to_capture")
    if not final and asked != left and not _takes_parts(attempt):
        raise errors.UnexpectedState(
            payment_id=payment.id,
            state=payment.state,
            action="be captured in several parts",
            because="its provider takes once and lets the rest go",
        )
    row = Capture(
        payment=payment,
        attempt=attempt,
        merchant_id=payment.merchant_id,
        currency=payment.currency,
        amount_minor=asked.minor,
        final=final or asked == left,
        provider=attempt.provider,
        claim=claims.kept(key),
        created_at=at,
    )
    row.reference = row.id
    row.submit(check_at=at + rows.FIRST_CHECK)
    work.insert.append(row)
    work.touch(payment)
    work.facts.append(
        rows.tell(
            events.PaymentCaptureRequested,
            payment,
            was=payment.state,
            at=at,
            amount=asked,
            attempt_id=attempt.id,
            capture_id=row.id,
            final=row.final,
        )
    )
    return errands.of_capture(row)


def hear(
    payment: Payment,
    reference: UUID,
    answer: data.Answer,
    work: Work,
    at: datetime,
) -> data.Payment | Refusal:
    """Move a capture and its payment by one answer; what is known already changes nothing."""
    row = Capture.objects.select_related("attempt__payment_method").get(
        reference=reference, payment_id=payment.id
    )
    attempt = row.attempt
    row.payment = attempt.payment = payment
    if row.state not in OPEN:
        _hear_again(row, payment, answer, work, at=at)
        return rows.value(payment, attempt)
    refusal: Refusal | None = None
    if answer.status in {AnswerStatus.APPROVED, AnswerStatus.SUCCEEDED}:
        _succeed(row, payment, attempt, answer, work, at=at)
    elif answer.status in {AnswerStatus.DECLINED, AnswerStatus.FAILED, AnswerStatus.ABSENT}:
        refusal = _fail(row, payment, answer, work, at=at)
    else:
        _lose_sight(row, payment, work, at=at)
    work.touch(row)
    outcome = refusal or rows.value(payment, attempt)
    claimed = claims.found(row.merchant_id, row.claim)
    if claimed is not None:
        row.claim = None
        work.settled.append((claimed, outcome))
    return outcome


def refuse_if_busy(payment: Payment, attempt: Attempt, *, action: str) -> None:
    """Refuse a second operation on an authorization while the first is under way."""
    because = ""
    if attempt.void_id is not None:
        because = "it is being canceled"
    elif attempt.adjust_minor is not None:
        because = "another amount is being reserved"
    elif Capture.objects.filter(payment_id=payment.id, state__in=OPEN).exists():
        because = "a capture is under way"
    if because:
        raise errors.UnexpectedState(
            payment_id=payment.id, state=payment.state, action=action, because=because
        )


def _takes_parts(attempt: Attempt) -> bool:
    if attempt.provider == data.WALLET:
        return True
    return registry.provider(attempt.provider).capabilities.partial_captures


def _succeed(
    row: Capture,
    payment: Payment,
    attempt: Attempt,
    answer: data.Answer,
    work: Work,
    *,
    at: datetime,
) -> None:
    asked = payment.money(row.amount_minor)
    if answer.amount is not None and answer.amount != asked:
        recording.conflict(payment, row.id, _mismatch(answer.amount, asked), work, at=at)
        row.lose_sight(check_at=at + rows.CHECKS[-1])
        return
    booking.take(row, payment, attempt, work, reference=answer.provider_reference, at=at)


def _fail(
    row: Capture,
    payment: Payment,
    answer: data.Answer,
    work: Work,
    *,
    at: datetime,
) -> Refusal:
    row.fail(answer.decline_code or str(answer.status))
    work.touch(payment)
    work.facts.append(
        rows.tell(
            events.PaymentCaptureFailed,
            payment,
            was=payment.state,
            at=at,
            amount=payment.money(row.amount_minor),
            capture_id=row.id,
        )
    )
    if answer.status == AnswerStatus.ABSENT:
        return errors.AcquirerUnavailable()
    return errors.ProviderRefused(action="take the money", because=row.failure_code)


def _lose_sight(row: Capture, payment: Payment, work: Work, *, at: datetime) -> None:
    if row.state == CaptureState.UNKNOWN:
        row.checks += 1
    check_at, in_vain = beats.lost(row.checks, at)
    row.lose_sight(check_at=check_at)
    if payment.state == PaymentState.CONFLICTED:
        return  # People look at it already; it goes on being asked, quietly.
    if in_vain:
        recording.conflict(payment, row.id, "outcome_unknown", work, at=at)
        return
    work.touch(payment)
    work.facts.append(
        rows.tell(
            events.PaymentOutcomeUnknown,
            payment,
            was=payment.state,
            at=at,
            operation=Code("capture"),
            operation_id=row.id,
            checks=row.checks,
        )
    )


def _hear_again(
    row: Capture,
    payment: Payment,
    answer: data.Answer,
    work: Work,
    *,
    at: datetime,
) -> None:
    """Agree with what is known, or freeze."""
    taken = answer.status in {AnswerStatus.APPROVED, AnswerStatus.SUCCEEDED}
    refused = answer.status in {AnswerStatus.DECLINED, AnswerStatus.FAILED}
    known_taken = row.state == CaptureState.SUCCEEDED
    asked = payment.money(row.amount_minor)
    if (taken and not known_taken) or (refused and known_taken):
        recording.conflict(payment, row.id, "outcome_mismatch", work, at=at)
    elif taken and answer.amount is not None and answer.amount != asked:
        recording.conflict(payment, row.id, _mismatch(answer.amount, asked), work, at=at)


def _mismatch(told: Money, asked: Money) -> str:
    return "amount_mismatch" if told.currency == asked.currency else "currency_mismatch"
