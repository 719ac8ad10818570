"""
How each business event becomes a journal entry: the only makers of entries.

A template is a name and a version; a template that changes gets a new version, and what
was posted under the old one stays as it is. E1 to E14 are the events of the ledger's
README. The first two lines of an entry that sets money aside are the debit and the
credit; a capture of it repeats that pair first. Lines that will be seen at a processor or
a bank say where, under which reference and by when.
"""

from fintech.ledger.data.templates.by_merchants import by_merchant
from fintech.ledger.data.templates.cards import (
    authorize_card,
    capture_card,
    refund_card,
    refund_returned,
    release,
    settle_processor,
)
from fintech.ledger.data.templates.corrections import (
    by_hand,
    explain_credit,
    reversal,
    unknown_credit,
)
from fintech.ledger.data.templates.merchants import (
    call_back,
    dispute_lost,
    dispute_opened,
    dispute_won,
    make_available,
    payout_created,
    payout_failed,
    payout_paid,
    payout_returned,
    recover_debt,
    release_reserve,
    write_off,
)
from fintech.ledger.data.templates.reconciling import adjust_receivable, convert_receivable
from fintech.ledger.data.templates.shards import transfer_arrives, transfer_departs
from fintech.ledger.data.templates.wallets import (
    capture_transfer,
    capture_wallet,
    convert_wallets,
    hold_transfer,
    hold_wallet,
    refund_wallet,
    top_up,
    transfer_wallets,
    withdraw,
    withdrawal_failed,
    withdrawal_paid,
)

__all__ = [
    "adjust_receivable",
    "authorize_card",
    "by_hand",
    "by_merchant",
    "call_back",
    "capture_card",
    "capture_transfer",
    "capture_wallet",
    "convert_receivable",
    "convert_wallets",
    "dispute_lost",
    "dispute_opened",
    "dispute_won",
    "explain_credit",
    "hold_transfer",
    "hold_wallet",
    "make_available",
    "payout_created",
    "payout_failed",
    "payout_paid",
    "payout_returned",
    "recover_debt",
    "refund_card",
    "refund_returned",
    "refund_wallet",
    "release",
    "release_reserve",
    "reversal",
    "settle_processor",
    "top_up",
    "transfer_arrives",
    "transfer_departs",
    "transfer_wallets",
    "unknown_credit",
    "withdraw",
    "withdrawal_failed",
    "withdrawal_paid",
    "write_off",
]
