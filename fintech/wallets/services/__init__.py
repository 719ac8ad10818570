"""What can be done with wallets: holds, transfers, conversions, limits."""

from fintech.wallets.services.holding import capture, expire_due, hold, release
from fintech.wallets.services.limiting import confirm, free, reserve
from fintech.wallets.services.limits import change_limit, create_limit, remove_limit
from fintech.wallets.services.opening import (
    close,
    create_wallet,
    freeze,
    unfreeze,
    update_wallet,
)
from fintech.wallets.services.quoting import create_quote, record_rates
from fintech.wallets.services.transferring import reverse_transfer, transfer

__all__ = [
    "capture",
    "change_limit",
    "close",
    "confirm",
    "create_limit",
    "create_quote",
    "create_wallet",
    "expire_due",
    "free",
    "freeze",
    "hold",
    "record_rates",
    "release",
    "remove_limit",
    "reserve",
    "reverse_transfer",
    "transfer",
    "unfreeze",
    "update_wallet",
]
