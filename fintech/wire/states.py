"""
What a stored state is called outside.

Each function is total over its enumeration: a state that is added inside without a
public word fails the tests, not a customer.
"""

from fintech.payments.data import AttemptState, Payment, PaymentState, RefundState

_SETTLED = {
    PaymentState.AWAITING_PAYER: "requires_action",
    PaymentState.PROCESSING: "processing",
    PaymentState.IN_REVIEW: "processing",
    PaymentState.AUTHORIZED: "requires_capture",
    PaymentState.PARTIALLY_CAPTURED: "requires_capture",
    PaymentState.CAPTURED: "succeeded",
    PaymentState.CANCELED: "canceled",
}
_FINAL = frozenset({PaymentState.CAPTURED, PaymentState.CANCELED})
_CHARGES = {
    AttemptState.CREATED: "pending",
    AttemptState.AUTHORIZING: "pending",
    AttemptState.UNKNOWN: "pending",
    AttemptState.AUTHORIZED: "succeeded",
    AttemptState.DECLINED: "failed",
    AttemptState.ERRORED: "failed",
}
_REFUNDS = {
    RefundState.CREATED: "pending",
    RefundState.SUBMITTED: "pending",
    RefundState.UNKNOWN: "pending",
    RefundState.SUCCEEDED: "succeeded",
    RefundState.PARTIALLY_SUCCEEDED: "succeeded",  # Its amount says how much of it.
    RefundState.FAILED: "failed",
    RefundState.CANCELED: "canceled",
}


def payment_status(
    state: PaymentState,
    *,
    has_method: bool = False,
    was_declined: bool = False,
    conflicted_from: PaymentState | None = None,
) -> str:
    """
    Return a payment's public status.

    Args:
        has_method: the payment has a card with which it could be confirmed.
        was_declined: its last attempt came to nothing, so that it needs another card.
        conflicted_from: where it stood when the provider contradicted us; a final
            answer that the merchant has already seen is not taken back.
    """
    if state is PaymentState.CREATED:
        return (
            "requires_confirmation"
            if has_method and not was_declined
            else ("requires_payment_method")
        )
    if state is PaymentState.CONFLICTED:
        return _SETTLED[conflicted_from] if conflicted_from in _FINAL else "processing"
    return _SETTLED[state]


def status_of(payment: Payment) -> str:
    """Return the public status of a payment."""
    return payment_status(
        payment.state,
        has_method=payment.payment_method_id is not None,
        was_declined=needs_another_card(payment),
        conflicted_from=payment.conflicted_from,
    )


def needs_another_card(payment: Payment) -> bool:
    """Whether the card that the payment has is the one that was just declined."""
    declined, attempt = payment.last_error, payment.latest_attempt
    return (
        declined is not None
        and attempt is not None
        and declined.attempt_id == attempt.id
        and attempt.payment_method_id == payment.payment_method_id
    )


def charge_status(state: AttemptState) -> str:
    """Return an attempt's public status."""
    return _CHARGES[state]


def refund_status(state: RefundState) -> str:
    """Return a refund's public status."""
    return _REFUNDS[state]
