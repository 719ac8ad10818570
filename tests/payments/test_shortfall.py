"""Refunds that a merchant has too little for: 2000 gives first, then 2010, and 1200 is owed."""

from datetime import timedelta

import pytest

from fintech.kernel import ids, invariants
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.ledger import services as ledger
from fintech.ledger.data import templates
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.payments.data import RefundState
from tests.make import payments as make
from tests.make import wallets as make_wallets
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_broken():
    yield
    assert not list(invariants.check((*queries.INVARIANTS, *ledger_queries.INVARIANTS)))


def refund(payment, amount=None):
    return payments.refund(
        merchant_id=payment.merchant_id, payment_id=payment.id, amount=amount, by=BY, at=NOON
    ).value


def made_available(shop, amount: Money) -> None:
    """What has been settled may be paid out: E4."""
    nothing = Money.zero(amount.currency)
    entry = templates.make_available(
        entry_id=ids.new(), merchant_id=shop.id, amount=amount, reserved=nothing,
        subject=shop.id, at=NOON,
    )  # fmt: skip
    ledger.post([entry], by=BY)


def funds(shop, currency="EUR") -> tuple[int, int, int]:
    """What is pending, what is available, and what the merchant owes."""
    (found,) = ledger_queries.merchant_funds(shop.id, [currency])
    return found.pending.minor, found.available.minor, found.owed.minor


def lines(entry_id) -> list[tuple[str, str, int]]:
    found = ledger_queries.entry(entry_id).lines
    return [(line.address.rpartition(":")[2], line.direction, line.amount.minor) for line in found]


def balance(shop) -> int:
    """What the API shows in all."""
    found = queries.balance(shop.id)
    return found.pending[0].minor + found.available[0].minor


def moved(shop) -> int:
    return sum(one.net.minor for one in queries.balance_transactions(shop.id, 100))


def test_pending_funds_give_first_and_what_they_lack_is_owed(shop):
    payment = make.captured(shop.id)  # 42.50 for a fee of 0.85.

    given = refund(payment)

    assert funds(shop) == (0, 0, 85)
    assert lines(given.entry_id) == [
        ("pending", "debit", 41_65),
        ("receivable", "credit", 42_50),
        ("receivable", "debit", 85),
    ]
    assert balance(shop) == moved(shop) == -85
    (move,) = queries.balance_transactions(shop.id, kind="refund").items
    assert (move.entry_id, move.amount) == (given.entry_id, eur(-42_50))


def test_available_funds_give_what_pending_ones_lack(shop):
    first, second = make.captured(shop.id), make.captured(shop.id)
    made_available(shop, eur(60_00))  # 83.30 in all.

    given = refund(first)

    assert funds(shop) == (0, 40_80, 0)
    assert lines(given.entry_id) == [
        ("pending", "debit", 23_30),
        ("receivable", "credit", 42_50),
        ("available", "debit", 19_20),
    ]
    given = refund(second)
    assert funds(shop) == (0, 0, 1_70)
    assert lines(given.entry_id) == [
        ("available", "debit", 40_80),
        ("receivable", "credit", 42_50),
        ("receivable", "debit", 1_70),
    ]
    assert balance(shop) == moved(shop) == -1_70


def test_a_merchant_with_nothing_owes_all_of_it(shop):
    payments_ = [make.captured(shop.id), make.captured(shop.id)]
    refund(payments_[0])
    made_available(shop, eur(40_80))
    payout = templates.payout_created(
        entry_id=ids.new(), merchant_id=shop.id, amount=eur(40_80), subject=shop.id, at=NOON
    )
    ledger.post([payout], by=BY)

    given = refund(payments_[1], eur(10_00))

    assert given.state == RefundState.SUCCEEDED
    assert lines(given.entry_id) == [
        ("receivable", "debit", 10_00),
        ("receivable", "credit", 10_00),
    ]
    assert funds(shop) == (0, 0, 10_00)


def test_what_a_wallet_gets_back_may_be_owed_too(shop):
    wallet = make_wallets.wallet(50_00, merchant=shop.id)
    payment = payments.create(
        merchant_id=shop.id, amount=eur(42_50), wallet=wallet.id, confirm=True, by=BY, at=NOON
    ).value

    refund(payment)

    assert funds(shop) == (0, 0, 85)
    assert ledger_queries.wallet_balance(wallet.id, "EUR").posted == eur(50_00)


def test_a_refund_that_comes_back_pays_the_debt_first(shop, acquirer):
    given = refund(make.captured(shop.id))
    body, headers = acquirer.callback(str(given.id), event_id="late", status="failed")

    payments.receive(provider="simulator", body=body, headers=headers, at=NOON)

    assert funds(shop) == (41_65, 0, 0)
    assert balance(shop) == moved(shop) == 41_65


def test_what_is_owed_is_taken_from_what_comes_next(shop):
    refund(make.captured(shop.id))
    assert payments.recover_debts(by=BY, at=NOON) == 0  # There is nothing to take.
    assert funds(shop) == (0, 0, 85)
    make.captured(shop.id, eur(10_00))

    assert payments.recover_debts(by=BY, at=NOON + timedelta(hours=1)) == 0  # It is pending.
    payments.make_available(by=BY, at=NOON + timedelta(days=2))

    assert funds(shop) == (0, 10_00 - 39 - 85, 0)
    assert balance(shop) == moved(shop) == 10_00 - 39 - 85


def test_available_funds_pay_a_debt_and_pending_ones_wait(shop):
    refund(make.captured(shop.id))
    make.captured(shop.id, eur(10_00))
    made_available(shop, eur(50))
    payments.recover_debts(by=BY, at=NOON)
    assert funds(shop) == (10_00 - 39 - 50, 0, 35)


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_another_currencys_funds_are_left_alone(shop, currency):
    make.captured(shop.id)
    payment = make.captured(shop.id, Money(10_000, currency))
    refund(payment)
    assert funds(shop, currency) == (0, 0, 140)
    assert funds(shop) == (41_65, 0, 0)


def test_a_dry_run_owes_nothing(shop):
    payment = make.captured(shop.id)
    told = payments.dry_run(lambda: payments.refund(
        merchant_id=shop.id, payment_id=payment.id, by=BY, at=NOON
    ))  # fmt: skip
    assert len(told.postings[0].lines) == 3
    assert funds(shop) == (41_65, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_refunds_that_meet_take_what_is_available_once(shop):
    """Eight refunds of 10.00 meet 25.00 that is available: what they lack is owed, exactly."""
    taken = [make.captured(shop.id, eur(10_00)) for _ in range(8)]
    made_available(shop, eur(25_00))
    (before,) = ledger_queries.merchant_funds(shop.id, ["EUR"])

    waiting = iter(taken)

    states = race(8, lambda: refund(next(waiting)).state)

    assert states == [RefundState.SUCCEEDED] * 8
    has = before.pending.minor + before.available.minor
    assert funds(shop) == (0, 0, 80_00 - has)
