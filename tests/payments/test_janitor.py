"""Asking again until it is known, and giving people what never will be."""

from datetime import timedelta

import pytest

from fintech.fraud import services as fraud  # noqa: F401 - the rooms below are loaded.
from fintech.ledger import queries as ledger_queries
from fintech.payments import errors, queries
from fintech.payments import services as payments
from fintech.payments.data import AttemptState, PaymentState
from fintech.payments.models import Attempt
from fintech.payments.providers import circuit
from fintech.payments.services.rows import CHECKS
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


def ask_again(after: timedelta) -> int:
    return payments.resolve_due(by=BY, at=NOON + after)


def test_nothing_is_asked_before_its_time(shop, acquirer):
    make.confirmed(shop.id, token="acquirer_timeout")
    assert ask_again(timedelta(seconds=59)) == 0
    assert ask_again(timedelta(seconds=60)) == 1
    assert ask_again(timedelta(days=30)) == 0


def test_a_lost_answer_is_found_and_nothing_is_charged_twice(shop, told, acquirer):
    payment = make.confirmed(shop.id, token="acquirer_timeout")

    ask_again(timedelta(minutes=1))

    assert make.now(payment).state == PaymentState.CAPTURED
    assert told(payment)[-3:] == ["outcome_unknown", "authorized", "captured"]
    assert acquirer.counts() == {"authorization_succeeded": 1}
    assert acquirer.asked[str(payment.latest_attempt.id)] == 1
    assert ledger_queries.merchant_pending(shop.id, "EUR").posted == eur(41_65)


def test_an_authorization_that_never_arrived_charged_nobody(shop, acquirer):
    acquirer.fall_silent()
    payment = make.confirmed(shop.id, key=make.key(shop.id, "k"))
    acquirer.fall_silent(silent=False)

    ask_again(timedelta(minutes=1))

    assert make.now(payment).state == PaymentState.CREATED
    assert make.now(payment).last_error.decline_code == "acquirer_unavailable"
    assert acquirer.counts() == {}


def test_who_died_between_two_beats_is_found_by_the_clock(shop, told, acquirer):
    """The decision is committed, and the process is gone before it asked anybody."""
    payment = make.created(shop.id)
    from fintech.payments import data

    order = data.Begin(
        merchant_id=shop.id,
        payment_id=payment.id,
        token="visa",
        at=NOON,
        key=make.key(shop.id, "k"),
    )
    payments.begin([order], by=BY)
    assert make.now(payment).state == PaymentState.PROCESSING

    ask_again(timedelta(minutes=1))

    assert make.now(payment).state == PaymentState.CREATED
    # The client's retry under its key hears what became of it.
    with pytest.raises(errors.AcquirerUnavailable) as refused:
        payments.confirm_one(order, by=BY)
    assert refused.value.replayed


def test_who_died_after_asking_is_found_by_the_clock(shop, acquirer):
    payment = make.created(shop.id)
    from fintech.payments import data

    order = data.Begin(
        merchant_id=shop.id,
        payment_id=payment.id,
        token="visa",
        at=NOON,
        key=make.key(shop.id, "k"),
    )
    begun = payments.begin([order], by=BY)[0]
    payments.ask(begun.ask)

    ask_again(timedelta(minutes=1))

    assert make.now(payment).captured == eur(42_50)
    again = payments.confirm_one(order, by=BY)
    assert (again.replayed, again.value) == (True, make.now(payment))
    assert acquirer.counts() == {"authorization_succeeded": 1}


def test_a_silent_acquirer_is_asked_less_and_less_and_then_people_decide(shop, told, acquirer):
    acquirer.fall_silent()
    payment = make.confirmed(shop.id)
    at, asked = NOON, []
    while (due := Attempt.objects.get().next_check_at) is not None:
        asked.append(due - at)
        at = due
        assert payments.resolve_due(by=BY, at=at) == 1

    assert tuple(asked) == CHECKS
    frozen = make.now(payment)
    assert frozen.state == PaymentState.CONFLICTED
    assert frozen.review_id is not None
    assert frozen.latest_attempt.state == AttemptState.ERRORED
    assert told(payment)[-1] == "conflicted"
    assert payments.resolve_due(by=BY, at=at + timedelta(days=30)) == 0


def test_an_unknown_refund_keeps_its_money_aside_until_people_decide(shop, acquirer):
    payment = make.captured(shop.id)
    acquirer.fall_silent()
    refund = payments.refund(
        merchant_id=shop.id, payment_id=payment.id, amount=eur(10_00), by=BY, at=NOON
    ).value
    at = NOON
    for wait in CHECKS:
        at += wait
        assert payments.resolve_due(by=BY, at=at) == 1

    assert make.now(payment).state == PaymentState.CONFLICTED
    assert make.now(payment).refund_pending == eur(10_00)
    # It goes on being asked, once a day; the answer is still worth knowing.
    acquirer.fall_silent(silent=False)
    assert payments.resolve_due(by=BY, at=at + timedelta(days=1)) == 1
    assert queries.refund(refund.id, shop.id).state == "succeeded"
    assert make.now(payment).refunded == eur(10_00)
    assert make.now(payment).state == PaymentState.CONFLICTED


def test_a_provider_that_is_left_alone_is_asked_later_and_its_schedule_waits(shop, acquirer):
    """Held open for two days, it is not asked; then it is asked as if it were a minute."""
    taken = make.authorized(shop.id)
    payment = make.confirmed(shop.id, token="acquirer_timeout")
    acquirer.fall_silent()
    payments.capture(merchant_id=shop.id, payment_id=taken.id, by=BY, at=NOON)
    acquirer.fall_silent(silent=False)
    asked = acquirer.asked.total()
    circuit.hold("simulator", "open")
    try:
        assert [ask_again(timedelta(days=days)) for days in (1, 2)] == [0, 0]
        assert acquirer.asked.total() == asked
        assert Attempt.objects.get(payment_id=payment.id).checks == 0
    finally:
        circuit.hold("simulator", "")

    assert ask_again(timedelta(days=2)) == 2
    assert {make.now(one).state for one in (payment, taken)} == {PaymentState.CAPTURED}
