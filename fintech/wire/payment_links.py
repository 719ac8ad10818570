"""A page where anyone who has its address may pay, as its merchant sees it."""

from collections.abc import Sequence

from fintech.kernel import ids
from fintech.payments.data import LineItem, Link
from fintech.wire import line_items, lists
from fintech.wire.scalars import Json, currency, head, unix_or_null, url


def render(link: Link) -> Json:
    """Return a payment link, with all its documented fields."""
    return {
        **head("payment_link", ids.public("plink", link.id), link.created_at, None),
        "active": link.active,
        "after_completion": {
            "hosted_confirmation": {"custom_message": None},
            "type": "hosted_confirmation",
        },
        "allow_promotion_codes": False,
        "amount": link.amount.minor if link.amount else None,
        "application": None,
        "application_fee_amount": None,
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False, "liability": None, "status": None},
        "billing_address_collection": "auto",
        "consent_collection": None,
        "currency": currency(link.currency),
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer_creation": "if_required",
        "expires_at": unix_or_null(link.expires_at),
        "inactive_message": None,
        "invoice_creation": None,
        "on_behalf_of": None,
        "payment_intent_data": None,
        "payment_method_collection": "always",
        "payment_method_types": ["card"],
        "phone_number_collection": {"enabled": False},
        "restrictions": (
            {"completed_sessions": {"count": link.uses, "limit": link.max_uses}}
            if link.max_uses is not None
            else None
        ),
        "shipping_address_collection": None,
        "shipping_options": [],
        "submit_type": "auto",
        "subscription_data": None,
        "tax_id_collection": {"enabled": False, "required": "never"},
        "title": link.title,
        "transfer_data": None,
        "url": url(f"/pay/{link.token}"),
        "uses": link.uses,
    }


def render_whole(link: Link, items: Sequence[LineItem]) -> Json:
    """Return a link with its line items, as `expand` asks for."""
    path = f"/v1/payment_links/{ids.public('plink', link.id)}/line_items"
    shown = [line_items.render(item) for item in items]
    return {**render(link), "line_items": lists.render(shown, path=path, has_more=False)}
