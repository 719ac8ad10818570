"""Writing the books: post entries, close periods and accounts, seal what was posted."""

from fintech.ledger.services.books import (
    open_book_account,
    post_one_to_book,
    post_to_book,
    reverse_in_book,
    set_book_account_closed,
    update_book_account,
)
from fintech.ledger.services.by_hand import post_approved_entry, propose_entry
from fintech.ledger.services.closing import (
    close_account,
    close_period,
    reopen_account,
    set_floor,
)
from fintech.ledger.services.growing import open_partitions, seal, take_snapshots
from fintech.ledger.services.posting import (
    MOST_ENTRIES,
    MOST_LINES,
    claims,
    post,
    refusal,
    reverse,
    try_post,
)
from fintech.ledger.services.sharding import transfer_across
from fintech.ledger.services.sharing import post_among_others

__all__ = [
    "MOST_ENTRIES",
    "MOST_LINES",
    "claims",
    "close_account",
    "close_period",
    "open_book_account",
    "open_partitions",
    "post",
    "post_among_others",
    "post_approved_entry",
    "post_one_to_book",
    "post_to_book",
    "propose_entry",
    "refusal",
    "reopen_account",
    "reverse",
    "reverse_in_book",
    "seal",
    "set_book_account_closed",
    "set_floor",
    "take_snapshots",
    "transfer_across",
    "try_post",
    "update_book_account",
]
