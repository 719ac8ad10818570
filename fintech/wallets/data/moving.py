"""Wallets, and money that is set aside in them, goes between them or leaves them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from fintech.kernel import frozen
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.kernel.keys import Key
from fintech.kernel.money import Money


class WalletState(StrEnum):
    """Whether money may leave a wallet."""

    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSED = "closed"


class WalletType(StrEnum):
    """Whose purse it is."""

    CUSTOMER = "customer"
    MERCHANT = "merchant"


class HoldState(StrEnum):
    """Where money that was set aside stands."""

    ACTIVE = "active"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


class TransferState(StrEnum):
    """Where money between two wallets stands."""

    AWAITING_APPROVAL = "awaiting_approval"  # Set aside in the one until a person agrees.
    SUCCEEDED = "succeeded"
    REVERSED = "reversed"
    CANCELED = "canceled"  # A person said no, or nobody anything; the money is back.


_NOT_MOVED = frozenset({TransferState.AWAITING_APPROVAL, TransferState.CANCELED})


class WithdrawalState(StrEnum):
    """Where money on its way to a bank account outside stands."""

    AWAITING_APPROVAL = "awaiting_approval"
    PENDING = "pending"  # The bank has not said yet.
    PAID = "paid"
    FAILED = "failed"  # The bank said no; the money is back.
    CANCELED = "canceled"  # A person said no; the money is back.


class QuoteState(StrEnum):
    """Whether a conversion can still be had at its terms (and until when: `expires_at`)."""

    OPEN = "open"
    USED = "used"


@frozen.shape("wallets.wallet.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """
    Money that a customer of a merchant keeps with us, in any number of currencies.

    `currency` is the one that is meant when none is named, and one of `currencies`.
    `floors` says per currency how far it may fall, in minor units: below zero it may be
    overdrawn, above zero so much must stay; zero where nothing is said.
    """

    id: UUID
    merchant_id: UUID
    customer_id: UUID | None
    owner: str
    currency: str
    state: WalletState
    metadata: dict[str, str]
    created_at: datetime
    closed_at: datetime | None
    version: int
    type: WalletType = WalletType.CUSTOMER
    tier: str = ""
    zone: str = ""  # Where its owner lives; days begin there. UTC if empty.
    currencies: tuple[str, ...] = ()
    floors: dict[str, int] = field(default_factory=dict)


@frozen.shape("wallets.allowance.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How far any one wallet of a merchant may be overdrawn in a currency."""

    id: UUID
    merchant_id: UUID
    currency: str
    most_minor: int
    changed_at: datetime
    version: int


@frozen.shape("wallets.hold.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Money set aside in a wallet, named by one pending journal entry."""

    id: UUID
    wallet_id: UUID
    merchant_id: UUID
    state: HoldState
    amount: Money
    captured: Money
    remaining: Money
    reason: str
    entry_id: UUID
    expires_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    version: int


@frozen.shape("wallets.transfer.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Money that went from one wallet to another, converted if there is a quote."""

    id: UUID
    merchant_id: UUID
    source_id: UUID
    destination_id: UUID
    state: TransferState
    amount: Money
    received: Money
    quote_id: UUID | None
    entry_id: UUID
    reversal_id: UUID | None
    created_at: datetime
    reversed_at: datetime | None
    version: int
    reasons: tuple[str, ...] = ()  # Why a person had, or has, to agree.
    hold_entry_id: UUID | None = None  # The pending entry that sets it aside meanwhile.
    decided_at: datetime | None = None

    @property
    def newest_entry_id(self) -> UUID:
        """The journal entry that moved the money, or sets it aside; where it was, if it is back."""
        if self.hold_entry_id is not None and self.state in _NOT_MOVED:
            return self.hold_entry_id
        return self.entry_id


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOrder:
    """
    One of many transfers that are asked for at once; see `services.transfer`.

    `reasons` are why a person must agree first; `refusal` is what whoever assessed it
    says instead of carrying it out.
    """

    source_id: UUID
    destination_id: UUID
    amount: Money | None = None
    quote_id: UUID | None = None
    merchant_id: UUID | None = None
    channel: str = ""
    category: str = ""
    key: Key | None = None
    by: Actor | None = None  # Who asks; the caller of `transfer_many`, if nobody is named.
    at: datetime
    reasons: tuple[str, ...] = ()
    refusal: Refusal | None = None

    @property
    def ends(self) -> tuple[UUID, UUID]:
        """The two wallets."""
        return self.source_id, self.destination_id


@frozen.shape("wallets.withdrawal.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """Money that leaves a wallet for a bank account outside."""

    id: UUID
    wallet_id: UUID
    merchant_id: UUID
    state: WithdrawalState
    amount: Money
    account: str
    entry_id: UUID
    bank_reference: str
    created_at: datetime
    ended_at: datetime | None
    version: int


@frozen.shape("wallets.quote.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """
    A conversion that is offered for a short while.

    (source - spread) x rate = destination + residue, exactly, in major units; `residue`
    is in the destination's minor units, and less than one. Rates are decimal texts.
    """

    id: UUID
    merchant_id: UUID
    state: QuoteState
    source: Money
    spread: Money
    destination: Money
    rate: str
    rate_on: date
    residue: str
    created_at: datetime
    expires_at: datetime
    version: int
