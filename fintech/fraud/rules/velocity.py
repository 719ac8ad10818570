"""How often, and with how many cards, within an hour and a day."""

from collections.abc import Callable
from typing import NamedTuple

from fintech.fraud.data import Features, Reason

_MOST = 30


class _Count(NamedTuple):
    code: str
    count: Callable[[Features], int]
    usual: int
    points: int  # for each one over what is usual


_COUNTS = (
    _Count("velocity_card_1h", lambda f: f.card_1h, 5, 3),
    _Count("velocity_card_24h", lambda f: f.card_24h, 20, 1),
    _Count("velocity_customer_1h", lambda f: f.customer_1h, 10, 2),
    _Count("velocity_customer_24h", lambda f: f.customer_24h, 40, 1),
    _Count("velocity_email_24h", lambda f: f.email_24h, 20, 1),
    _Count("velocity_email_cards", lambda f: f.email_cards_24h, 4, 6),
    _Count("velocity_ip_1h", lambda f: f.ip_1h, 40, 1),
    _Count("velocity_device_cards", lambda f: f.device_cards_24h, 3, 6),
    _Count("velocity_ip_cards", lambda f: f.ip_cards_24h, 8, 4),
)


def velocity(features: Features) -> Reason | None:
    """
    Tell the count that is most over what is usual.

    One burst of payments raises several counts at once; it is one reason, not five.
    """
    strongest: Reason | None = None
    for code, count, usual, points in _COUNTS:
        seen = count(features) + 1  # with this one
        weight = min(_MOST, points * (seen - usual))
        if weight > 0 and (strongest is None or weight > strongest.weight):
            strongest = Reason(code, weight, (("count", seen), ("usual", usual)))
    return strongest


def declines(features: Features) -> Reason | None:
    """A card that banks keep declining is being tried out."""
    count = features.card_declines_24h
    if count < 3:  # noqa: PLR2004  Twice may be a forgotten limit.
        return None
    return Reason("card_declines", min(25, 5 * count), (("count", count),))
