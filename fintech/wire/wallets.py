"""Money that a customer keeps with us, and what is set aside of it."""

from collections.abc import Sequence

from fintech.kernel import ids
from fintech.wallets.data import Balances, Hold, Movement, Wallet
from fintech.wire.scalars import (
    Json,
    amount,
    currency,
    head,
    livemode,
    public,
    text,
    unix_or_null,
)


def render(wallet: Wallet, balances: Sequence[Balances] | None = None) -> Json:
    """
    Return a wallet, with all its documented fields.

    Args:
        balances: what is in it now; null where it was not asked for, as in a replay.
    """
    return {
        **head("wallet", ids.public("wal", wallet.id), wallet.created_at, wallet.metadata),
        "balances": None if balances is None else [_balance(part) for part in balances],
        "closed_at": unix_or_null(wallet.closed_at),
        "currency": currency(wallet.currency),
        "customer": public("cus", wallet.customer_id),
        "default_currency": currency(wallet.currency),
        "owner": text(wallet.owner),
        "status": str(wallet.state),
        "type": "customer",
    }


def render_balances(wallet: Wallet, balances: Sequence[Balances]) -> Json:
    """Return what is in a wallet."""
    return {
        "balances": [_balance(part) for part in balances],
        "livemode": livemode(),
        "object": "wallet_balances",
        "wallet": ids.public("wal", wallet.id),
    }


def _balance(balances: Balances) -> Json:
    return {
        "available": balances.available.minor,
        "currency": currency(balances.currency),
        "held": balances.held.minor,
        "pending": balances.pending.minor,
        "posted": balances.posted.minor,
    }


def render_hold(hold: Hold) -> Json:
    """Return a hold, with all its documented fields."""
    return {
        **head("wallet_hold", ids.public("whd", hold.id), hold.created_at, None),
        **amount(hold.amount),
        "amount_captured": hold.captured.minor,
        "amount_remaining": hold.remaining.minor,
        "ended_at": unix_or_null(hold.ended_at),
        "expires_at": unix_or_null(hold.expires_at),
        "ledger_entry": ids.public("ltx", hold.entry_id),
        "reason": text(hold.reason),
        "status": str(hold.state),
        "wallet": ids.public("wal", hold.wallet_id),
    }


def render_movement(movement: Movement) -> Json:
    """Return what came or went, with the balance after it."""
    return {
        **head("wallet_movement", ids.public("wtx", movement.entry_id), movement.at, None),
        **amount(movement.amount),
        "balance": movement.balance.minor,
        "kind": movement.kind,
        "ledger_entry": ids.public("ltx", movement.entry_id),
        "sequence": movement.sequence,
    }
