"""
The values that go in and out of wallets: frozen, typed, free of Django.

Money is always `Money` (minor units and a currency). Values that an idempotent replay
must give again carry a stored shape.
"""

from fintech.wallets.data.limits import (
    OWNERS_ZONE,
    Breach,
    Conversion,
    Limit,
    LimitKind,
    LimitRequest,
    LimitScope,
    LimitWindow,
    OnReversal,
    ReservationState,
    Usage,
    calendar_bounds,
    is_zone,
)
from fintech.wallets.data.moving import (
    Allowance,
    Hold,
    HoldState,
    Quote,
    QuoteState,
    Transfer,
    TransferOrder,
    TransferState,
    Wallet,
    WalletState,
    WalletType,
    Withdrawal,
    WithdrawalState,
)
from fintech.wallets.data.statements import (
    Balances,
    Movement,
    Statement,
    StatementLine,
)

__all__ = [
    "OWNERS_ZONE",
    "Allowance",
    "Balances",
    "Breach",
    "Conversion",
    "Hold",
    "HoldState",
    "Limit",
    "LimitKind",
    "LimitRequest",
    "LimitScope",
    "LimitWindow",
    "Movement",
    "OnReversal",
    "Quote",
    "QuoteState",
    "ReservationState",
    "Statement",
    "StatementLine",
    "Transfer",
    "TransferOrder",
    "TransferState",
    "Usage",
    "Wallet",
    "WalletState",
    "WalletType",
    "Withdrawal",
    "WithdrawalState",
    "calendar_bounds",
    "is_zone",
]
