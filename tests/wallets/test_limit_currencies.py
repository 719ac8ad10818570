"""Limits that count other currencies: at the stored rate, rounded up, told with the arithmetic."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError

from fintech.kernel import invariants
from fintech.kernel.money import Money
from fintech.wallets import data, errors, queries
from fintech.wallets import services as wallets
from fintech.wallets.models import Limit, Reservation
from tests.make import wallets as make

pytestmark = pytest.mark.django_db
BY_NOW = {"by": make.BY, "at": make.NOON}
FRIDAY = date(2026, 10, 30)


@pytest.fixture(autouse=True)
def rates():
    known = (("USD", "1.1023"), ("GBP", "0.85"), ("JPY", "150"), ("KWD", "0.3333333333"))
    wallets.record_rates([(code, FRIDAY, Decimal(rate)) for code, rate in known], source="ecb")


def limit(maximum=1_000_00, **given):
    asked = {
        "merchant_id": make.MERCHANT,
        "scope": "wallet",
        "kind": "amount",
        "window": "day",
        "maximum": maximum,
        "currency": "EUR",
        "converts": True,
        **given,
    }
    return wallets.create_limit(**asked, **BY_NOW).value


def purse(**minors):
    made = wallets.create_wallet(
        merchant_id=make.MERCHANT, currency="EUR", currencies=list(minors), **BY_NOW
    ).value
    for currency, minor in minors.items():
        if minor:
            make.top_up(made, minor, currency=currency)
    return made


def used(of, whose):
    return queries.usage(of.id, subject=str(whose.id), at=make.NOON).used


def breaches(refused):
    return refused.value.facts["breaches"]


def true():
    return [*invariants.check(queries.INVARIANTS)] == []


def test_a_movement_in_another_currency_counts_at_the_stored_rate():
    daily, wallet = limit(), purse(EUR=1_000_00, USD=1_000_00)

    make.hold(wallet, 60_00, currency="USD")
    make.hold(wallet, 940_00)

    # 60.00 / 1.1023 is 54.4316…; a limit is never evaded by rounding.
    assert used(daily, wallet) == 54_44 + 940_00
    with pytest.raises(errors.LimitExceeded) as refused:
        make.hold(wallet, 6_13, currency="USD")
    assert breaches(refused) == [
        "daily 1,000.00 EUR by wallet, used 994.44, asked 5.57 "
        "(6.13 USD; EUR 1 = USD 1.1023, 2026-10-30), frees 2026-11-03 00:00 UTC"
    ]
    make.hold(wallet, 6_12, currency="USD")
    assert used(daily, wallet) == 1_000_00
    assert true()


@pytest.mark.parametrize(
    ("currency", "minor", "of", "worth", "told"),
    [
        ("JPY", 150, "EUR", 1_00, "150 JPY; EUR 1 = JPY 150, 2026-10-30"),
        ("JPY", 1, "EUR", 1, "1 JPY; EUR 1 = JPY 150, 2026-10-30"),
        ("JPY", 3, "EUR", 2, "3 JPY; EUR 1 = JPY 150, 2026-10-30"),
        ("EUR", 1, "JPY", 2, "0.01 EUR; EUR 1 = JPY 150, 2026-10-30"),
        ("EUR", 2, "JPY", 3, "0.02 EUR; EUR 1 = JPY 150, 2026-10-30"),
        ("USD", 1_102_30, "GBP", 850_00, "1,102.30 USD; EUR 1 = USD 1.1023 = GBP 0.85, 2026-10-30"),
        ("EUR", 3_00, "KWD", 1_000, "3.00 EUR; EUR 1 = KWD 0.3333333333, 2026-10-30"),
        ("KWD", 1_000, "EUR", 3_01, "1.000 KWD; EUR 1 = KWD 0.3333333333, 2026-10-30"),
    ],
)  # fmt: skip
def test_every_pair_of_exponents_is_exact(currency, minor, of, worth, told):
    once = limit(worth - 1, window="per_transaction", currency=of)
    wallet = purse(**{currency: minor})

    with pytest.raises(errors.LimitExceeded) as refused:
        make.hold(wallet, minor, currency=currency)

    assert told in breaches(refused)[0]
    assert f"asked {str(Money(worth, of)).split(' ')[0]} (" in breaches(refused)[0].replace(",", "")
    wallets.change_limit(limit_id=once.id, merchant_id=make.MERCHANT, maximum=worth, **BY_NOW)
    assert make.hold(wallet, minor, currency=currency).amount.minor == minor


def test_a_limit_that_does_not_convert_sees_its_own_currency_only():
    daily, wallet = limit(1, converts=False), purse(USD=1_000_00)
    make.hold(wallet, 60_00, currency="USD")
    assert used(daily, wallet) == 0


def test_the_rate_of_the_reservation_stays_its_own():
    daily, wallet = limit(), purse(USD=1_000_00)
    held = make.hold(wallet, 110_23, currency="USD")
    wallets.record_rates([("USD", make.NOON.date(), Decimal(2))], source="ecb")

    other = make.hold(wallet, 2_00, currency="USD")
    assert used(daily, wallet) == 100_00 + 1_00
    wallets.capture(hold_id=held.id, amount=Money(33_33, "USD"), **BY_NOW)  # 30.2367…

    assert used(daily, wallet) == 30_24 + 1_00
    (row,) = Reservation.objects.filter(operation_id=held.id)
    assert (row.amount_minor, row.currency) == (30_24, "EUR")
    assert (row.original_minor, row.original_currency) == (33_33, "USD")
    assert (row.units, row.of_units) == (10_000, 11_023)
    wallets.release(hold_id=other.id, **BY_NOW)
    assert used(daily, wallet) == 30_24
    assert true()


def test_limits_of_both_kinds_see_one_operation_each_in_its_own_way():
    euros, dollars = limit(), limit(100_00, currency="USD", converts=False)
    wallet, other = purse(USD=1_000_00), purse(USD=0)

    sent = wallets.transfer(
        source_id=wallet.id, destination_id=other.id, amount=Money(100_00, "USD"), **BY_NOW
    ).value

    assert (used(euros, wallet), used(dollars, wallet)) == (90_72, 100_00)
    with pytest.raises(errors.LimitExceeded) as refused:
        make.hold(wallet, 90_00, currency="USD")
    assert len(breaches(refused)) == 1
    with pytest.raises(errors.LimitExceeded) as refused:
        make.hold(wallet, 1_100_00, currency="USD")  # Limits are looked at before funds.
    assert len(breaches(refused)) == 2
    wallets.reverse_transfer(transfer_id=sent.id, **BY_NOW)
    assert (used(euros, wallet), used(dollars, wallet)) == (0, 0)
    assert true()


def test_what_nobody_knows_the_worth_of_is_not_let_through():
    limit()
    wallet = purse(CHF=100_00)

    with pytest.raises(errors.LimitExceeded) as refused:
        make.hold(wallet, 1, currency="CHF")

    assert breaches(refused) == ["daily 1,000.00 EUR by wallet, there is no recent rate for CHF"]
    assert (queries.holds(make.MERCHANT), Reservation.objects.count()) == ([], 0)


def test_a_live_instance_does_not_count_by_old_rates(settings):
    limit()
    wallet = purse(USD=100_00)
    settings.MODE = "live"
    week = make.NOON + timedelta(days=7)

    make.hold(wallet, 1_00, currency="USD")
    with pytest.raises(errors.LimitExceeded, match="no recent rate for USD"):
        make.hold(wallet, 1_00, currency="USD", at=week)


def test_earlier_operations_of_a_batch_count_converted_too():
    limit(2_00, window="rolling", seconds=3600)
    wallet, other = purse(USD=10_00, EUR=10_00), purse(USD=0)
    orders = [
        data.TransferOrder(
            source_id=wallet.id, destination_id=other.id, amount=amount, at=make.NOON
        )
        for amount in (Money(1_10, "USD"), Money(1_00, "EUR"), Money(1, "USD"))
    ]

    outcomes = wallets.transfer_many(orders, **BY_NOW)

    assert [getattr(one, "code", "done") for one in outcomes] == ["done", "done", "limit_exceeded"]
    assert "used 2.00, asked 0.01 (0.01 USD; EUR 1 = USD 1.1023" in str(outcomes[2])
    assert true()


def test_only_amounts_are_converted():
    for kind, window in (
        ("count", "day"),
        ("counterparties", "day"),
        ("balance", "per_transaction"),
    ):
        with pytest.raises(errors.ParameterInvalid) as refused:
            limit(kind=kind, window=window)
        assert refused.value.param == "converts"
    assert Limit.objects.count() == 0


def test_the_database_holds_the_line():
    made = limit()
    with pytest.raises(IntegrityError, match="wallets_limit_that_converts_is_of_an_amount"):
        Limit.objects.filter(id=made.id).update(kind="count")
