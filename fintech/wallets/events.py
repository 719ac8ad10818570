"""Facts about wallets, in the past tense. Ids, codes and amounts only."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Code, Event


@dataclass(frozen=True, kw_only=True)
class WalletFact(Event):
    """What every fact of a wallet's stream says."""

    stream_of: ClassVar = "wallet_id"

    wallet_id: UUID
    merchant_id: UUID
    currency: Code


@dataclass(frozen=True, kw_only=True)
class WalletCreated(WalletFact):
    """A wallet exists; its ledger accounts open with their first journal entries."""

    name: ClassVar = "wallets.wallet_created.v1"

    customer_id: UUID | None
    type: Code
    tier: Code


@dataclass(frozen=True, kw_only=True)
class CurrencyAdded(WalletFact):
    """A wallet keeps one more currency."""

    name: ClassVar = "wallets.currency_added.v1"

    added: Code


@dataclass(frozen=True, kw_only=True)
class WalletUpdated(WalletFact):
    """A wallet's tier was changed, or its owner or metadata, which stay in its row."""

    name: ClassVar = "wallets.wallet_updated.v1"

    tier: Code


@dataclass(frozen=True, kw_only=True)
class FloorSet(WalletFact):
    """How far the wallet may fall in a currency is another figure; below zero: overdrawn."""

    name: ClassVar = "wallets.floor_set.v1"

    floor_currency: Code
    floor_minor: int


@dataclass(frozen=True, kw_only=True)
class OverdraftAllowed(Event):
    """How far wallets of a merchant may be overdrawn is another figure."""

    name: ClassVar = "wallets.overdraft_allowed.v1"
    stream_of: ClassVar = "allowance_id"

    allowance_id: UUID
    merchant_id: UUID
    currency: Code
    most_minor: int


@dataclass(frozen=True, kw_only=True)
class WalletFrozen(WalletFact):
    """Nothing leaves the wallet any more."""

    name: ClassVar = "wallets.wallet_frozen.v1"


@dataclass(frozen=True, kw_only=True)
class WalletUnfrozen(WalletFact):
    """Money may leave the wallet again."""

    name: ClassVar = "wallets.wallet_unfrozen.v1"


@dataclass(frozen=True, kw_only=True)
class WalletClosed(WalletFact):
    """The wallet is empty and stays so."""

    name: ClassVar = "wallets.wallet_closed.v1"


@dataclass(frozen=True, kw_only=True)
class WalletReopened(WalletFact):
    """Money came that was under way when the wallet closed; it exists again, frozen."""

    name: ClassVar = "wallets.wallet_reopened.v1"


@dataclass(frozen=True, kw_only=True)
class HoldFact(Event):
    """What every fact of a hold's stream says. `amount_minor` is what moved."""

    stream_of: ClassVar = "hold_id"

    hold_id: UUID
    wallet_id: UUID
    merchant_id: UUID
    amount_minor: int
    currency: Code
    entry_id: UUID


@dataclass(frozen=True, kw_only=True)
class HoldCreated(HoldFact):
    """Money was set aside; `entry_id` is its pending journal entry."""

    name: ClassVar = "wallets.hold_created.v1"

    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class HoldCaptured(HoldFact):
    """`amount_minor` of the hold was taken; if `final`, the rest went back."""

    name: ClassVar = "wallets.hold_captured.v1"

    final: bool


@dataclass(frozen=True, kw_only=True)
class HoldReleased(HoldFact):
    """What was left of the hold went back."""

    name: ClassVar = "wallets.hold_released.v1"


@dataclass(frozen=True, kw_only=True)
class HoldExpired(HoldFact):
    """Its time was up: what was left of the hold went back."""

    name: ClassVar = "wallets.hold_expired.v1"


@dataclass(frozen=True, kw_only=True)
class TransferFact(Event):
    """What every fact of a transfer's stream says; `entry_id` is the one that moved it."""

    stream_of: ClassVar = "transfer_id"

    transfer_id: UUID
    merchant_id: UUID
    source_id: UUID
    destination_id: UUID
    amount_minor: int
    currency: Code
    received_minor: int
    received_currency: Code
    quote_id: UUID | None
    entry_id: UUID


@dataclass(frozen=True, kw_only=True)
class TransferBegun(TransferFact):
    """Money is set aside in one wallet for another, until a person agrees."""

    name: ClassVar = "wallets.transfer_begun.v1"


@dataclass(frozen=True, kw_only=True)
class TransferCanceled(TransferFact):
    """Nobody agreed: the money is back."""

    name: ClassVar = "wallets.transfer_canceled.v1"


@dataclass(frozen=True, kw_only=True)
class TransferSucceeded(TransferFact):
    """Money went from one wallet to another."""

    name: ClassVar = "wallets.transfer_succeeded.v1"


@dataclass(frozen=True, kw_only=True)
class TransferReversed(TransferFact):
    """It went back."""

    name: ClassVar = "wallets.transfer_reversed.v1"


@dataclass(frozen=True, kw_only=True)
class WithdrawalFact(Event):
    """What every fact of a withdrawal's stream says; the account stays in its row."""

    stream_of: ClassVar = "withdrawal_id"

    withdrawal_id: UUID
    wallet_id: UUID
    merchant_id: UUID
    amount_minor: int
    currency: Code
    state: Code
    entry_id: UUID


@dataclass(frozen=True, kw_only=True)
class WithdrawalBegun(WithdrawalFact):
    """Money left a wallet for a bank account outside."""

    name: ClassVar = "wallets.withdrawal_begun.v1"


@dataclass(frozen=True, kw_only=True)
class WithdrawalApproved(WithdrawalFact):
    """A person let it go to the bank."""

    name: ClassVar = "wallets.withdrawal_approved.v1"


@dataclass(frozen=True, kw_only=True)
class WithdrawalCanceled(WithdrawalFact):
    """A person did not; the money is back in the wallet."""

    name: ClassVar = "wallets.withdrawal_canceled.v1"


@dataclass(frozen=True, kw_only=True)
class WithdrawalPaid(WithdrawalFact):
    """The bank has sent it."""

    name: ClassVar = "wallets.withdrawal_paid.v1"


@dataclass(frozen=True, kw_only=True)
class WithdrawalFailed(WithdrawalFact):
    """The bank has not; the money is back in the wallet."""

    name: ClassVar = "wallets.withdrawal_failed.v1"


@dataclass(frozen=True, kw_only=True)
class QuoteFact(Event):
    """What every fact of a quote's stream says."""

    stream_of: ClassVar = "quote_id"

    quote_id: UUID
    merchant_id: UUID


@dataclass(frozen=True, kw_only=True)
class QuoteMade(QuoteFact):
    """A conversion is offered. The rate is in trillionths: exact."""

    name: ClassVar = "wallets.quote_made.v1"

    source_currency: Code
    source_minor: int
    spread_minor: int
    destination_currency: Code
    destination_minor: int
    rate_e12: int
    rate_on: date
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class QuoteUsed(QuoteFact):
    """A transfer was made at the quote's terms."""

    name: ClassVar = "wallets.quote_used.v1"

    transfer_id: UUID


@dataclass(frozen=True, kw_only=True)
class LimitFact(Event):
    """What every fact of a limit's stream says. The subject stays in its row."""

    stream_of: ClassVar = "limit_id"

    limit_id: UUID
    merchant_id: UUID
    maximum: int


@dataclass(frozen=True, kw_only=True)
class LimitCreated(LimitFact):
    """A limit holds from now on."""

    name: ClassVar = "wallets.limit_created.v1"

    scope: Code
    kind: Code
    window: Code
    currency: Code


@dataclass(frozen=True, kw_only=True)
class LimitChanged(LimitFact):
    """A limit's maximum is another one."""

    name: ClassVar = "wallets.limit_changed.v1"


@dataclass(frozen=True, kw_only=True)
class LimitRemoved(LimitFact):
    """A limit holds no longer."""

    name: ClassVar = "wallets.limit_removed.v1"
