"""What one piece of a product costs, as its merchant sees it."""

from fintech.kernel import ids
from fintech.payments.data import Price
from fintech.wire.scalars import Json, currency, head, text


def render(price: Price) -> Json:
    """Return a price, with all documented fields. One-time prices only."""
    return {
        **head("price", ids.public("price", price.id), price.created_at, price.metadata),
        "active": price.active,
        "billing_scheme": "per_unit",
        "currency": currency(price.amount.currency),
        "custom_unit_amount": None,
        "lookup_key": text(price.lookup_key),
        "nickname": text(price.nickname),
        "product": ids.public("prod", price.product_id),
        "recurring": None,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": price.amount.minor,
        "unit_amount_decimal": str(price.amount.minor),
    }
