"""Currencies without and with three decimals, through everything that is done with money."""

from datetime import timedelta

import pytest

from fintech.kernel import invariants
from fintech.kernel.money import CurrencyMismatch, Money
from fintech.ledger import queries as ledger_queries
from fintech.payments import data, errors, queries
from fintech.payments import services as payments
from fintech.payments.data import PaymentState, RefundState
from fintech.payments.services.rows import AUTHORIZATION_LASTS
from fintech.wallets import queries as wallet_queries
from tests.make import payments as make
from tests.make import wallets as make_wallets
from tests.make.merchants import NOON
from tests.make.payments import BY

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("currency", ["JPY", "KWD"])]

# 1.4 % rounded half up. The fixed part is agreed in euro, so it is not asked here.
SALE = 12_345  # ¥12,345 and 12.345 dinars: whole minor units of each.


def fee(minor: int) -> int:
    return (minor * 280 + 10_000) // 20_000


@pytest.fixture
def sum_of(currency):
    return lambda minor: Money(minor, currency)


@pytest.fixture(autouse=True)
def _nothing_broken(shop):
    yield
    rules = (*queries.INVARIANTS, *ledger_queries.INVARIANTS, *wallet_queries.INVARIANTS)
    assert not list(invariants.check(rules))
    assert not list(queries.replay())


@pytest.fixture
def pending(shop, currency):
    """What the merchant has, before it is settled."""
    return lambda: ledger_queries.merchant_pending(shop.id, currency).posted.minor


def verb(name, payment, **facets):
    facts = {"merchant_id": payment.merchant_id, "payment_id": payment.id, "by": BY, "at": NOON}
    return getattr(payments, name)(**{**facts, **facets}).value


def test_is_charged_at_once(shop, currency, sum_of, pending):
    payment = make.captured(shop.id, sum_of(SALE))
    assert (payment.captured, payment.fee) == (sum_of(SALE), sum_of(fee(SALE)))
    assert pending() == SALE - fee(SALE)


def test_is_reserved_taken_in_parts_and_let_go(shop, currency, sum_of, pending):
    payment = make.authorized(shop.id, sum_of(SALE))
    verb("capture", payment, amount=sum_of(1_000), final=False)
    payment = verb("capture", payment, amount=sum_of(2_000), final=True)
    assert (payment.state, payment.captured) == (PaymentState.CAPTURED, sum_of(3_000))
    assert pending() == 3_000 - fee(1_000) - fee(2_000)

    other = make.authorized(shop.id, sum_of(SALE))
    with pytest.raises(errors.CaptureTooLarge):
        verb("capture", other, amount=sum_of(SALE + 1))
    with pytest.raises(CurrencyMismatch):
        verb("capture", other, amount=Money(1, "EUR"))
    assert verb("cancel", other).state == PaymentState.CANCELED


def test_is_given_back(shop, currency, sum_of, pending):
    payment = make.captured(shop.id, sum_of(SALE))
    assert verb("refund", payment, amount=sum_of(345)).amount == sum_of(345)
    with pytest.raises(errors.RefundTooLarge):
        verb("refund", payment, amount=sum_of(12_001))
    assert verb("refund", payment).amount == sum_of(12_000)
    (funds,) = ledger_queries.merchant_funds(shop.id, [currency])
    assert (pending(), funds.owed) == (0, sum_of(fee(SALE)))


def test_a_refund_comes_back(shop, currency, sum_of, acquirer, pending):
    payment = make.captured(shop.id, sum_of(SALE))
    refund = verb("refund", payment)
    body, headers = acquirer.callback(str(refund.id), event_id="evt_late", status="failed")
    payments.receive(provider="simulator", body=body, headers=headers, at=NOON)
    assert queries.refund(refund.id, shop.id).state == RefundState.FAILED
    assert ledger_queries.merchant_funds(shop.id, [currency])[0].owed == sum_of(0)
    assert pending() == SALE - fee(SALE)


def test_a_lost_answer_is_found(shop, currency, sum_of):
    payment = make.confirmed(shop.id, sum_of(SALE), token="acquirer_timeout")
    payments.resolve_due(by=BY, at=NOON + timedelta(minutes=1))
    assert make.now(payment).captured == sum_of(SALE)


def test_another_currency_told_by_the_acquirer_freezes_the_payment(
    shop, currency, sum_of, acquirer
):
    answer = data.Answer(
        status=data.AnswerStatus.APPROVED, amount=Money(SALE, "EUR"), provider_reference="x"
    )
    acquirer.say_next(answer)
    payment = make.confirmed(shop.id, sum_of(SALE))
    assert payment.state == PaymentState.CONFLICTED


def test_is_decided_by_a_person(shop, currency, sum_of):
    payment = make.in_review(shop.id, sum_of(SALE))
    done = payments.decide_review(payment_id=payment.id, verdict="approve", by=BY, at=NOON)
    assert done.value.captured == sum_of(SALE)


def test_is_challenged(shop, currency, sum_of):
    payment = make.challenged(shop.id, sum_of(SALE))
    passed = payments.answer_challenge(
        attempt_id=payment.latest_attempt.id, passed=True, by=BY, at=NOON
    )
    assert passed.captured == sum_of(SALE)


def test_runs_out(shop, currency, sum_of):
    payment = make.authorized(shop.id, sum_of(SALE))
    assert payments.expire_due(by=BY, at=NOON + AUTHORIZATION_LASTS) == 1
    assert make.now(payment).cancellation_reason == "expired"


def test_fills_a_wallet_which_pays_and_is_paid_back(shop, currency, sum_of):
    wallet = make_wallets.wallet(0, currency, merchant=shop.id)
    payments.top_up_wallet(
        merchant_id=shop.id,
        wallet_id=wallet.id,
        amount=sum_of(SALE),
        token="visa",
        by=BY,
        at=NOON,
    )
    payment = payments.create(
        merchant_id=shop.id,
        amount=sum_of(SALE),
        wallet=wallet.id,
        confirm=True,
        by=BY,
        at=NOON,
    ).value
    assert payment.captured == sum_of(SALE)
    verb("refund", payment, amount=sum_of(345))
    assert ledger_queries.wallet_balance(wallet.id, currency).available == sum_of(345)


def test_is_paid_by_a_link(shop, currency, sum_of):
    link = payments.create_link(
        merchant_id=shop.id, title="Tea", amount=sum_of(SALE), by=BY, at=NOON
    ).value
    payment = payments.pay_by_link(token=link.token, by=BY, at=NOON).value
    assert verb("confirm", payment, token="visa").captured == sum_of(SALE)


def test_a_dry_run_says_it_in_whole_minor_units(shop, currency, sum_of):
    told = payments.dry_run(
        lambda: payments.create(
            merchant_id=shop.id, amount=sum_of(SALE), token="visa", confirm=True, by=BY, at=NOON
        )
    )
    assert told.fee == sum_of(fee(SALE))
    assert {line[2] for posting in told.postings for line in posting.lines} == {currency}
