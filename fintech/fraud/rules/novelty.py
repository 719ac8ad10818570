"""What has not been seen before."""

from fintech.fraud.data import Features, Reason


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
