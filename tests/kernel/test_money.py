from decimal import Decimal

import pytest

from fintech.kernel import money
from fintech.kernel.money import CurrencyMismatch, Money


def test_is_shown_with_its_own_number_of_decimals():
    assert str(Money(42_50, "EUR")) == "42.50 EUR"
    assert str(Money(100, "JPY")) == "100 JPY"
    assert str(Money(1_001, "KWD")) == "1.001 KWD"
    assert str(Money(-5, "EUR")) == "-0.05 EUR"


def test_refuses_to_mix_currencies():
    with pytest.raises(CurrencyMismatch):
        Money(1, "EUR") + Money(1, "USD")
    with pytest.raises(CurrencyMismatch):
        assert Money(1, "EUR") < Money(2, "USD")


def test_refuses_floats():
    with pytest.raises(TypeError):
        Money(1.0, "EUR")


@pytest.mark.parametrize("code", ["XXX", "XTS", "HRK", "eur", "EURO", ""])
def test_knows_only_what_can_be_paid_with(code):
    assert not money.is_known(code)


def test_reads_a_decimal_exactly_or_not_at_all():
    assert money.parse_decimal(Decimal("42.50"), "EUR") == Money(42_50, "EUR")
    with pytest.raises(ValueError, match="finer"):
        money.parse_decimal(Decimal("42.505"), "EUR")
