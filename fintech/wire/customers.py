"""Somebody who pays a merchant, as that merchant sees them."""

from fintech.kernel import ids
from fintech.payments.data import Customer
from fintech.wire import deleted, lists
from fintech.wire.scalars import Json, head, text


def render(customer: Customer) -> Json:
    """Return a customer, with all documented fields; one that is forgotten says only so."""
    public_id = ids.public("cus", customer.id)
    if customer.deleted:
        return deleted.render("customer", public_id)
    return {
        **head("customer", public_id, customer.created_at, customer.metadata),
        "address": None,
        "balance": 0,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": text(customer.description),
        "discount": None,
        "email": text(customer.email),
        "invoice_prefix": None,
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "name": text(customer.name),
        "phone": text(customer.phone),
        "preferred_locales": [],
        "shipping": None,
        "sources": lists.render([], path=f"/v1/customers/{public_id}/sources", has_more=False),
        "tax_exempt": "none",
        "test_clock": None,
    }
