"""Captured money on its way back, as the outside sees it."""

from fintech.kernel import ids
from fintech.payments.data import Refund
from fintech.wire import states
from fintech.wire.scalars import Json, currency, head, public, text


def render(refund: Refund) -> Json:
    """Return a refund, with all its documented fields."""
    return {
        **head("refund", ids.public("re", refund.id), refund.created_at, refund.metadata),
        "amount": refund.amount.minor,
        "balance_transaction": public("txn", refund.entry_id),
        "charge": ids.public("ch", refund.attempt_id),
        "currency": currency(refund.amount.currency),
        "failure_balance_transaction": None,
        "failure_reason": refund.failure_reason,
        "payment_intent": ids.public("pi", refund.payment_id),
        "reason": text(refund.reason),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": states.refund_status(refund.state),
        "transfer_reversal": None,
    }
