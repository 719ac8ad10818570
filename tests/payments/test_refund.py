"""Giving back: whole, in part, later, in vain, and back again."""

from datetime import timedelta

import pytest

from fintech.kernel import event_log
from fintech.kernel.money import CurrencyMismatch, Money
from fintech.ledger import queries as ledger_queries
from fintech.payments import errors, queries
from fintech.payments import services as payments
from fintech.payments.data import Answer, AnswerStatus, PaymentState, RefundState
from fintech.payments.models import Refund
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


def refund(payment, amount=None, *, at=NOON, **facets):
    return payments.refund(
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        amount=amount,
        by=BY,
        at=at,
        **facets,
    )


def pending(payment) -> Money:
    return ledger_queries.merchant_pending(payment.merchant_id, payment.amount.currency).posted


def story(of) -> list[str]:
    return [fact.name.split(".")[1] for fact in event_log.stream("payments.refund", of.id)]


def test_gives_a_part_back(shop, acquirer):
    payment = make.captured(shop.id)

    given = refund(payment, eur(10_00), reason="duplicate", metadata={"why": "twice"}).value

    assert (given.state, given.amount, given.reason) == (
        RefundState.SUCCEEDED,
        eur(10_00),
        "duplicate",
    )
    assert given.metadata == {"why": "twice"}
    assert story(given) == ["refund_created", "refund_succeeded"]
    after = make.now(payment)
    assert (after.state, after.refunded, after.refund_pending) == (
        PaymentState.CAPTURED,
        eur(10_00),
        eur(0),
    )
    assert after.latest_attempt.refunded == eur(10_00)
    assert pending(payment) == eur(42_50 - 85 - 10_00)
    assert acquirer.counts()["refund_succeeded"] == 1


def test_gives_all_that_is_left_back(shop):
    payment = make.captured(shop.id)
    refund(payment, eur(2_50))

    assert refund(payment).value.amount == eur(40_00)
    # The merchant bears the fee, and owes it.
    assert pending(payment) == eur(0)
    assert queries.balance(shop.id).available == (eur(-85),)
    with pytest.raises(errors.AlreadyRefunded):
        refund(payment)


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_gives_back_in_any_currency(shop, currency):
    payment = make.captured(shop.id, Money(12_345, currency))
    assert refund(payment, Money(345, currency)).value.amount == Money(345, currency)


@pytest.mark.parametrize(
    ("amount", "error"),
    [
        (eur(42_51), errors.RefundTooLarge),
        (eur(0), errors.AmountTooSmall),
        (eur(-1), errors.AmountTooSmall),
        (Money(1, "USD"), CurrencyMismatch),
    ],
)
def test_leaves_no_trace_when_refused(shop, acquirer, amount, error):
    payment = make.captured(shop.id)
    before = event_log.after(0, 1000)

    with pytest.raises(error):
        refund(payment, amount)

    assert make.now(payment) == payment
    assert event_log.after(0, 1000) == before
    assert not Refund.objects.exists()
    assert acquirer.counts() == {"authorization_succeeded": 1}


def test_a_reason_is_one_of_three(shop):
    payment = make.captured(shop.id)
    with pytest.raises(errors.ParameterInvalid, match="must be one of"):
        refund(payment, reason="bored")
    assert not Refund.objects.exists()


def test_what_was_not_taken_is_not_given_back(shop):
    for payment in (make.created(shop.id), make.authorized(shop.id)):
        with pytest.raises(errors.NotRefundable):
            refund(payment)


def test_a_refund_that_fails_is_a_fact_and_not_an_error(shop):
    payment = make.captured(shop.id, token="refund_fails")

    given = refund(payment, eur(10_00)).value

    assert (given.state, given.failure_reason) == (
        RefundState.FAILED,
        "expired_or_canceled_card",
    )
    assert story(given) == ["refund_created", "refund_failed"]
    assert make.now(payment).refunded == eur(0)
    assert make.now(payment).refund_pending == eur(0)
    assert pending(payment) == eur(41_65)


def test_a_refund_on_its_way_counts_against_what_is_left(shop, acquirer):
    payment = make.captured(shop.id, token="refund_pending")

    given = refund(payment, eur(40_00)).value

    assert given.state == RefundState.SUBMITTED
    assert make.now(payment).refund_pending == eur(40_00)
    assert pending(payment) == eur(41_65)
    with pytest.raises(errors.RefundTooLarge, match=r"2\.50 EUR is left"):
        refund(payment, eur(2_51))
    body, headers = acquirer.callback(str(given.id), status="succeeded")
    payments.receive(provider="simulator", body=body, headers=headers, at=NOON)
    assert queries.refund(given.id, shop.id).state == RefundState.SUCCEEDED
    assert make.now(payment).refunded == eur(40_00)
    assert pending(payment) == eur(1_65)


def test_a_lost_answer_is_asked_about_and_nothing_is_given_twice(shop, acquirer):
    payment = make.captured(shop.id)
    acquirer.lose_answers()

    given = refund(payment, eur(10_00), key=make.key(shop.id, "k")).value

    assert given.state == RefundState.UNKNOWN
    payments.resolve_due(by=BY, at=NOON + timedelta(minutes=1))
    assert queries.refund(given.id, shop.id).state == RefundState.SUCCEEDED
    assert acquirer.counts()["refund_succeeded"] == 1
    again = refund(payment, eur(10_00), key=make.key(shop.id, "k"))
    assert (again.replayed, again.value.id) == (True, given.id)
    assert make.now(payment).refunded == eur(10_00)


def test_money_that_comes_back_is_the_merchants_again(shop, acquirer):
    payment = make.captured(shop.id)
    given = refund(payment, eur(10_00)).value
    body, headers = acquirer.callback(
        str(given.id), event_id="late", status="failed", decline_code="account_closed"
    )

    payments.receive(provider="simulator", body=body, headers=headers, at=NOON + timedelta(days=3))

    back = queries.refund(given.id, shop.id)
    assert (back.state, back.failure_reason) == (RefundState.FAILED, "account_closed")
    assert story(given) == ["refund_created", "refund_succeeded", "refund_returned"]
    assert make.now(payment).refunded == eur(0)
    assert pending(payment) == eur(41_65)
    assert [move.kind for move in queries.balance_transactions(shop.id)] == [
        "refund_failure",
        "refund",
        "charge",
    ]


def test_another_amount_than_was_asked_freezes_the_payment(shop, acquirer):
    payment = make.captured(shop.id)
    acquirer.say_next(Answer(status=AnswerStatus.SUCCEEDED, amount=eur(9_99)))

    refund(payment, eur(10_00))

    assert make.now(payment).state == PaymentState.CONFLICTED
    assert pending(payment) == eur(41_65)


def test_one_key_gives_back_once(shop, acquirer):
    payment = make.captured(shop.id)
    first = refund(payment, eur(10_00), key=make.key(shop.id, "k"))
    second = refund(payment, eur(10_00), key=make.key(shop.id, "k"))
    assert (first.value, second.replayed) == (second.value, True)
    assert acquirer.counts()["refund_succeeded"] == 1


def test_metadata_of_a_refund_is_merged(shop):
    payment = make.captured(shop.id)
    given = refund(payment, eur(1_00), metadata={"a": "1", "b": "2"}).value
    changed = payments.update_refund(
        merchant_id=shop.id, refund_id=given.id, metadata={"a": "", "c": "3"}, by=BY, at=NOON
    ).value
    assert changed.metadata == {"b": "2", "c": "3"}
    with pytest.raises(errors.RefundNotFound):
        payments.update_refund(
            merchant_id=make.merchant().id, refund_id=given.id, metadata={}, by=BY, at=NOON
        )
