"""
Money: whole minor units and a currency, never a float.

Exponents are those of ISO 4217 (JPY 0, EUR 2, KWD 3), from the `iso4217` package.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Self

from fintech.kernel.errors import Invalid

# Metals, bond units, test codes: in the standard, but nobody can pay with them.
_NOT_MONEY = frozenset(
    {"XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"}
)
# Withdrawn, though some tables still carry them.
_WITHDRAWN = frozenset({"HRK", "BGN", "CUC", "SLL", "VEF", "ZWL", "ANG"})


class CurrencyMismatch(Invalid):
    """Two currencies met where one was expected."""

    code = "currency_mismatch"

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"{left} and {right} do not mix.", left=left, right=right)


@cache
def _exponents() -> dict[str, int]:
    from iso4217 import Currency

    return {
        unit.code: unit.exponent
        for unit in Currency
        if unit.exponent is not None and unit.code not in _NOT_MONEY | _WITHDRAWN
    }


def is_known(currency: str) -> bool:
    """Whether this is the upper-case code of a currency that can be paid with today."""
    return currency in _exponents()


def exponent(currency: str) -> int:
    """Return how many decimals the currency's minor unit has; KeyError if it is unknown."""
    return _exponents()[currency]


def currencies() -> tuple[str, ...]:
    """Return every currency code that can be paid with, sorted."""
    return tuple(sorted(_exponents()))


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units of one currency; two currencies never mix."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            message = f"money is whole minor units, not {type(self.minor).__name__}"
            raise TypeError(message)

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Return nothing, in a currency."""
        return cls(0, currency)

    def _same(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.minor

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def decimal(self) -> Decimal:
        """Return the amount in major units, exactly."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        return f"{self.decimal():f} {self.currency}"


def parse_decimal(amount: Decimal, currency: str) -> Money:
    """
    Return an exact amount of major units as money.

    Raises:
        ValueError: it is finer than the currency's minor unit; nothing is rounded.
    """
    scaled = amount.scaleb(exponent(currency))
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        message = f"{amount} is finer than a minor unit of {currency}"
        raise ValueError(message)
    return Money(int(scaled), currency)
