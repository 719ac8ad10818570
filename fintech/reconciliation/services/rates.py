"""What our own stored rates make of an amount that is paid in another currency."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache

from fintech.kernel import money
from fintech.wallets import queries as wallets


def stored() -> Callable[[str, str, date], Fraction | None]:
    """Return a reader of rates that asks for each currency and day once."""
    per_euro = cache(wallets.per_euro)

    def rate(source: str, destination: str, on: date) -> Fraction | None:
        """Return what a minor unit of one is worth in those of the other, or None."""
        given: Decimal | None = per_euro(source, on)
        taken: Decimal | None = per_euro(destination, on)
        if not given or not taken:
            return None
        scale = money.exponent(destination) - money.exponent(source)
        return Fraction(taken) / Fraction(given) * Fraction(10) ** scale

    return rate
