"""What has not been seen before."""

from fintech.fraud.data import Features, Reason

_A_FLIGHT = 60  # minutes: less than any between two countries that are not neighbors
_AN_AIRLINER = 1_000  # km/h


def new_card(features: Features) -> Reason | None:
    """A card that nobody, or not this customer, has used."""
    if features.customer_known and not features.customer_has_used_card:
        return Reason("customer_new_card", 10)
    if not features.card_seen:
        return Reason("card_first_seen", 5)
    return None


def new_country(features: Features) -> Reason | None:
    """A card of a country from which this customer has never paid."""
    if features.customer_known and not features.customer_has_used_country:
        return Reason("customer_new_country", 10, (("country", features.card_country),))
    return None


def travel(features: Features) -> Reason | None:
    """A customer who has come from another country faster than anybody travels."""
    if 0 < features.moved_within_minutes <= _A_FLIGHT:
        return Reason("moved", 25, (("minutes", features.moved_within_minutes),))
    if features.moved_kmh > _AN_AIRLINER:
        return Reason(
            "moved_too_fast",
            25,
            (
                ("km", features.moved_km),
                ("minutes", features.moved_within_minutes),
                ("kmh", features.moved_kmh),
            ),
        )
    return None


def billing(features: Features) -> Reason | None:
    """A bill that goes to another country than the card's."""
    if not features.billing_abroad:
        return None
    detail = (("billing", features.billing_country), ("card", features.card_country))
    return Reason("billing_abroad", 10, detail)


def disputes(features: Features) -> Reason | None:
    """A card or a customer whose payments were disputed before, or were fraud."""
    count = max(features.card_disputes, features.customer_disputes)
    return Reason("past_disputes", min(30, 15 * count), (("count", count),)) if count else None


def throwaway_mail(features: Features) -> Reason | None:
    """A mailbox that is gone tomorrow."""
    return Reason("email_thrown_away", 15) if features.email_thrown_away else None
