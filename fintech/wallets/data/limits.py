"""Limits, what is asked of them, and how a breach is told."""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from math import gcd
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from fintech.kernel import frozen
from fintech.kernel import money as currencies
from fintech.kernel.money import Money

OWNERS_ZONE = "owner"  # A limit's zone that is each wallet's own.


@cache
def is_zone(name: str) -> bool:
    """Whether there is a time zone of this name."""
    return name in available_timezones()


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
    BALANCE = "balance"  # How much may be in a wallet, with what is on its way there.


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


class OnReversal(StrEnum):
    """What a limit does when an operation is undone."""

    GIVES_BACK = "gives_back"
    KEEPS = "keeps"


class ReservationState(StrEnum):
    """What has become of an operation's share of a limit."""

    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    RELEASED = "released"
    EXPIRED = "expired"


@frozen.shape("wallets.limit.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """
    How much, or how often, within a time.

    An empty `subject` means each customer, card or wallet by itself. `maximum` is minor
    units of `currency`, or a count; a count without a currency counts all of them. Only
    operations of the named tier, channel, category and kind count, where one is named.
    One that `converts` counts amounts of other currencies too, at the stored rates.
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
    tier: str = ""
    channel: str = ""
    category: str = ""
    operation: str = ""
    reversal: OnReversal = OnReversal.GIVES_BACK
    converts: bool = False

    def counts_between(self, at: datetime) -> tuple[datetime, datetime | None]:
        """Return between which instants, both left out, the limit counts for an operation."""
        if self.window.is_calendar:
            return calendar_bounds(self.window, self.zone, at)
        if self.window == LimitWindow.ROLLING:
            return at - timedelta(seconds=self.seconds or 0), None
        return at, at


def calendar_bounds(window: LimitWindow, zone: str, at: datetime) -> tuple[datetime, datetime]:
    """Return between which instants, both left out, a day, week or month in a zone lies."""
    here = ZoneInfo(zone)
    first = at.astimezone(here).date()
    if window == LimitWindow.WEEK:
        first -= timedelta(days=first.weekday())
    elif window == LimitWindow.MONTH:
        first = first.replace(day=1)
    last = {
        LimitWindow.DAY: first,
        LimitWindow.WEEK: first + timedelta(days=6),
        LimitWindow.MONTH: first.replace(day=monthrange(first.year, first.month)[1]),
    }[window]
    begins = datetime.combine(first, time(), tzinfo=here).astimezone(UTC)
    ends = datetime.combine(last + timedelta(days=1), time(), tzinfo=here).astimezone(UTC)
    return begins - timedelta(microseconds=1), ends


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
    operation: str = "payment"  # or hold, transfer, withdrawal, top_up
    tier: str = ""  # Of whoever pays, where no wallet says it.
    channel: str = ""
    category: str = ""
    receiver_id: UUID | None = None  # The wallet that `received` comes into.
    received: Money | None = None


_RATE_DIGITS = 10  # Of a rate as it is stored.


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """An amount in another currency than a limit's, at rates as they were published."""

    original: Money
    currency: str  # The limit's.
    per_euro: tuple[Decimal, Decimal]  # Of the original's currency, and of the limit's.
    rate_on: date

    @property
    def units(self) -> tuple[int, int]:
        """So many minor units of the limit's currency are so many of the original's, exactly."""
        of, to = (int(rate.scaleb(_RATE_DIGITS)) for rate in self.per_euro)
        to *= 10 ** currencies.exponent(self.currency)
        of *= 10 ** currencies.exponent(self.original.currency)
        common = gcd(of, to)
        return to // common, of // common

    @property
    def minor(self) -> int:
        """Return the amount in the limit's currency, rounded up: a limit is never evaded."""
        to, of = self.units
        return -(-self.original.minor * to // of)

    def __str__(self) -> str:
        rates = [
            f"{currency} {rate.normalize():f}"
            for currency, rate in zip(
                (self.original.currency, self.currency), self.per_euro, strict=True
            )
            if currency != "EUR"
        ]
        return f"{_grouped(self.original)}; EUR 1 = {' = '.join(rates)}, {self.rate_on}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """
    A limit that an operation would go over, with the arithmetic.

    Where `rate_missing` names a currency, nobody has told us what it is worth, so nothing
    of it can be let through.
    """

    limit: Limit
    used: int
    asked: int
    frees_at: datetime | None = field(default=None)
    conversion: Conversion | None = None
    rate_missing: str = ""

    @property
    def left(self) -> int:
        """How much of the limit is left."""
        return max(0, self.limit.maximum - self.used)

    def __str__(self) -> str:
        limit = self.limit
        if limit.kind == LimitKind.BALANCE:
            return (
                f"at most {_figure(limit, limit.maximum)} in the wallet, "
                f"in it or on its way {_bare(limit, self.used)}, coming {_bare(limit, self.asked)}"
            )
        over = {
            LimitWindow.PER_TRANSACTION: "per transaction",
            LimitWindow.ROLLING: f"per {_span(limit.seconds or 0)}",
            LimitWindow.DAY: "daily",
            LimitWindow.WEEK: "weekly",
            LimitWindow.MONTH: "monthly",
        }[limit.window]
        whose = f"{over} {_figure(limit, limit.maximum)} by {limit.scope}"
        if self.rate_missing:
            return f"{whose}, there is no recent rate for {self.rate_missing}"
        said = f"{whose}, used {_bare(limit, self.used)}, asked {_bare(limit, self.asked)}"
        if self.conversion is not None:
            said = f"{said} ({self.conversion})"
        return f"{said}, frees {_instant(self.frees_at, limit.zone)}" if self.frees_at else said


def _figure(limit: Limit, number: int) -> str:
    """Return a figure with its unit, such as 1,000.00 EUR or 3 payments."""
    if limit.kind in {LimitKind.AMOUNT, LimitKind.BALANCE}:
        return f"{_bare(limit, number)} {limit.currency}"
    if limit.kind == LimitKind.COUNTERPARTIES:
        return f"{number} counterparty" if number == 1 else f"{number} counterparties"
    return f"{number} payment" if number == 1 else f"{number} payments"


def _bare(limit: Limit, number: int) -> str:
    if limit.kind not in {LimitKind.AMOUNT, LimitKind.BALANCE}:
        return str(number)
    return _grouped(Money(number, limit.currency)).partition(" ")[0]


def _grouped(amount: Money) -> str:
    """Return an amount with its thousands apart, such as 1,000.00 EUR."""
    number, _, currency = str(amount).partition(" ")
    whole, point, part = number.partition(".")
    told = f"{int(whole):,}" if whole.lstrip("-") != "0" else whole
    return f"{told}{point}{part} {currency}"


def _instant(moment: datetime, zone: str) -> str:
    """Return an instant in the limit's own zone; never an earlier one."""
    if moment.microsecond:
        moment = moment.replace(microsecond=0) + timedelta(seconds=1)
    here = moment.astimezone(ZoneInfo(zone or "UTC"))
    clock = f"{here:%H:%M:%S}" if here.second else f"{here:%H:%M}"
    return f"{here:%Y-%m-%d} {clock} {zone or 'UTC'}"


def _span(seconds: int) -> str:
    for length, word in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds % length == 0:
            return f"{seconds // length} {word}" if seconds != length else word[:-1]
    return f"{seconds} seconds"
