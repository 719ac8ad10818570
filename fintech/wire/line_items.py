"""So many pieces of one thing, as a merchant sees what is sold."""

from fintech.kernel import ids
from fintech.payments.data import LineItem
from fintech.wire import prices
from fintech.wire.scalars import Json, currency


def render(item: LineItem) -> Json:
    """Return a line item, with all documented fields. Nothing is discounted or taxed here."""
    return {
        "id": ids.public("li", item.id),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": item.amount.minor,
        "amount_tax": 0,
        "amount_total": item.amount.minor,
        "currency": currency(item.amount.currency),
        "description": item.description,
        "price": prices.render(item.price) if item.price else None,
        "quantity": item.quantity,
    }
