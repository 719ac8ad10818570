"""What one answer makes of an attempt and its payment."""

from datetime import datetime

from fintech.kernel.events import Code
from fintech.payments import data, events
from fintech.payments.data import AnswerStatus, AttemptState, PaymentState
from fintech.payments.models import Attempt, Capture
from fintech.payments.services import booking, claims, rows
from fintech.payments.services.recording.ending import challenge, conflict, end_attempt
from fintech.payments.services.writing import Work


def apply(attempt: Attempt, answered: data.Answered, work: Work) -> None:
    """Move an attempt and its payment by one answer."""
    payment, answer, at = attempt.payment, answered.answer, answered.at
    if attempt.state not in {AttemptState.AUTHORIZING, AttemptState.UNKNOWN}:
        _hear_again(attempt, answer, work, at=at)
        return
    if payment.state == PaymentState.CONFLICTED:
        _ask_later(attempt, work, at=at)
        return
    if payment.state == PaymentState.AWAITING_PAYER:
        # The payer decides next; an approval now would be one that nobody asked for.
        if answer.status == AnswerStatus.APPROVED:
            conflict(payment, attempt.id, "approved_before_challenge", work, at=at)
        return
    if answer.status in {AnswerStatus.APPROVED, AnswerStatus.SUCCEEDED}:
        _approve(attempt, answer, work, at=at)
    elif answer.status == AnswerStatus.DECLINED:
        attempt.decline(
            reference=answer.provider_reference, code=answer.decline_code or "generic_decline"
        )
        work.facts.extend(end_attempt(payment, attempt, decline_code=attempt.decline_code, at=at))
        work.freed.append(attempt.id)
        work.declined.append(payment.id)
    elif answer.status == AnswerStatus.CHALLENGE:
        attempt.await_payer(reference=answer.provider_reference)
        work.facts.append(challenge(payment, attempt, at=at))
    elif answer.status in {AnswerStatus.ABSENT, AnswerStatus.FAILED}:
        attempt.fail()
        work.facts.extend(end_attempt(payment, attempt, decline_code="acquirer_unavailable", at=at))
        work.freed.append(attempt.id)
    else:
        _lose_sight(attempt, work, at=at)
    work.touch(payment, attempt)
    settle(attempt, work)


def settle(attempt: Attempt, work: Work) -> None:
    """Answer the key that an attempt has kept, if it has, with the payment as it is now."""
    key = claims.found(attempt.merchant_id, attempt.claim)
    if key is not None:
        attempt.claim = None
        work.settled.append((key, rows.value(attempt.payment, attempt)))


def _ask_later(attempt: Attempt, work: Work, *, at: datetime) -> None:
    """Leave an attempt alone for a day, because people look at its payment."""
    if attempt.next_check_at is not None:
        attempt.next_check_at = at + rows.CHECKS[-1]
        work.touch(attempt)


def _approve(attempt: Attempt, answer: data.Answer, work: Work, *, at: datetime) -> None:
    payment = attempt.payment
    asked = payment.money(attempt.amount_minor)
    if answer.amount is not None and answer.amount != asked:
        same = answer.amount.currency == asked.currency
        attempt.succeed(reference=answer.provider_reference, until=at + rows.AUTHORIZATION_LASTS)
        reason = "amount_mismatch" if same else "currency_mismatch"
        conflict(payment, attempt.id, reason, work, at=at)
        return
    until = at + rows.AUTHORIZATION_LASTS
    attempt.succeed(reference=answer.provider_reference, until=until)
    was = payment.state
    if payment.purpose == data.Purpose.SALE:
        booking.set_aside(payment, attempt, work, until=until, at=at)
    if attempt.decision == "review":
        review_id = attempt.case_id or attempt.id
        payment.open_review(asked, review_id=review_id, until=until)
        if attempt.case_id is not None:
            work.held.append((attempt.case_id, until))
        work.facts.append(
            rows.tell(
                events.PaymentReviewOpened,
                payment,
                was=was,
                at=at,
                attempt_id=attempt.id,
                case_id=review_id,
                provider=Code(attempt.provider),
                entry_id=attempt.entry_id,
                liability=Code(attempt.liability),
            )
        )
        return
    payment.authorize(asked, until=until)
    work.facts.append(
        rows.tell(
            events.PaymentAuthorized,
            payment,
            was=was,
            at=at,
            attempt_id=attempt.id,
            captures_at_once=attempt.captures_at_once,
            provider=Code(attempt.provider),
            entry_id=attempt.entry_id,
            liability=Code(attempt.liability),
        )
    )
    if attempt.captures_at_once:
        capture = Capture(
            payment=payment,
            attempt=attempt,
            merchant_id=payment.merchant_id,
            currency=payment.currency,
            amount_minor=attempt.amount_minor,
            final=True,
            reference=attempt.id,
            provider=attempt.provider,
            created_at=at,
        )
        booking.take(capture, payment, attempt, work, reference=answer.provider_reference, at=at)
        work.insert.append(capture)


def _lose_sight(attempt: Attempt, work: Work, *, at: datetime) -> None:
    payment = attempt.payment
    if attempt.state == AttemptState.UNKNOWN:
        attempt.checks += 1
    check_at = rows.next_check(attempt.checks, at)
    if check_at is None:
        attempt.fail()
        conflict(payment, attempt.id, "outcome_unknown", work, at=at)
        return
    attempt.lose_sight(check_at=check_at)
    was = payment.state
    payment.wait()
    work.facts.append(
        rows.tell(
            events.PaymentOutcomeUnknown,
            payment,
            was=was,
            at=at,
            operation=Code("authorization"),
            operation_id=attempt.id,
            checks=attempt.checks,
        )
    )


def _hear_again(attempt: Attempt, answer: data.Answer, work: Work, *, at: datetime) -> None:
    """Agree with what is known, or freeze."""
    approved = answer.status in {AnswerStatus.APPROVED, AnswerStatus.SUCCEEDED}
    refused = answer.status == AnswerStatus.DECLINED
    known_approved = attempt.state == AttemptState.AUTHORIZED
    asked = attempt.payment.money(attempt.amount_minor)
    if (approved and not known_approved) or (refused and known_approved):
        conflict(attempt.payment, attempt.id, "outcome_mismatch", work, at=at)
    elif approved and answer.amount not in {None, asked} and attempt.adjust_id is None:
        # Once another amount was reserved, an old word may tell of the one before.
        conflict(attempt.payment, attempt.id, "amount_mismatch", work, at=at)
