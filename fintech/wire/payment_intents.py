"""A payment as the outside sees it: a payment intent."""

import base64
import hashlib
import hmac
from uuid import UUID

from fintech.kernel import ids
from fintech.payments.data import Payment
from fintech.wire import charges, instance, payment_methods, states
from fintech.wire.scalars import Json, currency, head, public, text, unix_or_null, url


def render(payment: Payment) -> Json:
    """Return a payment intent, with all its documented fields."""
    public_id = ids.public("pi", payment.id)
    status = states.status_of(payment)
    attempt = payment.latest_attempt
    return {
        **head("payment_intent", public_id, payment.created_at, payment.metadata),
        "amount": payment.amount.minor,
        "amount_capturable": payment.capturable.minor,
        "amount_details": {"tip": {}},
        "amount_received": payment.captured.minor,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": unix_or_null(payment.canceled_at),
        "cancellation_reason": payment.cancellation_reason,
        "capture_method": str(payment.capture_method),
        "client_secret": client_secret(payment.id),
        "confirmation_method": "automatic",
        "currency": currency(payment.amount.currency),
        "customer": public("cus", payment.customer_id),
        "description": text(payment.description),
        "last_payment_error": _last_error(payment, status),
        "latest_charge": public("ch", attempt.id if attempt else None),
        "next_action": _next_action(payment, status),
        "on_behalf_of": None,
        "payment_method": (
            None if status == "requires_payment_method" else public("pm", payment.payment_method_id)
        ),
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": [payment_methods.kind(payment.card) if payment.card else "card"],
        "processing": None,
        "purpose": str(payment.purpose),
        "receipt_email": text(payment.receipt_email),
        "review": public("fcs", payment.review_id),
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": text(payment.statement_descriptor),
        "statement_descriptor_suffix": None,
        "status": status,
        "transfer_data": None,
        "transfer_group": None,
        "wallet": public("wal", payment.wallet_id),
    }


def client_secret(payment_id: UUID) -> str:
    """Return what lets a payer's browser see this one payment: derived, so never stored."""
    public_id = ids.public("pi", payment_id)
    code = hmac.digest(
        instance.current().secret.encode(), f"client secret of {public_id}".encode(), hashlib.sha256
    )
    return f"{public_id}_secret_{base64.b32encode(code[:15]).decode().lower()}"


def _last_error(payment: Payment, status: str) -> Json | None:
    """Return why the last attempt came to nothing, until another one does not."""
    declined, attempt = payment.last_error, payment.latest_attempt
    if declined is None or status not in {"requires_payment_method", "canceled"}:
        return None
    tried = None
    if attempt is not None:
        tried = payment_methods.render_tried(
            attempt.payment_method_id, attempt.card, attempt.created_at
        )
    is_card_error = declined.code != "acquirer_unavailable"
    return {
        "charge": ids.public("ch", declined.attempt_id),
        "code": declined.code,
        "decline_code": declined.decline_code if is_card_error else None,
        "message": declined.message,
        "param": None,
        "payment_method": tried,
        "type": "card_error" if is_card_error else "api_error",
    }


def _next_action(payment: Payment, status: str) -> Json | None:
    if status != "requires_action" or not payment.next_action_url:
        return None
    return {
        "redirect_to_url": {
            "return_url": text(payment.return_url),
            "url": url(payment.next_action_url),
        },
        "type": "redirect_to_url",
    }


def latest_charge(payment: Payment) -> Json | None:
    """Return the charge that `expand[]=latest_charge` shows in place of its id."""
    attempt = payment.latest_attempt
    return None if attempt is None else charges.render(attempt, payment)
