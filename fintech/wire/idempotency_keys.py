"""What an idempotency key was used for, and what came of it."""

from datetime import datetime
from typing import Any

from fintech.kernel import ids
from fintech.kernel.errors import Refusal
from fintech.payments import data as payments
from fintech.wallets import data as wallets
from fintech.wire.scalars import Json, livemode, unix

# What a command may make, and the public name and prefix of each.
MADE: dict[type, tuple[str, str]] = {
    payments.Payment: ("payment_intent", "pi"),
    payments.Refund: ("refund", "re"),
    payments.Customer: ("customer", "cus"),
    payments.PaymentMethod: ("payment_method", "pm"),
    payments.Link: ("payment_link", "plink"),
    payments.CheckoutSession: ("checkout.session", "cs"),
    payments.Product: ("product", "prod"),
    payments.Price: ("price", "price"),
    wallets.Wallet: ("wallet", "wal"),
    wallets.Hold: ("wallet_hold", "whd"),
    wallets.Limit: ("limit", "lim"),
    wallets.Transfer: ("wallet_transfer", "wtr"),
    wallets.Quote: ("wallet_quote", "wqt"),
    wallets.Withdrawal: ("wallet_withdrawal", "wwd"),
}


def render(key: str, *, command: str, claimed_at: datetime, outcome: Any) -> Json:
    """Return a key's story; `outcome` is None while its request is still running."""
    status = "in_flight" if outcome is None else "completed"
    return {
        "command": command,
        "created": unix(claimed_at),
        "error_code": outcome.code if isinstance(outcome, Refusal) else None,
        "key": key,
        "livemode": livemode(),
        "object": "idempotency_key",
        "resource": made(outcome),
        "status": "refused" if isinstance(outcome, Refusal) else status,
    }


def made(outcome: Any) -> Json | None:
    """Return what a command made or changed, by its public name."""
    known = MADE.get(type(outcome))
    return None if known is None else {"id": ids.public(known[1], outcome.id), "object": known[0]}
