"""An attempt to take money from a card, as the outside sees it: a charge."""

from collections.abc import Sequence

from fintech.kernel import ids
from fintech.payments.data import (
    Attempt,
    AttemptState,
    Authentication,
    Payment,
    PaymentMethod,
    Refund,
)
from fintech.wire import declines, lists, payment_methods, refunds, states
from fintech.wire.scalars import Json, currency, head, public, text

_DECIDED = {
    AttemptState.CREATED: ("invalid", "not_sent_to_network"),
    AttemptState.AUTHORIZING: ("authorized", "not_sent_to_network"),
    AttemptState.UNKNOWN: ("authorized", "not_sent_to_network"),
    AttemptState.AUTHORIZED: ("authorized", "approved_by_network"),
    AttemptState.DECLINED: ("issuer_declined", "declined_by_network"),
    AttemptState.ERRORED: ("invalid", "not_sent_to_network"),
}
_CARD_CODES = frozenset(
    {
        "authentication_required",
        "expired_card",
        "incorrect_cvc",
        "incorrect_number",
        "processing_error",
    }
)


def render(
    attempt: Attempt,
    payment: Payment | None = None,
    *,
    method: PaymentMethod | None = None,
    given_back: Sequence[Refund] = (),
) -> Json:
    """
    Return a charge, with all its documented fields.

    Args:
        payment: its payment; without it the fields that it alone knows are null.
        method: the stored card, for the billing details.
        given_back: the charge's refunds, newest first.
    """
    public_id = ids.public("ch", attempt.id)
    status = states.charge_status(attempt.state)
    failed = status == "failed"
    has_captured = attempt.captured.minor > 0
    is_whole = attempt.refunded.minor >= attempt.captured.minor
    return {
        **head("charge", public_id, attempt.created_at, payment.metadata if payment else None),
        "amount": attempt.amount.minor,
        "amount_captured": attempt.captured.minor,
        "amount_refunded": attempt.refunded.minor,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": public("txn", attempt.capture_entry_id),
        "billing_details": payment_methods.billing_details(method),
        "calculated_statement_descriptor": text(payment.statement_descriptor) if payment else None,
        "captured": has_captured,
        "currency": currency(attempt.amount.currency),
        "customer": public("cus", payment.customer_id) if payment else None,
        "description": text(payment.description) if payment else None,
        "disputed": False,
        "failure_code": _failure_code(attempt) if failed else None,
        "failure_message": declines.message(attempt.decline_code) if failed else None,
        "fraud_assessment": public("fra", attempt.assessment_id),
        "fraud_details": {},
        "outcome": _outcome(attempt),
        "paid": status == "succeeded",
        "payment_intent": ids.public("pi", attempt.payment_id),
        "payment_method": ids.public("pm", attempt.payment_method_id),
        "payment_method_details": payment_methods.details(attempt.card, _three_d_secure(attempt)),
        "receipt_email": text(payment.receipt_email) if payment else None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": has_captured and is_whole,
        "refunds": lists.render(
            [refunds.render(refund) for refund in given_back],
            path=f"/v1/charges/{public_id}/refunds",
            has_more=False,
        ),
        "review": public("fcs", payment.review_id) if payment else None,
        "shipping": None,
        "statement_descriptor": text(payment.statement_descriptor) if payment else None,
        "status": status,
        "transfer_group": None,
    }


# What is known of a challenge, in the words for it: result and reason.
_PROVED: dict[Authentication, tuple[str | None, str | None]] = {
    Authentication.ASKED: (None, None),
    Authentication.PASSED: ("authenticated", None),
    Authentication.FAILED: ("failed", "rejected"),
    Authentication.TIMED_OUT: ("failed", "abandoned"),
}


def _three_d_secure(attempt: Attempt) -> Json | None:
    """Tell how the payer proved who they are; null where nobody asked."""
    asked = attempt.authentication
    if attempt.authenticated and not asked:  # As it was kept before both were known.
        asked = Authentication.PASSED
    if not asked:
        return None
    result, reason = _PROVED[asked]
    return {
        "authentication_flow": "challenge",
        "liability": text(str(attempt.liability)),
        "result": result,
        "result_reason": reason,
        "version": None,  # Our own page asks, by no version of the protocol.
    }


def _failure_code(attempt: Attempt) -> str:
    return attempt.decline_code if attempt.decline_code in _CARD_CODES else "card_declined"


def _outcome(attempt: Attempt) -> Json:
    """Tell what the network and our fraud decision made of it."""
    kind, network = _DECIDED[attempt.state]
    if attempt.decision == "block":
        kind, network = "blocked", "not_sent_to_network"
    elif attempt.decision == "review" and kind == "authorized":
        kind = "manual_review"
    reason = attempt.decline_code or None
    if kind == "blocked":
        reason = "highest_risk_level"
    elif kind == "manual_review":
        reason = "elevated_risk_level"
    return {
        "liability": text(str(attempt.liability)),
        "network_decline_code": None,
        "network_status": network,
        "reason": reason,
        "risk_level": attempt.risk_level,
        "risk_score": attempt.score,
        "seller_message": _seller_message(kind, attempt),
        "type": kind,
    }


def _seller_message(kind: str, attempt: Attempt) -> str:
    if kind == "blocked":
        return "The fraud decision blocked this payment before the bank was asked."
    if kind == "manual_review":
        return "The bank has reserved the money; a person decides whether it is taken."
    if attempt.state is AttemptState.AUTHORIZED:
        return "Payment complete."
    if attempt.state in {AttemptState.DECLINED, AttemptState.ERRORED}:
        return declines.message(attempt.decline_code)
    return "The outcome is not known yet."
