"""The payer proves who they are, or does not."""

from datetime import timedelta
from uuid import uuid4

import pytest

from fintech.kernel import ids
from fintech.payments import errors
from fintech.payments import services as payments
from fintech.payments.data import AttemptState, PaymentState
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


def answer(payment, *, passed=True, at=NOON):
    return payments.answer_challenge(
        attempt_id=payment.latest_attempt.id, passed=passed, by=BY, at=at
    )


def test_the_payer_is_sent_to_a_page_of_ours(shop, settings):
    payment = make.challenged(shop.id)
    attempt = ids.public("ch", payment.latest_attempt.id)
    assert payment.next_action_url == f"{settings.BASE_URL}/pay/challenge/{attempt}"
    assert payment.actions == ("cancel",)


def test_who_passes_is_charged_and_the_issuer_is_liable(shop, told, acquirer):
    payment = make.challenged(shop.id)

    paid = answer(payment)

    assert (paid.state, paid.captured) == (PaymentState.CAPTURED, eur(42_50))
    assert paid.latest_attempt.authenticated
    assert paid.next_action_url is None
    assert told(payment) == [
        "created",
        "confirmed",
        "assessed",
        "challenged",
        "challenge_answered",
        "authorized",
        "captured",
    ]
    assert acquirer.counts() == {"authorization_succeeded": 1}


def test_who_fails_has_had_one_attempt(shop):
    payment = make.challenged(shop.id)

    back = answer(payment, passed=False)

    assert (back.state, back.last_error.code) == (PaymentState.CREATED, "authentication_required")
    assert back.latest_attempt.state == AttemptState.DECLINED
    again = payments.confirm(
        merchant_id=shop.id, payment_id=payment.id, token="visa", by=BY, at=NOON
    ).value
    assert again.state == PaymentState.CAPTURED


def test_a_challenge_is_answered_once_and_in_time(shop):
    payment = make.challenged(shop.id)
    with pytest.raises(errors.UnexpectedState, match="the time to answer has run out"):
        answer(payment, at=NOON + timedelta(hours=1))
    answer(payment)
    with pytest.raises(errors.UnexpectedState):
        answer(payment)
    with pytest.raises(errors.AttemptNotFound):
        payments.answer_challenge(attempt_id=uuid4(), passed=True, by=BY, at=NOON)


def test_a_lost_answer_after_the_challenge_is_found(shop, acquirer):
    payment = make.challenged(shop.id)
    acquirer.lose_answers()
    assert answer(payment).state == PaymentState.PROCESSING
    payments.resolve_due(by=BY, at=NOON + timedelta(minutes=1))
    assert make.now(payment).captured == eur(42_50)
    assert acquirer.counts() == {"authorization_succeeded": 1}
