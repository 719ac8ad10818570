"""Questions to the books: balances, entries, expectations, and whether all of it is true."""

from fintech.ledger.queries.balances import (
    balance,
    balance_as_of,
    merchant_available,
    merchant_funds,
    merchant_pending,
    owing,
    statement,
    trial_balance,
    wallet_balance,
    wallet_balances,
)
from fintech.ledger.queries.books import (
    book_account,
    book_accounts,
    book_balances,
    book_entries,
    book_trial_balance,
    named_accounts,
    own_pending,
)
from fintech.ledger.queries.chains import chain
from fintech.ledger.queries.exporting import FORMATS as EXPORTS
from fintech.ledger.queries.invariants import INVARIANTS, replay
from fintech.ledger.queries.journal import (
    entries_by_id,
    entries_of,
    entries_of_this_transaction,
    entry,
    expectations,
    journal_source,
    reversals_of,
)
from fintech.ledger.queries.verifying import LOG, heads, proof, verify, verify_book

__all__ = [
    "EXPORTS",
    "INVARIANTS",
    "LOG",
    "balance",
    "balance_as_of",
    "book_account",
    "book_accounts",
    "book_balances",
    "book_entries",
    "book_trial_balance",
    "chain",
    "entries_by_id",
    "entries_of",
    "entries_of_this_transaction",
    "entry",
    "expectations",
    "heads",
    "journal_source",
    "merchant_available",
    "merchant_funds",
    "merchant_pending",
    "named_accounts",
    "owing",
    "own_pending",
    "proof",
    "replay",
    "reversals_of",
    "statement",
    "trial_balance",
    "verify",
    "verify_book",
    "wallet_balance",
    "wallet_balances",
]
