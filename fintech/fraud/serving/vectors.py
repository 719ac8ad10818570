"""What a model sees of a snapshot: numbers in a fixed order. Another order is another schema."""

from collections.abc import Callable

from fintech.fraud.data import Features

SCHEMA = "payments.1"
_NOTHING = -1.0  # There is no history to compare with; no true value is below zero.
_COLUMNS: dict[str, Callable[[Features], float]] = {
    "amount": lambda known: float(known.amount_minor),
    "customer_known": lambda known: float(known.customer_known),
    "customer_payments": lambda known: float(known.customer_payments),
    "customer_mean": lambda known: float(known.customer_mean_minor),
    "amount_over_customer_mean": lambda known: _over(known.amount_minor, known.customer_mean_minor),
    "customer_deviation": lambda known: float(known.customer_deviation_minor),
    "customer_1h": lambda known: float(known.customer_1h),
    "customer_24h": lambda known: float(known.customer_24h),
    "customer_has_used_card": lambda known: float(known.customer_has_used_card),
    "customer_has_used_country": lambda known: float(known.customer_has_used_country),
    "merchant_payments": lambda known: float(known.merchant_payments),
    "amount_over_merchant_mean": lambda known: _over(known.amount_minor, known.merchant_mean_minor),
    "card_seen": lambda known: float(known.card_seen),
    "card_1h": lambda known: float(known.card_1h),
    "card_24h": lambda known: float(known.card_24h),
    "card_declines_24h": lambda known: float(known.card_declines_24h),
    "email_1h": lambda known: float(known.email_1h),
    "email_24h": lambda known: float(known.email_24h),
    "email_cards_24h": lambda known: float(known.email_cards_24h),
    "ip_1h": lambda known: float(known.ip_1h),
    "ip_24h": lambda known: float(known.ip_24h),
    "ip_cards_24h": lambda known: float(known.ip_cards_24h),
    "night": lambda known: float(known.night),
    "weekend": lambda known: float(known.weekend),
    "lists": lambda known: float(len(known.listed)),
}
NAMES = tuple(_COLUMNS)
_READERS = tuple(_COLUMNS.values())


def vector(known: Features) -> list[float]:
    """Return a snapshot as the numbers that a model was trained on."""
    return [read(known) for read in _READERS]


def _over(amount: int, mean: int) -> float:
    return amount / mean if mean else _NOTHING
