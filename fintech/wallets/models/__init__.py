"""
The rows of wallets: who may spend what. The money itself is in the ledger.

A wallet's row names its ledger account (`liabilities:wallet:{id}`), a hold's row its
pending journal entry. No balance is kept here: the ledger alone decides funds.
"""

from fintech.wallets.models.allowance import Allowance
from fintech.wallets.models.exchange import Quote, Rate
from fintech.wallets.models.limit import Limit, Reservation, Usage
from fintech.wallets.models.transfer import Transfer
from fintech.wallets.models.wallet import Hold, Wallet
from fintech.wallets.models.withdrawal import Withdrawal

__all__ = [
    "Allowance",
    "Hold",
    "Limit",
    "Quote",
    "Rate",
    "Reservation",
    "Transfer",
    "Usage",
    "Wallet",
    "Withdrawal",
]
