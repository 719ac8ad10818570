"""What ends because its time has come."""

from datetime import timedelta

import pytest

from fintech.fraud import queries as fraud_queries
from fintech.ledger import queries as ledger_queries
from fintech.payments import services as payments
from fintech.payments.data import PaymentState
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


def expire(after: timedelta) -> int:
    return payments.expire_due(by=BY, at=NOON + after)


def test_a_payment_nobody_confirmed_is_abandoned(shop, told):
    payment = make.created(shop.id)
    assert expire(timedelta(days=29)) == 0
    assert expire(timedelta(days=30)) == 1
    ended = make.now(payment)
    assert (ended.state, ended.cancellation_reason) == (PaymentState.CANCELED, "abandoned")
    assert told(payment)[-1] == "canceled"


def test_an_authorization_that_has_run_out_is_let_go(shop, told, acquirer):
    payment = make.authorized(shop.id)
    assert expire(timedelta(days=7)) == 1
    ended = make.now(payment)
    assert (ended.state, ended.cancellation_reason) == (PaymentState.CANCELED, "expired")
    assert told(payment)[-2:] == ["cancel_requested", "canceled"]
    assert acquirer.counts()["void_succeeded"] == 1
    assert ledger_queries.merchant_pending(shop.id, "EUR").pending == eur(0)


def test_of_a_payment_taken_in_part_the_rest_runs_out(shop):
    payment = make.authorized(shop.id)
    payments.capture(
        merchant_id=shop.id, payment_id=payment.id, amount=eur(1_00), final=False, by=BY, at=NOON
    )
    assert expire(timedelta(days=7)) == 1
    ended = make.now(payment)
    assert (ended.state, ended.captured) == (PaymentState.CAPTURED, eur(1_00))


def test_a_challenge_nobody_answered_is_a_declined_attempt(shop, told):
    payment = make.challenged(shop.id)
    assert expire(timedelta(hours=1)) == 1
    ended = make.now(payment)
    assert ended.state == PaymentState.CREATED
    assert ended.last_error.decline_code == "authentication_required"
    assert told(payment)[-1] == "declined"
    assert ended.latest_attempt.authentication == "timed_out"


def test_a_review_nobody_decided_lets_the_money_go(shop, acquirer):
    payment = make.in_review(shop.id)
    assert expire(timedelta(days=7)) == 1
    ended = make.now(payment)
    assert (ended.state, ended.cancellation_reason) == (PaymentState.CANCELED, "fraudulent")
    assert acquirer.counts()["void_succeeded"] == 1
    assert [str(case.state) for case in fraud_queries.cases()] == ["closed"]
