"""One movement of a merchant's balance, pointing at its journal entry."""

from fintech.kernel import ids
from fintech.payments.data import BalanceTransaction
from fintech.wire.scalars import Json, currency, head, unix


def render(movement: BalanceTransaction) -> Json:
    """Return a balance transaction, with all its documented fields."""
    is_charge = movement.kind in {"charge", "adjustment"}
    source_prefix = "ch" if is_charge else "re"
    source_id = movement.attempt_id if is_charge else movement.source_id
    return {
        **head("balance_transaction", ids.public("txn", movement.id), movement.created_at, None),
        "amount": movement.amount.minor,
        "available_on": unix(movement.available_on),
        "balance_type": "payments",
        "currency": currency(movement.amount.currency),
        "description": None,
        "exchange_rate": None,
        "fee": movement.fee.minor,
        "fee_details": _fee_details(movement),
        "ledger_entry": ids.public("ltx", movement.entry_id),
        "net": movement.net.minor,
        "reporting_category": movement.kind,
        "source": ids.public(source_prefix, source_id),
        "status": "available" if movement.is_available else "pending",
        "type": movement.kind,
    }


def _fee_details(movement: BalanceTransaction) -> list[Json]:
    if not movement.fee:
        return []
    return [
        {
            "amount": movement.fee.minor,
            "application": None,
            "currency": currency(movement.fee.currency),
            "description": "Processing fee",
            "type": "platform_fee",
        }
    ]
