"""
Going over to another provider, when the one that was asked has done nothing.

Only a soft failure goes over: the provider was not reached, did not do it for reasons of
its own, or the payer's bank could not process the card. An unknown outcome never does (the
money may be reserved already), nor a bank's no, nor a challenge. That one attempt has
failed and another exists is committed before the other provider is asked, so a process
that dies between them is found by the clock like any other.
"""

from django_subatomic import db

from fintech.kernel import ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.payments import data, events
from fintech.payments.data import AnswerStatus, AttemptState, PaymentState
from fintech.payments.models import Attempt
from fintech.payments.services import limits, recording, rows
from fintech.payments.services.writing import Work
from fintech.wallets import services as wallets

# What a bank says when it is not the card, the payer or the money that it objects to.
_SOFT_DECLINES = frozenset({"processing_error"})


def ask(question: data.Ask, *, by: Actor) -> data.Answered:
    """Ask a provider, and the next ones while it does nothing; return the last answer."""
    return go_on(question, recording.ask(question), by=by)


def go_on(question: data.Ask, answered: data.Answered, *, by: Actor) -> data.Answered:
    """Ask the next providers while what was answered is a soft failure."""
    while question.others and _is_soft(answered.answer):
        following = _go_over(question, answered, by=question.by or by)
        if following is None:
            break  # Somebody else has recorded it meanwhile, or nothing may follow.
        question, answered = following, recording.ask(following)
    return answered


def _is_soft(answer: data.Answer) -> bool:
    if answer.status == AnswerStatus.DECLINED:
        return answer.decline_code in _SOFT_DECLINES
    return answer.status in {AnswerStatus.ABSENT, AnswerStatus.FAILED}


def _go_over(question: data.Ask, answered: data.Answered, *, by: Actor) -> data.Ask | None:
    """End the attempt, begin one at the next provider, and commit."""
    at = answered.at
    with db.transaction():
        attempt = recording.lock_attempts([answered])[answered.attempt_id]
        payment = attempt.payment
        if (
            attempt.state != AttemptState.AUTHORIZING
            or payment.state != PaymentState.PROCESSING
            or attempt.authenticated_at is not None
            or payment.attempts >= rows.MAX_ATTEMPTS
        ):
            return None
        following = _following(attempt, question, answered.answer)
        if not _limits_move(attempt, following):
            return None
        was = payment.state
        _end(attempt, answered.answer)
        payment.reroute()
        following.number = payment.attempts
        following.ask(check_at=at + rows.FIRST_CHECK)
        # The key goes along: whoever records the last attempt's outcome settles it.
        following.claim, attempt.claim = attempt.claim, None
        work = Work()
        work.touch(payment, attempt)
        work.facts.append(
            rows.tell(
                events.PaymentRerouted,
                payment,
                was=was,
                at=at,
                attempt_id=attempt.id,
                provider=Code(attempt.provider),
                reason=Code(attempt.decline_code),
                next_attempt_id=following.id,
                next_provider=Code(following.provider),
            )
        )
        work.write(at=at, by=by)
        # Only now is the first one closed, and a payment has one open attempt.
        Work(insert=[following]).write(at=at, by=by)
    return recording.ask_for(following, at=at, by=question.by, others=question.others[1:])


def _end(attempt: Attempt, answer: data.Answer) -> None:
    if answer.status == AnswerStatus.DECLINED:
        attempt.decline(reference=answer.provider_reference, code=answer.decline_code)
    else:
        attempt.fail("acquirer_unavailable")


def _following(attempt: Attempt, question: data.Ask, answer: data.Answer) -> Attempt:
    """Return an attempt like the one before, with the same decision, at the next provider."""
    return Attempt(
        id=ids.new(),
        payment=attempt.payment,
        merchant_id=attempt.merchant_id,
        currency=attempt.currency,
        amount_minor=attempt.amount_minor,
        captures_at_once=attempt.captures_at_once,
        provider=question.others[0],
        route_id=attempt.route_id,
        routed_by=f"fail_over:{answer.decline_code or answer.status}"[:60],
        payment_method=attempt.payment_method,
        assessment_id=attempt.assessment_id,
        case_id=attempt.case_id,
        score=attempt.score,
        decision=attempt.decision,
        created_at=question.at,
    )


def _limits_move(attempt: Attempt, following: Attempt) -> bool:
    """Hand what the attempt has reserved of its limits on; False if it does not fit any more."""
    wanted = limits.request_for(
        attempt.payment,
        attempt.payment_method,
        attempt_id=following.id,
        at=following.created_at,
    )
    wallets.free([attempt.id])
    return not wallets.reserve([wanted])[0]
