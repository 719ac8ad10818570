"""Questions to the books: balances, entries, expectations, and whether all of it is true."""

from fintech.ledger.queries.balances import (
    balance,
    merchant_available,
    merchant_pending,
    statement,
    trial_balance,
    wallet_balance,
    wallet_balances,
)
from fintech.ledger.queries.exporting import FORMATS as EXPORTS
from fintech.ledger.queries.invariants import INVARIANTS, replay
from fintech.ledger.queries.journal import (
    entries_of,
    entry,
    expectations,
    journal_source,
    reversals_of,
)
from fintech.ledger.queries.verifying import LOG, heads, verify

__all__ = [
    "EXPORTS",
    "INVARIANTS",
    "LOG",
    "balance",
    "entries_of",
    "entry",
    "expectations",
    "heads",
    "journal_source",
    "merchant_available",
    "merchant_pending",
    "replay",
    "reversals_of",
    "statement",
    "trial_balance",
    "verify",
    "wallet_balance",
    "wallet_balances",
]
