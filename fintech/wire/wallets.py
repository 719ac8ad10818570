"""Money that a customer keeps with us, and what is set aside of it."""

from collections.abc import Sequence

from fintech.kernel import ids
from fintech.wallets.data import (
    Balances,
    Hold,
    Movement,
    Quote,
    Statement,
    Transfer,
    Wallet,
    Withdrawal,
)
from fintech.wire.scalars import (
    Json,
    amount,
    currency,
    head,
    livemode,
    public,
    text,
    unix,
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
        "balances": None if balances is None else [render_balance(part) for part in balances],
        "closed_at": unix_or_null(wallet.closed_at),
        "currencies": [currency(code) for code in wallet.currencies or (wallet.currency,)],
        "currency": currency(wallet.currency),
        "customer": public("cus", wallet.customer_id),
        "default_currency": currency(wallet.currency),
        "minimum_balances": [
            {"currency": currency(code), "minimum_balance": minor}
            for code, minor in sorted(wallet.floors.items())
        ],
        "owner": text(wallet.owner),
        "status": str(wallet.state),
        "tier": text(wallet.tier),
        "type": str(wallet.type),
        "version": wallet.version,
        "zone": text(wallet.zone),
    }


def render_balances(wallet: Wallet, balances: Sequence[Balances]) -> Json:
    """Return what is in a wallet."""
    return {
        "balances": [render_balance(part) for part in balances],
        "livemode": livemode(),
        "object": "wallet_balances",
        "wallet": ids.public("wal", wallet.id),
    }


def render_balance(balances: Balances) -> Json:
    """Return what a wallet has in a currency."""
    return {
        "available": balances.available.minor,
        "currency": currency(balances.currency),
        "held": balances.held.minor,
        "minimum_balance": balances.floor.minor,
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


def render_statement(statement: Statement) -> Json:
    """Return a stretch of a wallet's account; whoever has it can check its chain of hashes."""
    return {
        "closing_balance": statement.closing.minor,
        "currency": currency(statement.currency),
        "lines": [
            {
                "amount": line.amount.minor,
                "balance": line.balance.minor,
                "entry_hash": line.entry_hash,
                "hash": line.hash,
                "ledger_entry": ids.public("ltx", line.entry_id),
                "number": line.number,
                "pending": line.pending.minor,
                "sequence": line.sequence,
            }
            for line in statement.lines
        ],
        "livemode": livemode(),
        "object": "wallet_statement",
        "opening_balance": statement.opening.minor,
        "previous_hash": statement.previous_hash,
        "wallet": ids.public("wal", statement.wallet_id),
    }


def render_transfer(transfer: Transfer) -> Json:
    """Return money that went from one wallet to another, with all its documented fields."""
    return {
        **head("wallet_transfer", ids.public("wtr", transfer.id), transfer.created_at, None),
        **amount(transfer.amount),
        "approval_reasons": list(transfer.reasons),
        "decided_at": unix_or_null(transfer.decided_at),
        "destination": ids.public("wal", transfer.destination_id),
        "ledger_entry": ids.public("ltx", transfer.newest_entry_id),
        "quote": public("wqt", transfer.quote_id),
        "received": amount(transfer.received),
        "reversed_at": unix_or_null(transfer.reversed_at),
        "source": ids.public("wal", transfer.source_id),
        "status": str(transfer.state),
    }


def render_quote(quote: Quote) -> Json:
    """Return the terms of a conversion; (source - spread) x rate = destination + residue."""
    return {
        **head("wallet_quote", ids.public("wqt", quote.id), quote.created_at, None),
        "destination": amount(quote.destination),
        "expires_at": unix(quote.expires_at),
        "rate": quote.rate,
        "rate_on": quote.rate_on.isoformat(),
        "residue": quote.residue,
        "source": amount(quote.source),
        "spread": amount(quote.spread),
        "status": str(quote.state),
    }


def render_withdrawal(withdrawal: Withdrawal) -> Json:
    """Return money that leaves a wallet for a bank account, with all its documented fields."""
    ended = withdrawal.ended_at
    return {
        **head("wallet_withdrawal", ids.public("wwd", withdrawal.id), withdrawal.created_at, None),
        **amount(withdrawal.amount),
        "account": withdrawal.account,
        "bank_reference": text(withdrawal.bank_reference),
        "ended_at": unix_or_null(ended),
        "ledger_entry": ids.public("ltx", withdrawal.entry_id),
        "status": str(withdrawal.state),
        "wallet": ids.public("wal", withdrawal.wallet_id),
    }
