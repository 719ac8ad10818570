"""The values that web's own questions answer with: frozen, typed, free of Django."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from fintech.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that happened to a payment."""

    source: str
    position: int
    payment_id: UUID
    merchant_id: UUID | None
    kind: str
    version: int
    data: dict[str, Any]
    by: str
    request_id: str
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLine:
    """A line of the payments list."""

    id: UUID
    merchant_id: UUID
    state: str
    purpose: str
    amount: Money
    captured: Money
    fee: Money
    refunded: Money
    score: int | None
    decision: str
    decline_code: str
    customer_id: UUID | None
    link_id: UUID | None
    last4: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list of payments is narrowed to. Empty means everything."""

    states: tuple[str, ...] = ()
    currency: str = ""
    refunded: bool = False
    declined: bool = False
    least_minor: int | None = None
    most_minor: int | None = None
    since: date | None = None
    until: date | None = None
    customer_id: UUID | None = None
    link_id: UUID | None = None
    last4: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPage:
    """A stretch of the payments list, newest first, and the way on."""

    lines: tuple[PaymentLine, ...]
    older: str = ""
    newer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What one day brought."""

    day: date
    created: int = 0
    authorized: int = 0
    declined: int = 0
    blocked: int = 0
    captures: int = 0
    captured_minor: int = 0
    fee_minor: int = 0
    refunds: int = 0
    refunded_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Some days of one currency, every day present, in order."""

    currency: str
    days: tuple[Day, ...] = field(default_factory=tuple)

    @property
    def captured(self) -> Money:
        """Return what was taken."""
        return Money(sum(day.captured_minor for day in self.days), self.currency)

    @property
    def refunded(self) -> Money:
        """Return what was given back."""
        return Money(sum(day.refunded_minor for day in self.days), self.currency)

    @property
    def authorized(self) -> int:
        """Return how many attempts a bank said yes to."""
        return sum(day.authorized for day in self.days)

    @property
    def refused(self) -> int:
        """Return how many attempts came to nothing."""
        return sum(day.declined + day.blocked for day in self.days)

    @property
    def success_per_mille(self) -> int | None:
        """Return the share of attempts that went through, in thousandths, half up."""
        tried = self.authorized + self.refused
        return (self.authorized * 2000 + tried) // (2 * tried) if tried else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """How far payers got at hosted pages."""

    opened: int = 0
    tried: int = 0
    paid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Filters and columns of a list that somebody gave a name."""

    id: UUID
    listing: str
    name: str
    query: str


class ExportState(StrEnum):
    """How far a large export is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"


class ExportForm(StrEnum):
    """The kinds of file a list can become."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A large export that is written in the background."""

    id: UUID
    merchant_id: UUID
    listing: str
    form: ExportForm
    state: ExportState
    query: str
    rows_done: int
    rows_total: int
    object_name: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
