"""A card or a wallet that can be charged, as the outside sees it. Never a card's number."""

from datetime import datetime
from uuid import UUID

from fintech.kernel import ids
from fintech.payments.data import Card, PaymentMethod
from fintech.wire.scalars import Json, head, public, text

_CHECKS = {
    "address_line1_check": None,
    "address_postal_code_check": None,
    "cvc_check": "pass",
}


def render(method: PaymentMethod) -> Json:
    """Return a payment method, with all its documented fields."""
    return _render(
        method.id, method.card, method.created_at, method=method, metadata=method.metadata
    )


def render_tried(method_id: UUID, card: Card, created: datetime) -> Json:
    """Return the card of an attempt in the same shape, from what the attempt knows of it."""
    return _render(method_id, card, created, method=None, metadata={})


def _render(
    method_id: UUID,
    card: Card,
    created: datetime,
    *,
    method: PaymentMethod | None,
    metadata: dict[str, str],
) -> Json:
    return {
        **head("payment_method", ids.public("pm", method_id), created, metadata),
        "allow_redisplay": "unspecified",
        "billing_details": billing_details(method),
        "card": None
        if card.wallet_id
        else {
            "brand": card.brand,
            "checks": dict(_CHECKS),
            "country": text(card.country),
            "display_brand": card.brand,
            "exp_month": card.exp_month,
            "exp_year": card.exp_year,
            "fingerprint": card.fingerprint,
            "funding": card.funding,
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "customer": public("cus", method.customer_id if method else None),
        "type": kind(card),
        "wallet": wallet_details(card),
    }


def kind(card: Card) -> str:
    """Return in one word what is charged."""
    return "card" if card.wallet_id is None else "wallet"


def wallet_details(card: Card) -> Json | None:
    """Return which wallet stands in the card's place, if one does."""
    return None if card.wallet_id is None else {"wallet": ids.public("wal", card.wallet_id)}


def details(card: Card, three_d_secure: Json | None = None) -> Json:
    """Return what was charged, as a charge shows it, and how its payer proved who they are."""
    return {
        "card": {**card_details(card), "three_d_secure": three_d_secure}
        if card.wallet_id is None
        else None,
        "type": kind(card),
        "wallet": wallet_details(card),
    }


def billing_details(method: PaymentMethod | None) -> Json:
    """Return who the card is billed to; all null where nothing is known."""
    return {
        "address": {
            "city": None,
            "country": text(method.billing_country) if method else None,
            "line1": None,
            "line2": None,
            "postal_code": None,
            "state": None,
        },
        "email": text(method.billing_email) if method else None,
        "name": text(method.billing_name) if method else None,
        "phone": text(method.billing_phone) if method else None,
        "tax_id": None,
    }


def card_details(card: Card) -> Json:
    """Return the card as a charge shows it."""
    return {
        "brand": card.brand,
        "checks": dict(_CHECKS),
        "country": text(card.country),
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "last4": card.last4,
        "network": card.brand,
        "three_d_secure": None,
        "wallet": None,
    }
