"""What can be done with wallets: holds, transfers, conversions, limits."""

from fintech.wallets.services.holding import capture, expire_due, hold, release
from fintech.wallets.services.limiting import (
    conclude,
    confirm,
    exceeded,
    expire,
    free,
    reserve,
    reserve_or_refuse,
    reverse,
)
from fintech.wallets.services.limits import change_limit, create_limit, remove_limit
from fintech.wallets.services.opening import (
    add_currencies,
    close,
    create_wallet,
    freeze,
    unfreeze,
    update_wallet,
)
from fintech.wallets.services.quoting import create_quote, record_rates
from fintech.wallets.services.transferring import (
    reverse_transfer,
    transfer,
    transfer_many,
)

__all__ = [
    "add_currencies",
    "capture",
    "change_limit",
    "close",
    "conclude",
    "confirm",
    "create_limit",
    "create_quote",
    "create_wallet",
    "exceeded",
    "expire",
    "expire_due",
    "free",
    "freeze",
    "hold",
    "record_rates",
    "release",
    "remove_limit",
    "reserve",
    "reserve_or_refuse",
    "reverse",
    "reverse_transfer",
    "transfer",
    "transfer_many",
    "unfreeze",
    "update_wallet",
]
