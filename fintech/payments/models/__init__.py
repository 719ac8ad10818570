"""The rows of payments, and nothing but rows: no other room is called from here."""

from fintech.payments.models.attempt import Attempt
from fintech.payments.models.availability import Availability
from fintech.payments.models.catalog import Price, Product
from fintech.payments.models.checkout import CheckoutLine, CheckoutSession
from fintech.payments.models.operation import Callback, Capture, Link
from fintech.payments.models.payment import Payment, Review
from fintech.payments.models.people import Customer, PaymentMethod
from fintech.payments.models.refund import Refund
from fintech.payments.models.routing import ProviderCost, ProviderHold, Route

__all__ = [
    "Attempt",
    "Availability",
    "Callback",
    "Capture",
    "CheckoutLine",
    "CheckoutSession",
    "Customer",
    "Link",
    "Payment",
    "PaymentMethod",
    "Price",
    "Product",
    "ProviderCost",
    "ProviderHold",
    "Refund",
    "Review",
    "Route",
]
