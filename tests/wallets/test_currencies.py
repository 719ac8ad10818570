"""Wallets of many currencies: each with its own account, balance and statement."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError
from django_subatomic import db

from fintech.kernel import event_log, invariants
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.wallets import errors, queries
from fintech.wallets import services as wallets
from fintech.wallets.models import Wallet
from tests.make import wallets as make

pytestmark = pytest.mark.django_db
BY_NOW = {"by": make.BY, "at": make.NOON}


def _many(*currencies):
    return wallets.create_wallet(
        merchant_id=make.MERCHANT, currency=currencies[0], currencies=currencies[1:], **BY_NOW
    ).value


def _has(wallet):
    return {b.currency: b.available.minor for b in queries.balances(wallet.id)}


def test_each_currency_has_a_ledger_account_and_a_balance_of_its_own():
    wallet = _many("EUR", "JPY", "KWD")
    make.top_up(wallet, 10_00)
    make.top_up(wallet, 700, currency="JPY")

    assert _has(wallet) == {"EUR": 10_00, "JPY": 700, "KWD": 0}
    assert ledger_queries.wallet_balance(wallet.id, "JPY").posted == Money(700, "JPY")
    (movement,) = queries.movements(wallet.id, currency="JPY")
    assert (movement.amount, movement.balance) == (Money(700, "JPY"), Money(700, "JPY"))


def test_a_hold_takes_from_its_own_currency_only():
    wallet = _many("EUR", "USD")
    make.top_up(wallet, 5_00)
    make.top_up(wallet, 3_00, currency="USD")

    make.hold(wallet, 3_00, currency="USD")
    with pytest.raises(errors.InsufficientFunds):
        make.hold(wallet, 1, currency="USD")
    with pytest.raises(errors.CurrencyNotTheWallets, match="in EUR, USD, not in GBP"):
        make.hold(wallet, 1, currency="GBP")

    assert _has(wallet) == {"EUR": 5_00, "USD": 0}


def test_currencies_are_added_once_and_told():
    wallet = make.wallet()
    asked = {"wallet_id": wallet.id, **BY_NOW}

    added = wallets.add_currencies(currencies=["USD", "EUR", "USD"], **asked).value
    again = wallets.add_currencies(currencies=["USD"], **asked).value

    assert (added.currencies, added.version) == (("EUR", "USD"), 2)
    assert again == added
    told = [fact.name.split(".")[1] for fact in event_log.stream("wallets.wallet", wallet.id)]
    assert told == ["wallet_created", "currency_added"]
    with pytest.raises(errors.CurrencyNotSupported):
        wallets.add_currencies(currencies=["ZZZ"], **asked)
    with pytest.raises(errors.WalletChanged):
        wallets.add_currencies(currencies=["GBP"], expected_version=1, **asked)


def test_money_is_converted_within_a_wallet():
    wallet = _many("EUR", "USD")
    make.top_up(wallet, 100_00)
    wallets.record_rates([("USD", date(2026, 10, 30), Decimal("1.1"))], source="ecb")
    quote = wallets.create_quote(
        merchant_id=make.MERCHANT,
        source=Money(100_00, "EUR"),
        destination_currency="USD",
        **BY_NOW,
    ).value

    wallets.transfer(source_id=wallet.id, destination_id=wallet.id, quote_id=quote.id, **BY_NOW)

    assert _has(wallet) == {"EUR": 0, "USD": 109_45}
    with pytest.raises(errors.ParameterInvalid, match="does not pay itself"):
        wallets.transfer(
            source_id=wallet.id, destination_id=wallet.id, amount=Money(1, "USD"), **BY_NOW
        )


def test_a_wallet_closes_only_when_every_currency_is_empty():
    wallet = _many("EUR", "USD")
    make.top_up(wallet, 1, currency="USD")

    with pytest.raises(errors.WalletNotEmpty, match=r"0\.01 USD"):
        wallets.close(wallet_id=wallet.id, **BY_NOW)

    assert queries.wallet(wallet.id).state == "active"


def test_the_database_keeps_a_wallets_own_currency():
    wallet = _many("EUR", "USD")

    with (
        pytest.raises(IntegrityError, match="keeps_its_own_currency"),
        db.transaction_if_not_already(),
        db.savepoint(),
    ):
        Wallet.objects.filter(id=wallet.id).update(currencies=["USD"])


@pytest.mark.django_db(transaction=True)
def test_money_in_a_currency_that_a_wallet_does_not_keep_is_found(owner):
    wallet = _many("EUR", "USD")
    make.top_up(wallet, 1, currency="USD")
    assert list(queries.replay()) == []
    assert list(invariants.check(queries.INVARIANTS)) == []
    owner.execute("UPDATE wallets_wallet SET currencies = '{EUR}'")

    assert [finding.id for finding in invariants.check(queries.INVARIANTS)] == ["W-3"]
    assert [(d.column, d.folded) for d in queries.replay()] == [("currencies", "['EUR', 'USD']")]
