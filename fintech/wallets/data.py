"""
The values that go in and out of wallets: frozen, typed, free of Django.

Money is always `Money` (minor units and a currency). Values that an idempotent replay
must give again carry a stored shape.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from fintech.kernel import frozen
from fintech.kernel.money import Money


class WalletState(StrEnum):
    """Whether money may leave a wallet."""

    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSED = "closed"


class HoldState(StrEnum):
    """Where money that was set aside stands."""

    ACTIVE = "active"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


class LimitScope(StrEnum):
    """Whose operations a limit counts."""

    MERCHANT = "merchant"
    CUSTOMER = "customer"
    CARD = "card"
    WALLET = "wallet"


class LimitKind(StrEnum):
    """What a limit counts of them."""

    AMOUNT = "amount"
    COUNT = "count"
    COUNTERPARTIES = "counterparties"  # How many different ones; a known one is no more.


class LimitWindow(StrEnum):
    """Over which time a limit counts."""

    PER_TRANSACTION = "per_transaction"
    ROLLING = "rolling"
    DAY = "day"
    WEEK = "week"  # from Monday on
    MONTH = "month"

    @property
    def is_calendar(self) -> bool:
        """Whether it begins with a date in somebody's time zone."""
        return self in {LimitWindow.DAY, LimitWindow.WEEK, LimitWindow.MONTH}


class ReservationState(StrEnum):
    """What has become of an operation's share of a limit."""

    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    RELEASED = "released"


class TransferState(StrEnum):
    """Where money between two wallets stands."""

    SUCCEEDED = "succeeded"
    REVERSED = "reversed"


class QuoteState(StrEnum):
    """Whether a conversion can still be had at its terms (and until when: `expires_at`)."""

    OPEN = "open"
    USED = "used"


@frozen.shape("wallets.wallet.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """Money that a customer of a merchant keeps with us, in one currency."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """
    What a wallet has: posted is what is in it, available is what can be spent.

    `held` is what holds set aside; `pending` is the same as the books tell it: what
    would come if everything pending were captured, so below zero where it would go.
    """

    currency: str
    posted: Money
    pending: Money
    held: Money
    available: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A line of a wallet's statement, with the balance after it."""

    sequence: int
    entry_id: UUID
    kind: str  # The template of its journal entry.
    subject_id: UUID | None  # The hold, transfer or payment that it belongs to.
    amount: Money
    balance: Money
    at: datetime


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


@frozen.shape("wallets.limit.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """
    How much, or how often, within a time.

    An empty `subject` means each customer, card or wallet by itself. `maximum` is minor
    units of `currency`, or a count; a count without a currency counts all of them.
    """

    id: UUID
    merchant_id: UUID
    scope: LimitScope
    subject: str
    kind: LimitKind
    window: LimitWindow
    seconds: int | None  # of a rolling window
    zone: str  # of a day, week or month
    currency: str
    maximum: int
    active: bool
    created_at: datetime
    version: int

    def counts_between(self, at: datetime) -> tuple[datetime, datetime | None]:
        """Return between which instants, both left out, the limit counts for an operation."""
        if self.window.is_calendar:
            zone = ZoneInfo(self.zone)
            first = at.astimezone(zone).date()
            if self.window == LimitWindow.WEEK:
                first -= timedelta(days=first.weekday())
            elif self.window == LimitWindow.MONTH:
                first = first.replace(day=1)
            last = {
                LimitWindow.DAY: first,
                LimitWindow.WEEK: first + timedelta(days=6),
                LimitWindow.MONTH: first.replace(day=monthrange(first.year, first.month)[1]),
            }[self.window]
            begins = datetime.combine(first, time(), tzinfo=zone)
            ends = datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)
            return begins - timedelta(microseconds=1), ends
        if self.window == LimitWindow.ROLLING:
            return at - timedelta(seconds=self.seconds or 0), None
        return at, at


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much of a limit is used at a moment, and when it begins anew."""

    limit: Limit
    subject: str
    used: int
    left: int
    begins_anew_at: datetime | None  # A rolling window never does.


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRequest:
    """One operation that asks for its share of every limit that it falls under."""

    operation_id: UUID
    merchant_id: UUID
    customer_id: UUID | None
    card_fingerprint: str
    amount: Money
    at: datetime
    wallet_id: UUID | None = None
    counterparty: str = ""  # Who is paid: for a transfer the other wallet, else the merchant.


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A limit that an operation would go over, with the arithmetic."""

    limit: Limit
    used: int
    asked: int
    frees_at: datetime | None = field(default=None)

    def __str__(self) -> str:
        limit = self.limit
        over = {
            LimitWindow.PER_TRANSACTION: "per transaction",
            LimitWindow.ROLLING: f"per {_span(limit.seconds or 0)}",
            LimitWindow.DAY: "per day",
            LimitWindow.WEEK: "per week",
            LimitWindow.MONTH: "per month",
        }[limit.window]
        said = (
            f"{_figure(limit, limit.maximum)} {over} and {limit.scope}, "
            f"used {_figure(limit, self.used)}, asked {_figure(limit, self.asked)}"
        )
        return f"{said}, frees {self.frees_at:%Y-%m-%dT%H:%M:%SZ}" if self.frees_at else said


def _figure(limit: Limit, number: int) -> str:
    if limit.kind == LimitKind.AMOUNT:
        return str(Money(number, limit.currency))
    if limit.kind == LimitKind.COUNTERPARTIES:
        return f"{number} counterparty" if number == 1 else f"{number} counterparties"
    return f"{number} payment" if number == 1 else f"{number} payments"


def _span(seconds: int) -> str:
    for length, word in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds % length == 0:
            return f"{seconds // length} {word}" if seconds != length else word[:-1]
    return f"{seconds} seconds"
