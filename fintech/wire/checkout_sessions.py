"""A page made for one sale, as its merchant sees it."""

from fintech.kernel import ids
from fintech.payments.data import CheckoutSession, SessionOutcome, SessionState
from fintech.wire import line_items, lists
from fintech.wire.scalars import Json, currency, head, public, text, unix, url

_ITEMS_SHOWN = 10  # As many as a list shows that was asked for without a limit.


def render(session: CheckoutSession) -> Json:
    """Return a checkout session, with all its documented fields but its line items."""
    public_id = ids.public("cs", session.id)
    is_open = session.state == SessionState.OPEN
    return {
        **head("checkout.session", public_id, session.created_at, session.metadata),
        "adaptive_pricing": None,
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": session.amount.minor,
        "amount_total": session.amount.minor,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": text(session.cancel_url),
        "client_reference_id": text(session.client_reference_id),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "currency": currency(session.amount.currency),
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": public("cus", session.customer_id),
        "customer_creation": "if_required",
        "customer_details": _payer(session),
        "customer_email": text(session.customer_email),
        "discounts": [],
        "expires_at": unix(session.expires_at),
        "invoice": None,
        "invoice_creation": None,
        "locale": None,
        "mode": "payment",
        "origin_context": None,
        "payment_intent": public("pi", session.payment_id),
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "paid" if session.outcome == SessionOutcome.PAID else "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": str(session.state),
        "submit_type": None,
        "subscription": None,
        "success_url": session.success_url,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted",
        "url": url(f"/pay/session/{session.token}") if is_open else None,
        "wallet_options": None,
    }


def render_whole(session: CheckoutSession) -> Json:
    """Return a session with the first of its line items, as `expand` asks for."""
    path = f"/v1/checkout/sessions/{ids.public('cs', session.id)}/line_items"
    shown = [line_items.render(item) for item in session.items[:_ITEMS_SHOWN]]
    has_more = len(session.items) > len(shown)
    return {**render(session), "line_items": lists.render(shown, path=path, has_more=has_more)}


def success_url(session: CheckoutSession) -> str:
    """Return where a payer who is done goes, with the session's id where it is asked for."""
    return session.success_url.replace("{CHECKOUT_SESSION_ID}", ids.public("cs", session.id))


def _payer(session: CheckoutSession) -> Json | None:
    """Return what the payer said of themselves, or the merchant of them."""
    email = session.payer_email or session.customer_email
    if not (email or session.payer_name):
        return None
    return {
        "address": None,
        "email": text(email),
        "name": text(session.payer_name),
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
