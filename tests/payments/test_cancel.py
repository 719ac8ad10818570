"""Ending a payment: at once before anyone was asked, afterwards by letting the money go."""

from datetime import timedelta

import pytest

from fintech.ledger import queries as ledger_queries
from fintech.payments import errors, queries
from fintech.payments import services as payments
from fintech.payments.data import Answer, AnswerStatus, AttemptState, PaymentState
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


def cancel(payment, reason="requested_by_customer", *, at=NOON, **facets):
    return payments.cancel(
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        reason=reason,
        by=BY,
        at=at,
        **facets,
    )


def test_a_payment_nobody_confirmed_ends_at_once(shop, told, acquirer):
    payment = make.created(shop.id)

    ended = cancel(payment).value

    assert (ended.state, ended.cancellation_reason, ended.canceled_at) == (
        PaymentState.CANCELED,
        "requested_by_customer",
        NOON,
    )
    assert ended.actions == ()
    assert told(payment) == ["created", "canceled"]
    assert acquirer.asked == {}


def test_reserved_money_is_let_go(shop, told, acquirer):
    payment = make.authorized(shop.id)

    ended = cancel(payment).value

    assert ended.state == PaymentState.CANCELED
    assert told(payment)[-2:] == ["cancel_requested", "canceled"]
    assert acquirer.counts() == {"authorization_approved": 1, "void_succeeded": 1}
    balance = ledger_queries.merchant_pending(shop.id, "EUR")
    assert (balance.posted, balance.pending) == (eur(0), eur(0))


def test_of_a_payment_taken_in_part_the_rest_is_let_go(shop, told):
    payment = make.authorized(shop.id)
    payments.capture(
        merchant_id=shop.id, payment_id=payment.id, amount=eur(10_00), final=False, by=BY, at=NOON
    )

    ended = cancel(payment).value

    assert (ended.state, ended.captured) == (PaymentState.CAPTURED, eur(10_00))
    assert told(payment)[-1] == "remainder_released"
    assert ledger_queries.merchant_pending(shop.id, "EUR").posted == eur(10_00 - 39)


def test_a_payer_in_a_challenge_is_sent_away(shop):
    payment = make.challenged(shop.id)

    assert cancel(payment).value.state == PaymentState.CANCELED
    attempt = queries.attempts_of(payment.id)[0]
    assert (attempt.state, attempt.decline_code) == (AttemptState.ERRORED, "canceled")
    with pytest.raises(errors.UnexpectedState):
        payments.answer_challenge(attempt_id=attempt.id, passed=True, by=BY, at=NOON)


def test_what_is_past_canceling_is_refused(shop):
    processing = make.confirmed(shop.id, token="acquirer_timeout")
    for payment in (make.captured(shop.id), make.in_review(shop.id), processing):
        with pytest.raises(errors.UnexpectedState, match="it cannot be canceled"):
            cancel(payment)
        assert make.now(payment) == payment


def test_a_reason_is_one_of_four(shop):
    payment = make.created(shop.id)
    with pytest.raises(errors.ParameterInvalid, match="must be one of"):
        cancel(payment, "bored")
    assert make.now(payment) == payment


def test_an_acquirer_that_holds_on_is_told(shop, told, acquirer):
    payment = make.authorized(shop.id)
    acquirer.say_next(Answer(status=AnswerStatus.FAILED, decline_code="no"))

    with pytest.raises(errors.ProviderRefused, match="did not let the money go"):
        cancel(payment)

    assert make.now(payment).state == PaymentState.AUTHORIZED
    assert told(payment)[-1] == "cancel_failed"
    assert make.now(payment).actions == ("capture", "adjust", "cancel")


def test_a_lost_answer_is_asked_about(shop, acquirer):
    payment = make.authorized(shop.id)
    acquirer.lose_answers()

    unsure = cancel(payment, key=make.key(shop.id, "k")).value

    assert unsure.state == PaymentState.AUTHORIZED
    with pytest.raises(errors.UnexpectedState, match="it is being canceled"):
        payments.capture(merchant_id=shop.id, payment_id=payment.id, by=BY, at=NOON)
    payments.resolve_due(by=BY, at=NOON + timedelta(minutes=1))
    assert make.now(payment).state == PaymentState.CANCELED
    assert acquirer.counts() == {"authorization_approved": 1, "void_succeeded": 1}


def test_one_key_lets_go_once(shop, acquirer):
    payment = make.authorized(shop.id)
    first = cancel(payment, key=make.key(shop.id, "k"))
    second = cancel(payment, key=make.key(shop.id, "k"))
    assert (first.value, second.replayed) == (second.value, True)
    assert acquirer.counts()["void_succeeded"] == 1
