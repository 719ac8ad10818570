"""What a merchant has with us, per currency."""

from collections.abc import Sequence

from fintech.kernel.money import Money
from fintech.wire.scalars import Json, amount, livemode


def render(*, available: Sequence[Money], pending: Sequence[Money]) -> Json:
    """Return a balance: what may be paid out, and what is not settled yet."""
    return {
        "available": [_part(money) for money in available],
        "connect_reserved": [],
        "livemode": livemode(),
        "object": "balance",
        "pending": [_part(money) for money in pending],
    }


def _part(money: Money) -> Json:
    return {**amount(money), "source_types": {"card": money.minor}}
