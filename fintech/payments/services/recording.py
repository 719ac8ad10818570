"""
The third beat of a confirmation: record what the provider said, and commit it.

Whoever hears first (the caller, a callback, the janitor) records; whoever hears the
same later changes nothing; whoever hears something else freezes the payment.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django_subatomic import db

from fintech.kernel import columns, ids
from fintech.kernel.actor import Actor
from fintech.kernel.columns import Column
from fintech.kernel.events import Code, Event
from fintech.ledger.errors import PostingRefused
from fintech.payments import data, errors, events
from fintech.payments.data import AnswerStatus, AttemptState, PaymentState
from fintech.payments.models import Attempt, Capture, Payment
from fintech.payments.providers import registry
from fintech.payments.services import booking, claims, rehearsing, rows
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


def record(answers: Sequence[data.Answered], *, by: Actor) -> list[data.Payment]:
    """
    Record what providers said about authorizations. Commits.

    Payments come back in the order of `answers`. Automatic captures are booked in the
    same commit. A batch that the database refuses is recorded again one by one.

    Raises:
        AttemptNotFound: an answer names an attempt that does not exist.
        DatabaseError: one was refused; the others are recorded.
    """
    recorded = record_each(answers, by=by)
    for payment in recorded:
        if isinstance(payment, Exception):
            raise payment
    return [payment for payment in recorded if not isinstance(payment, Exception)]


def record_each(
    answers: Sequence[data.Answered], *, by: Actor
) -> list[data.Payment | DatabaseError]:
    """Record as `record` does, with what the database refused in its place of the list."""
    if not answers:
        return []
    try:
        with db.transaction_if_not_already(), columns.pipelined():
            return list(record_inside(answers, by=by))
    except PostingRefused:
        if len(answers) == 1:
            return [_freeze(replace(answers[0], known=None), by=by)]
    except DatabaseError as failure:
        if len(answers) == 1:
            return [failure]
    # What was refused is taken back, but not from rows in memory: they are read again.
    afresh = [replace(answer, known=None) for answer in answers]
    return [payment for answer in afresh for payment in record_each([answer], by=by)]


def _freeze(answered: data.Answered, *, by: Actor) -> data.Payment:
    """Give people a payment whose money has moved outside while our books refuse it."""
    with db.transaction_if_not_already():
        attempt = lock_attempts([answered])[answered.attempt_id]
        work = Work()
        conflict(attempt.payment, attempt.id, "posting_refused", work, at=answered.at)
        attempt.next_check_at = answered.at + rows.CHECKS[-1]
        _settle(attempt, work)
        work.touch(attempt)
        work.write(at=answered.at, by=answered.by or by)
    return rows.value(attempt.payment, attempt)


def _ask_later(attempt: Attempt, work: Work, *, at: datetime) -> None:
    """Leave an attempt alone for a day, because people look at its payment."""
    if attempt.next_check_at is not None:
        attempt.next_check_at = at + rows.CHECKS[-1]
        work.touch(attempt)


def record_inside(answers: Sequence[data.Answered], *, by: Actor) -> list[data.Payment]:
    """Record in the caller's transaction; what the database or the books refuse is his."""
    attempts = lock_attempts(answers)
    work = Work()
    for answered in answers:
        apply(attempts[answered.attempt_id], answered, work)
        told = len(work.facts) - len(work.actors)
        work.actors.extend([answered.by or by] * told)
    recorded = [
        rows.value(attempts[answered.attempt_id].payment, attempts[answered.attempt_id])
        for answered in answers
    ]
    work.write(at=answers[0].at, by=rows.voice([answered.by or by for answered in answers]))
    return recorded


_LOCK = """
SELECT a.id, p.version FROM payments_attempt a JOIN payments_payment p ON p.id = a.payment_id
WHERE a.id = ANY(%b) ORDER BY a.payment_id, a.id FOR UPDATE OF p, a
"""


def lock_attempts(answers: Sequence[data.Answered]) -> dict[UUID, Attempt]:
    """
    Lock attempts and their payments, in the order of the payments' ids.

    The payment's row is locked before the attempt's (PostgreSQL goes by the order of
    `OF`), because everything that belongs to a payment changes under its lock. Nothing
    changes without raising the payment's version, so rows that an answer brings along
    are those stored if the version is; others are read.
    """
    wanted = rows.in_id_order(answered.attempt_id for answered in answers)
    with columns.cursor() as cursor:
        cursor.execute(_LOCK, [Column("uuid", wanted)])
        versions = dict(cursor.fetchall())
    found = {
        answered.attempt_id: answered.known
        for answered in answers
        if answered.known is not None
        and answered.known.payment.version == versions.get(answered.attempt_id)
    }
    missing = [attempt_id for attempt_id in wanted if attempt_id not in found]
    if missing:
        stored = Attempt.objects.select_related("payment__payment_method", "payment_method")
        found |= {attempt.id: attempt for attempt in stored.filter(id__in=missing)}
    for attempt_id in wanted:
        if attempt_id not in found:
            raise errors.AttemptNotFound(attempt_id)
    return found


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
    _settle(attempt, work)


def _settle(attempt: Attempt, work: Work) -> None:
    key = claims.found(attempt.merchant_id, attempt.claim)
    if key is not None:
        attempt.claim = None
        work.settled.append((key, rows.value(attempt.payment, attempt)))


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


def ask_for(
    attempt: Attempt, *, at: datetime, by: Actor | None = None, others: tuple[str, ...] = ()
) -> data.Ask:
    """Return what the provider is to be asked for an attempt, and who if it does nothing."""
    return data.Ask(
        payment_id=attempt.payment_id,
        attempt_id=attempt.id,
        provider=attempt.provider,
        amount=attempt.payment.money(attempt.amount_minor),
        card=attempt.payment_method.card_token,
        capture=attempt.captures_at_once,
        authenticated=attempt.authenticated_at is not None,
        others=others,
        at=at,
        by=by,
        known=attempt,
    )


def ask(question: data.Ask) -> data.Answered:
    """
    The second beat: ask the provider, with no transaction open.

    Raises:
        RuntimeError: a transaction is open; an outside call must never hold one.
    """
    if rehearsing.current() is not None:
        answer = data.Answer(
            status=AnswerStatus.APPROVED,
            amount=question.amount,
            provider_reference=f"dry_run_{question.attempt_id}",
        )
        return _answered(question, answer)
    refuse_open_transaction()
    return ask_provider(question)


def ask_provider(question: data.Ask) -> data.Answered:
    """Ask; the caller has seen to it that no transaction is open (threads have their own)."""
    answer = registry.provider(question.provider).authorize(
        reference=str(question.attempt_id),
        amount=question.amount,
        card=question.card,
        capture=question.capture,
        authenticated=question.authenticated,
        at=question.at,
    )
    return _answered(question, answer)


def _answered(question: data.Ask, answer: data.Answer) -> data.Answered:
    return data.Answered(
        attempt_id=question.attempt_id,
        answer=answer,
        at=question.at,
        by=question.by,
        known=question.known,
    )


def refuse_open_transaction() -> None:
    """Make sure that no lock is held while the outside world takes its time."""
    if db.in_transaction():
        message = "a provider is asked only when no transaction is open"
        raise RuntimeError(message)
