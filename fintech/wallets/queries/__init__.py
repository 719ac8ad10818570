"""Questions to wallets: what there is, what is held, what may be spent."""

from fintech.wallets.queries.proving import INVARIANTS, replay
from fintech.wallets.queries.reading import (
    balances,
    balances_of,
    hold,
    holds,
    limit,
    limits,
    movements,
    per_euro,
    quote,
    statement,
    transfer,
    transfers,
    usage,
    wallet,
    wallets,
    withdrawal,
    withdrawals,
)

__all__ = [
    "INVARIANTS",
    "balances",
    "balances_of",
    "hold",
    "holds",
    "limit",
    "limits",
    "movements",
    "per_euro",
    "quote",
    "replay",
    "statement",
    "transfer",
    "transfers",
    "usage",
    "wallet",
    "wallets",
    "withdrawal",
    "withdrawals",
]
