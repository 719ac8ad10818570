"""Giving back what was taken."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.kernel.events import Code
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.payments import data, errors, events
from fintech.payments.data import AnswerStatus, CaptureState, PaymentState, RefundState
from fintech.payments.models import Attempt, Capture, Payment, Refund
from fintech.payments.models.refund import whole
from fintech.payments.services import (
    beats,
    booking,
    claims,
    drafting,
    errands,
    recording,
    rows,
)
from fintech.payments.services.writing import Work

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
AT_ONCE = 10  # As many parts of a refund does a caller wait for.


def refund(
    *,
    merchant_id: UUID,
    payment_id: UUID,
    amount: Money | None = None,
    reason: str = "",
    metadata: Mapping[str, str] | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Refund]:
    """
    Give back what was taken: all that is left of it, or part.

    A refund that the provider will not do comes back as failed, not as an error: it
    exists, and its failure is a fact. One without an answer is asked about again.

    What no single capture holds is spread over them, the oldest first. All parts are decided
    in one commit and asked for one after the other, whatever came of the one before; if the
    provider does some and not others, the refund has partially succeeded and what failed can
    be refunded anew.

    Args:
        amount: at most what was taken and is not on its way back; None is all of that.

    Raises:
        PaymentNotFound: the merchant has no such payment.
        AlreadyRefunded, RefundTooLarge, AmountTooSmall, CurrencyMismatch: as they say.
        NotRefundable: nothing was taken, or the money went into a wallet.
        ParameterInvalid: the reason or the metadata is not acceptable.
    """
    check_reason(reason)
    drafting.check_metadata(metadata or {})

    def request(
        payment: Payment,
        attempt: Attempt | None,  # noqa: ARG001 - a capture knows its own attempt.
        work: Work,
    ) -> data.Errand:
        return begin(
            payment, work, amount=amount, reason=reason, metadata=metadata or {}, key=key, at=at
        )

    done = beats.run(
        payment_id=payment_id,
        merchant_id=merchant_id,
        request=request,
        hear=hear,
        key=key,
        by=by,
        at=at,
    )
    if not isinstance(done.value, data.Refund):
        message = "a refund's outcome is the refund"
        raise TypeError(message)
    return Done(value=done.value, replayed=done.replayed)


def check_reason(reason: str) -> None:
    """Refuse what is none of the reasons with `ParameterInvalid`."""
    if reason and reason not in REASONS:
        raise errors.ParameterInvalid("reason", f"This must be one of {', '.join(REASONS)}.")


def begin(
    payment: Payment,
    work: Work,
    *,
    amount: Money | None,
    reason: str,
    metadata: Mapping[str, str],
    key: Key | None,
    at: datetime,
) -> data.Errand:
    """Note what is to be given back, and return what the provider is asked, part by part."""
    asked = checked(payment, amount)
    shares = _shares(payment, asked)
    parts: list[Refund] = []
    for capture, minor in shares:
        row = Refund(
            payment=payment,
            attempt=capture.attempt,
            capture=capture,
            merchant_id=payment.merchant_id,
            currency=payment.currency,
            amount_minor=minor,
            reason=reason,
            metadata=dict(metadata),
            provider=capture.provider,
            created_at=at,
        )
        if len(shares) > 1:
            row.whole_id = parts[0].id if parts else row.id
        # What nobody waits for is due at once: the clock asks.
        row.submit(check_at=at if len(parts) >= AT_ONCE else at + rows.FIRST_CHECK)
        payment.refund_pending_minor += minor
        capture.refunded_minor += minor
        parts.append(row)
        work.touch(payment, capture)
        work.facts.append(
            rows.tell_refund(
                events.RefundCreated, row, at=at, reason=Code(reason), capture_id=capture.id
            )
        )
    waited_for = parts[:AT_ONCE]
    waited_for[-1].claim = claims.kept(key)  # Whoever hears the last of them answers the caller.
    work.insert.extend(parts)
    first, *others = map(errands.of_refund, waited_for)
    return replace(first, then=tuple(others))


def checked(payment: Payment, amount: Money | None) -> Money:
    """Return how much is given back, or raise why it cannot be."""
    if payment.purpose != data.Purpose.SALE:
        raise errors.NotRefundable(payment_id=payment.id, because="the money went into a wallet")
    if payment.state not in {PaymentState.CAPTURED, PaymentState.PARTIALLY_CAPTURED}:
        raise errors.NotRefundable(
            payment_id=payment.id, because=f"it is {payment.state.replace('_', ' ')}"
        )
    left = payment.money(payment.refundable_minor)
    asked = left if amount is None else amount
    if asked > left or not left:  # Money refuses to compare two currencies.
        if not left:
            raise errors.AlreadyRefunded(payment.id)
        raise errors.RefundTooLarge(payment_id=payment.id, asked=asked, left=left)
    if asked.minor < 1:
        raise errors.AmountTooSmall(asked.minor)
    return asked


def _shares(payment: Payment, asked: Money) -> list[tuple[Capture, int]]:
    """
    Return what goes back to which capture, in minor units: providers refund per capture.

    That is the oldest capture that holds it all; where none does, each in turn gives what
    it still holds, the oldest first.
    """
    found = list(
        Capture.objects.filter(payment_id=payment.id, state=CaptureState.SUCCEEDED)
        .select_related("attempt__payment_method")
        .order_by("id")
    )
    for capture in found:
        capture.payment = capture.attempt.payment = payment
        if capture.amount_minor - capture.refunded_minor >= asked.minor:
            return [(capture, asked.minor)]
    shares, missing = [], asked.minor
    for capture in found:
        share = min(capture.amount_minor - capture.refunded_minor, missing)
        if share:
            shares.append((capture, share))
            missing -= share
    if missing:
        message = f"the captures of payment {payment.id} hold {missing} less than it says"
        raise RuntimeError(message)
    return shares


def hear(
    payment: Payment,
    reference: UUID,
    answer: data.Answer,
    work: Work,
    at: datetime,
) -> data.Refund | Refusal:
    """Move a refund and its payment by one answer; what is known already changes nothing."""
    row = Refund.objects.select_related("attempt__payment_method", "capture").get(
        id=reference, payment_id=payment.id
    )
    row.payment = row.attempt.payment = row.capture.payment = payment
    if not row.is_open:
        _hear_again(row, answer, work, at=at)
        return rows.refund_value(row)
    if answer.status in {AnswerStatus.APPROVED, AnswerStatus.SUCCEEDED}:
        _succeed(row, answer, work, at=at)
    elif answer.status == AnswerStatus.PENDING:
        row.take_on(provider_reference=answer.provider_reference, check_at=at + rows.CHECKS[-1])
    elif answer.status in {AnswerStatus.DECLINED, AnswerStatus.FAILED, AnswerStatus.ABSENT}:
        _fail(row, answer, work, at=at)
    else:
        _lose_sight(row, work, at=at)
    work.touch(row)
    parts = rows.parts_of(row)
    if len(parts) > 1:
        _complete(parts, work, at=at)
    outcome = whole(parts)
    claimed = claims.found(row.merchant_id, row.claim)
    if claimed is not None:
        row.claim = None
        work.settled.append((claimed, outcome))
    return outcome


def _complete(parts: list[Refund], work: Work, *, at: datetime) -> None:
    """Tell that the last open part of a refund has come to something."""
    if any(part.is_open for part in parts):
        return
    given = [part for part in parts if part.state == RefundState.SUCCEEDED]
    first = parts[0]
    work.touch(first)
    work.facts.append(
        rows.tell_refund(
            events.RefundCompleted,
            first,
            at=at,
            amount=Money(sum(part.amount_minor for part in given), first.currency),
            parts=len(given),
        )
    )


def _succeed(row: Refund, answer: data.Answer, work: Work, *, at: datetime) -> None:
    asked = row.payment.money(row.amount_minor)
    if answer.amount is not None and answer.amount != asked:
        recording.conflict(row.payment, row.id, "amount_mismatch", work, at=at)
        row.lose_sight(check_at=at + rows.CHECKS[-1])
        return
    booking.give_back(row, row.payment, work, reference=answer.provider_reference, at=at)


def _fail(row: Refund, answer: data.Answer, work: Work, *, at: datetime) -> None:
    row.fail(answer.decline_code or str(answer.status))
    row.payment.refund_pending_minor -= row.amount_minor
    row.capture.refunded_minor -= row.amount_minor
    work.touch(row.payment, row.capture)
    work.facts.append(
        rows.tell_refund(events.RefundFailed, row, at=at, failure_reason=Code(row.failure_code))
    )


def _lose_sight(row: Refund, work: Work, *, at: datetime) -> None:
    if row.state == RefundState.UNKNOWN:
        row.checks += 1
    check_at, in_vain = beats.lost(row.checks, at)
    row.lose_sight(check_at=check_at)
    if row.payment.state == PaymentState.CONFLICTED:
        return  # People look at it already; it goes on being asked, quietly.
    if in_vain:
        recording.conflict(row.payment, row.id, "outcome_unknown", work, at=at)
        return
    work.facts.append(rows.tell_refund(events.RefundOutcomeUnknown, row, at=at, checks=row.checks))


def _hear_again(row: Refund, answer: data.Answer, work: Work, *, at: datetime) -> None:
    """Agree with what is known, take money back that came back, or freeze."""
    given = answer.status in {AnswerStatus.APPROVED, AnswerStatus.SUCCEEDED}
    refused = answer.status in {AnswerStatus.DECLINED, AnswerStatus.FAILED}
    asked = row.payment.money(row.amount_minor)
    if refused and row.state == RefundState.SUCCEEDED:
        booking.take_back(row, row.payment, work, code=answer.decline_code or "returned", at=at)
    elif given and row.state == RefundState.FAILED and row.returned_at is None:
        recording.conflict(row.payment, row.id, "outcome_mismatch", work, at=at)
    elif given and answer.amount is not None and answer.amount != asked:
        recording.conflict(row.payment, row.id, "amount_mismatch", work, at=at)
