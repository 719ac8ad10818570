"""
What a model sees of a snapshot: numbers in a fixed order. Another order is another schema.

A model goes on seeing what it was trained on: its schema is never changed, a new one is
added, and new models are trained on the newest.
"""

from collections.abc import Callable
from operator import attrgetter

from fintech.fraud.data import Features

_NOTHING = -1.0  # There is no history to compare with; no true value is below zero.
_Column = Callable[[Features], float]
_Plain = Callable[[Features], tuple[float, ...]]


def _plain(*names: str) -> dict[str, _Column]:
    """Return columns that are features as they are."""
    return {name: attrgetter(name) for name in names}


def _over(amount: int, mean: int) -> float:
    return amount / mean if mean else _NOTHING


_FIRST: dict[str, _Column] = {
    "amount": lambda known: float(known.amount_minor),
    **_plain("customer_known", "customer_payments"),
    "customer_mean": lambda known: float(known.customer_mean_minor),
    "amount_over_customer_mean": lambda known: _over(known.amount_minor, known.customer_mean_minor),
    "customer_deviation": lambda known: float(known.customer_deviation_minor),
    **_plain("customer_1h", "customer_24h", "customer_has_used_card", "customer_has_used_country"),
    **_plain("merchant_payments"),
    "amount_over_merchant_mean": lambda known: _over(known.amount_minor, known.merchant_mean_minor),
    **_plain("card_seen", "card_1h", "card_24h", "card_declines_24h"),
    **_plain("email_1h", "email_24h", "email_cards_24h", "ip_1h", "ip_24h", "ip_cards_24h"),
    **_plain("night", "weekend"),
    "lists": lambda known: float(len(known.listed)),
}
_SUBJECTS = ("card", "device", "ip", "email", "bin", "customer", "merchant")
_WINDOWS = ("1h", "24h", "7d")
_SECOND: dict[str, _Column] = {
    **_FIRST,
    **_plain(*(f"{subject}_{window}" for subject in _SUBJECTS for window in _WINDOWS)),
    **_plain(*(f"{subject}_sum_{window}_minor" for subject in _SUBJECTS for window in _WINDOWS)),
    **_plain(*(f"card_ips_{window}" for window in _WINDOWS)),
    **_plain(*(f"{subject}_cards_{window}" for subject in _SUBJECTS[1:] for window in _WINDOWS)),
    **_plain("customer_age_days", "counterparty_new", "card_disputes", "customer_disputes"),
    **_plain("ip_abroad", "billing_abroad", "ip_from_card_km", "ip_from_billing_km"),
    **_plain("moved_km", "moved_kmh", "email_thrown_away"),
}
_SCHEMAS = {"payments.1": _FIRST, "payments.2": _SECOND}


def _readers(columns: dict[str, _Column]) -> tuple[_Plain, list[tuple[int, _Column]]]:
    """Return what reads the plain columns at once, and the others with their places."""
    plain = [name for name, read in columns.items() if isinstance(read, attrgetter)]
    made = [
        (place, read)
        for place, read in enumerate(columns.values())
        if not isinstance(read, attrgetter)
    ]
    return attrgetter(*plain), made


_READERS = {schema: _readers(columns) for schema, columns in _SCHEMAS.items()}
NAMES = {schema: tuple(columns) for schema, columns in _SCHEMAS.items()}
SCHEMA = "payments.2"  # What is trained on by now.


def vector(known: Features, schema: str = SCHEMA) -> list[float]:
    """Return a snapshot as the numbers that a model of a schema was trained on."""
    plain, made = _READERS[schema]
    numbers = list(map(float, plain(known)))
    for place, read in made:  # In the order of their places, so each finds its own.
        numbers.insert(place, read(known))
    return numbers
