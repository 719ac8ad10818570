"""What can be done with wallets: holds, transfers, conversions, limits."""

from fintech.wallets.services.agreeing import (
    TRANSFER_WAITS,
    approve_transfer,
    expire_transfers,
    reject_transfer,
)
from fintech.wallets.services.flooring import (
    OVERDRAFT_KIND,
    allow_overdraft,
    overdraft_agreed,
    propose_overdraft,
    set_floor,
)
from fintech.wallets.services.holding import capture, expire_due, hold, hold_and_capture, release
from fintech.wallets.services.limiting import (
    conclude,
    confirm,
    exceeded,
    expire,
    free,
    reserve,
    reserve_or_refuse,
    reverse,
    reverse_parts,
)
from fintech.wallets.services.limits import change_limit, create_limit, remove_limit
from fintech.wallets.services.opening import (
    add_currencies,
    close,
    create_wallet,
    freeze,
    receive,
    unfreeze,
    update_wallet,
)
from fintech.wallets.services.quoting import create_quote, record_rates
from fintech.wallets.services.reversing import reverse_transfer
from fintech.wallets.services.transferring import transfer, transfer_many
from fintech.wallets.services.withdrawing import (
    approve_withdrawal,
    begin_withdrawal,
    end_withdrawal,
    pending_withdrawals,
    reject_withdrawal,
)

__all__ = [
    "OVERDRAFT_KIND",
    "TRANSFER_WAITS",
    "add_currencies",
    "allow_overdraft",
    "approve_transfer",
    "approve_withdrawal",
    "begin_withdrawal",
    "capture",
    "change_limit",
    "close",
    "conclude",
    "confirm",
    "create_limit",
    "create_quote",
    "create_wallet",
    "end_withdrawal",
    "exceeded",
    "expire",
    "expire_due",
    "expire_transfers",
    "free",
    "freeze",
    "hold",
    "hold_and_capture",
    "overdraft_agreed",
    "pending_withdrawals",
    "propose_overdraft",
    "receive",
    "record_rates",
    "reject_transfer",
    "reject_withdrawal",
    "release",
    "remove_limit",
    "reserve",
    "reserve_or_refuse",
    "reverse",
    "reverse_parts",
    "reverse_transfer",
    "set_floor",
    "transfer",
    "transfer_many",
    "unfreeze",
    "update_wallet",
]
