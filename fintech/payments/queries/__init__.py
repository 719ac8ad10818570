"""Questions to payments. Every one that a merchant may ask is asked with the merchant's id."""

from fintech.payments.queries.balances import (
    balance,
    balance_transaction,
    balance_transactions,
)
from fintech.payments.queries.invariants import INVARIANTS
from fintech.payments.queries.reading import (
    attempts_of,
    captures_of,
    charge,
    charges,
    customer,
    customers,
    link,
    links,
    open_link,
    payment,
    payment_for_payer,
    payment_method,
    payment_methods,
    payment_of_attempt,
    payments,
    refund,
    refunds,
    refunds_of,
    reviews,
)
from fintech.payments.queries.replaying import replay

__all__ = [
    "INVARIANTS",
    "attempts_of",
    "balance",
    "balance_transaction",
    "balance_transactions",
    "captures_of",
    "charge",
    "charges",
    "customer",
    "customers",
    "link",
    "links",
    "open_link",
    "payment",
    "payment_for_payer",
    "payment_method",
    "payment_methods",
    "payment_of_attempt",
    "payments",
    "refund",
    "refunds",
    "refunds_of",
    "replay",
    "reviews",
]
