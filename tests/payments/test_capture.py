"""Taking reserved money: all, part, in parts, and never twice."""

from datetime import timedelta

import pytest

from fintech.kernel import event_log, ids
from fintech.kernel.money import CurrencyMismatch, Money
from fintech.ledger import queries as ledger_queries
from fintech.payments import errors, queries
from fintech.payments import services as payments
from fintech.payments.data import Answer, AnswerStatus, CaptureState, PaymentState
from fintech.payments.models import Attempt, Capture
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


def capture(payment, amount=None, *, at=NOON, **facets):
    return payments.capture(
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        amount=amount,
        by=BY,
        at=at,
        **facets,
    )


def pending(payment) -> Money:
    return ledger_queries.merchant_pending(payment.merchant_id, "EUR").posted


def test_takes_all_that_is_reserved(shop, told, acquirer):
    payment = make.authorized(shop.id)

    taken = capture(payment).value

    assert (taken.state, taken.captured, taken.fee) == (PaymentState.CAPTURED, eur(42_50), eur(85))
    assert told(payment)[-2:] == ["capture_requested", "captured"]
    assert pending(payment) == eur(41_65)
    assert acquirer.counts() == {"authorization_approved": 1, "capture_succeeded": 1}


def test_takes_a_part_and_lets_the_rest_go(shop):
    payment = make.authorized(shop.id)

    taken = capture(payment, eur(30_00)).value

    assert (taken.state, taken.captured, taken.capturable) == (
        PaymentState.CAPTURED,
        eur(30_00),
        eur(0),
    )
    assert pending(payment) == eur(30_00 - 67)
    with pytest.raises(errors.UnexpectedState):
        capture(payment, eur(1_00))


def test_takes_in_parts_until_one_is_final(shop, told):
    payment = make.authorized(shop.id)

    first = capture(payment, eur(10_00), final=False).value
    second = capture(payment, eur(20_00), final=False).value
    third = capture(payment, eur(5_00)).value

    assert [step.state for step in (first, second, third)] == [
        PaymentState.PARTIALLY_CAPTURED,
        PaymentState.PARTIALLY_CAPTURED,
        PaymentState.CAPTURED,
    ]
    assert first.capturable == eur(32_50)
    assert third.captured == eur(35_00)
    # The fixed part of the fee is taken once per payment: 14 + 25, 28, 7.
    assert third.fee == eur(74)
    assert pending(payment) == eur(35_00 - 74)
    assert [one.amount for one in queries.captures_of(payment.id)] == [
        eur(10_00),
        eur(20_00),
        eur(5_00),
    ]
    assert told(payment).count("captured") == 3


def test_the_last_part_is_final_by_itself(shop):
    payment = make.authorized(shop.id)
    capture(payment, eur(40_00), final=False)

    assert capture(payment, eur(2_50), final=False).value.state == PaymentState.CAPTURED


@pytest.mark.parametrize(
    ("amount", "error"),
    [
        (eur(42_51), errors.CaptureTooLarge),
        (eur(0), errors.AmountTooSmall),
        (eur(-1), errors.AmountTooSmall),
        (Money(42_50, "USD"), CurrencyMismatch),
    ],
)
def test_leaves_no_trace_when_refused(shop, acquirer, amount, error):
    payment = make.authorized(shop.id)
    before = event_log.after(0, 1000)

    with pytest.raises(error):
        capture(payment, amount)

    assert make.now(payment) == payment
    assert event_log.after(0, 1000) == before
    assert not Capture.objects.exists()
    assert acquirer.counts() == {"authorization_approved": 1}
    assert pending(payment) == eur(0)


def test_what_is_not_reserved_is_not_taken(shop):
    for payment in (make.created(shop.id), make.captured(shop.id), make.in_review(shop.id)):
        with pytest.raises(errors.UnexpectedState):
            capture(payment)


def test_an_authorization_does_not_last_for_ever(shop, acquirer):
    payment = make.authorized(shop.id)
    with pytest.raises(errors.AuthorizationExpired):
        capture(payment, at=NOON + timedelta(days=7))
    assert acquirer.counts() == {"authorization_approved": 1}


def test_an_acquirer_that_refuses_leaves_the_money_reserved(shop, told, acquirer):
    payment = make.authorized(shop.id)
    acquirer.say_next(Answer(status=AnswerStatus.FAILED, decline_code="authorization_not_open"))

    with pytest.raises(errors.ProviderRefused, match="did not take the money"):
        capture(payment, key=make.key(shop.id, "k"))

    assert make.now(payment).state == PaymentState.AUTHORIZED
    assert told(payment)[-2:] == ["capture_requested", "capture_failed"]
    assert pending(payment) == eur(0)
    with pytest.raises(Exception, match="did not take the money") as again:
        capture(payment, key=make.key(shop.id, "k"))
    assert again.value.replayed


def test_a_lost_answer_is_asked_about_and_nothing_is_taken_twice(shop, told, acquirer):
    payment = make.authorized(shop.id)
    acquirer.lose_answers()

    unsure = capture(payment).value

    assert unsure.state == PaymentState.AUTHORIZED
    assert told(payment)[-1] == "outcome_unknown"
    with pytest.raises(errors.UnexpectedState, match="a capture is under way"):
        capture(payment)
    payments.resolve_due(by=BY, at=NOON + timedelta(minutes=1))
    assert make.now(payment).captured == eur(42_50)
    assert acquirer.counts() == {"authorization_approved": 1, "capture_succeeded": 1}
    assert pending(payment) == eur(41_65)


def test_a_capture_that_never_arrived_is_sent_again(shop, acquirer):
    payment = make.authorized(shop.id)
    acquirer.fall_silent()
    capture(payment)
    acquirer.fall_silent(silent=False)

    payments.resolve_due(by=BY, at=NOON + timedelta(minutes=1))

    assert make.now(payment).captured == eur(42_50)
    assert acquirer.counts() == {"authorization_approved": 1, "capture_succeeded": 1}


def test_another_amount_than_was_asked_freezes_the_payment(shop, told, acquirer):
    payment = make.authorized(shop.id)
    acquirer.say_next(Answer(status=AnswerStatus.SUCCEEDED, amount=eur(42_51)))

    frozen = capture(payment).value

    assert (frozen.state, frozen.conflicted_from) == (
        PaymentState.CONFLICTED,
        PaymentState.AUTHORIZED,
    )
    assert frozen.review_id is not None
    assert told(payment)[-1] == "conflicted"
    assert queries.captures_of(payment.id)[0].state == CaptureState.UNKNOWN
    assert pending(payment) == eur(0)


def test_one_key_takes_once_and_answers_the_same(shop, acquirer):
    payment = make.authorized(shop.id)
    first = capture(payment, eur(10_00), final=False, key=make.key(shop.id, "k"))
    second = capture(payment, eur(10_00), final=False, key=make.key(shop.id, "k"))

    assert (first.value, first.replayed, second.replayed) == (second.value, False, True)
    assert acquirer.counts()["capture_succeeded"] == 1


def test_money_that_the_books_refuse_is_given_to_people(shop, told, acquirer):
    """The acquirer has taken it and the pending entry is gone: nobody books what cannot be."""
    payment = make.authorized(shop.id)
    Attempt.objects.update(entry_id=ids.new())

    frozen = capture(payment, key=make.key(shop.id, "k")).value

    assert frozen.state == PaymentState.CONFLICTED
    assert told(payment)[-2:] == ["capture_requested", "conflicted"]
    assert acquirer.counts()["capture_succeeded"] == 1
    assert pending(payment) == eur(0)
    again = capture(payment, key=make.key(shop.id, "k"))
    assert (again.replayed, again.value) == (True, frozen)
    # It goes on being asked about, once a day, until people have decided.
    assert payments.resolve_due(by=BY, at=NOON + timedelta(hours=23)) == 0
    assert payments.resolve_due(by=BY, at=NOON + timedelta(days=1)) == 1
    assert make.now(payment).state == PaymentState.CONFLICTED
