"""Writing the books: post entries, close periods and accounts, seal what was posted."""

from fintech.ledger.services.closing import close_account, close_period, reopen_account
from fintech.ledger.services.growing import open_partitions, seal
from fintech.ledger.services.posting import MOST_ENTRIES, MOST_LINES, post, reverse, try_post

__all__ = [
    "MOST_ENTRIES",
    "MOST_LINES",
    "close_account",
    "close_period",
    "open_partitions",
    "post",
    "reopen_account",
    "reverse",
    "seal",
    "try_post",
]
