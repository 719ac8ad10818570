"""The payer proves who they are, on a page of ours, and the payment goes on or does not."""

from datetime import datetime
from uuid import UUID

from django_subatomic import db

from fintech.kernel.actor import Actor
from fintech.payments import data, errors, events
from fintech.payments.data import Authentication, PaymentState
from fintech.payments.models import Attempt, Payment
from fintech.payments.services import paying, recording, rows
from fintech.payments.services.writing import Work

DECLINE_CODE = "authentication_required"


def answer_challenge(*, attempt_id: UUID, passed: bool, by: Actor, at: datetime) -> data.Payment:
    """
    Go on with a payment whose payer came back from the hosted challenge.

    A payer who passed is charged in three beats; for what the issuer then reserves, the issuer
    is liable and not the merchant.
    A payer who failed has had one attempt; the payment waits for another. A decline is
    the payment's state here, not an error: a page shows it.

    Raises:
        AttemptNotFound: there is no such attempt.
        UnexpectedState: the payment is not waiting for this payer, or no longer.
    """
    payment_id = Attempt.objects.filter(id=attempt_id).values_list("payment_id", flat=True).first()
    if payment_id is None:
        raise errors.AttemptNotFound(attempt_id)
    with db.transaction():
        payment, attempt = rows.locked(payment_id)
        if attempt is None or attempt.id != attempt_id:
            raise errors.UnexpectedState(
                payment_id=payment.id, state=payment.state, action="be authenticated"
            )
        _refuse_unless_waiting(payment, at=at)
        attempt.payment = payment
        work = Work()
        if passed:
            _go_on(payment, attempt, work, at=at)
        else:
            fail(payment, attempt, work, at=at)
        work.write(at=at, by=by)
        if passed and attempt.provider == data.WALLET:
            return paying.from_wallet(recording.ask_for(attempt, at=at), by=by)
    if not passed:
        return rows.value(payment, attempt)
    answered = recording.ask(recording.ask_for(attempt, at=at))
    return recording.record([answered], by=by)[0]


def _refuse_unless_waiting(payment: Payment, *, at: datetime) -> None:
    late = payment.expires_at is not None and at >= payment.expires_at
    if payment.state != PaymentState.AWAITING_PAYER or late:
        raise errors.UnexpectedState(
            payment_id=payment.id,
            state=payment.state,
            action="be authenticated",
            because="the time to answer has run out" if late else "",
        )


def _go_on(payment: Payment, attempt: Attempt, work: Work, *, at: datetime) -> None:
    was = payment.state
    payment.answer_challenge()
    attempt.authenticate(at=at, check_at=at + rows.FIRST_CHECK)
    work.touch(payment, attempt)
    work.facts.append(
        rows.tell(events.PaymentChallengeAnswered, payment, was=was, at=at, attempt_id=attempt.id)
    )


def fail(
    payment: Payment, attempt: Attempt, work: Work, *, in_time: bool = True, at: datetime
) -> None:
    """Decline the attempt of a payer who did not prove who they are, or not in time."""
    attempt.authentication = Authentication.FAILED if in_time else Authentication.TIMED_OUT
    attempt.decline(reference=attempt.provider_reference, code=DECLINE_CODE)
    work.facts.extend(recording.end_attempt(payment, attempt, decline_code=DECLINE_CODE, at=at))
    work.freed.append(attempt.id)
    work.touch(payment, attempt)
