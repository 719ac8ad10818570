"""Questions to wallets: what there is, what is held, what may be spent."""

from fintech.wallets.queries.proving import INVARIANTS, replay
from fintech.wallets.queries.reading import (
    balances,
    hold,
    holds,
    limit,
    limits,
    movements,
    per_euro,
    quote,
    transfer,
    transfers,
    usage,
    wallet,
    wallets,
)

__all__ = [
    "INVARIANTS",
    "balances",
    "hold",
    "holds",
    "limit",
    "limits",
    "movements",
    "per_euro",
    "quote",
    "replay",
    "transfer",
    "transfers",
    "usage",
    "wallet",
    "wallets",
]
