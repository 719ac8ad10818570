"""Captured money on its way back, as the outside sees it."""

from fintech.kernel import ids
from fintech.payments.data import Refund, RefundPart
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
        "parts": [_part(part) for part in refund.parts or (_whole(refund),)],
        "payment_intent": ids.public("pi", refund.payment_id),
        "reason": text(refund.reason),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": states.refund_status(refund.state),
        "transfer_reversal": None,
    }


def _part(part: RefundPart) -> Json:
    """Tell of what goes back to one capture: providers refund each on its own."""
    return {
        "amount": part.amount.minor,
        "balance_transaction": public("txn", part.entry_id),
        "failure_reason": part.failure_reason,
        "status": states.refund_status(part.state),
    }


def _whole(refund: Refund) -> RefundPart:
    return RefundPart(
        id=refund.id,
        amount=refund.amount,
        state=refund.state,
        failure_reason=refund.failure_reason,
        entry_id=refund.entry_id,
    )
