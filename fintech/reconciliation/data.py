"""
Values of reconciliation.

Three witnesses are compared: our ledger (what we expect to see outside), a processor's
report, and the bank's statement. Every row of each is in exactly one place. Amounts are
signed minor units: positive is money coming to us.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from fintech.kernel import frozen
from fintech.kernel.money import Money


class Witness(StrEnum):
    """Who says so. A batch is what a processor says it pays at once."""

    LEDGER = "ledger"
    PROCESSOR = "processor"
    BATCH = "batch"
    BANK = "bank"


class ImportState(StrEnum):
    """How far a file has come."""

    READING = "reading"  # Rows are being staged; nobody sees them yet.
    IMPORTED = "imported"
    REJECTED = "rejected"  # It can't be read; only the reason is kept.


class RunState(StrEnum):
    """How far a run has come."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    COMPLETED_WITH_BREAKS = "completed_with_breaks"
    FAILED = "failed"


class Place(StrEnum):
    """Where a row has ended; it is in one place at a time."""

    OPEN = "open"  # Not explained yet, and not due yet.
    MATCHED = "matched"
    BROKEN = "broken"  # It belongs to a break.
    IGNORED = "ignored"  # A rule says that it needs no explanation.


class Rule(StrEnum):
    """What put a row where it is."""

    NONE = ""
    EXACT_REFERENCE = "exact_reference"
    FEE_WITHIN_TOLERANCE = "fee_within_tolerance"
    BATCH_TOTAL = "batch_total"
    ALREADY_REPORTED = "already_reported"  # The same row as in an earlier file.
    SUPERSEDED = "superseded"  # A later file has it as we expected it.
    NOT_BOOKED = "not_booked"  # The bank has only announced it.
    FORCED = "forced"  # A person said that it belongs together.
    VOID = "void"  # A person said that it needs no counterpart.
    CLAIM_AT_PROCESSOR = "claim_at_processor"  # A person asked the processor for it.


class BreakKind(StrEnum):
    """What is wrong."""

    MISSING_IN_LEDGER = "missing_in_ledger"
    MISSING_IN_PROCESSOR = "missing_in_processor"
    MISSING_IN_BANK = "missing_in_bank"
    AMOUNT_OVER = "amount_over"
    AMOUNT_UNDER = "amount_under"
    FEE_VARIANCE = "fee_variance"
    CURRENCY = "currency"
    DIRECTION = "direction"
    DUPLICATE = "duplicate"
    MULTIPLE_CANDIDATES = "multiple_candidates"
    UNIDENTIFIED_CREDIT = "unidentified_credit"


class BreakState(StrEnum):
    """Whether somebody still has to look at it."""

    OPEN = "open"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """How a break came to its end."""

    LATE_FILE = "late_file"  # What was missing has come.
    FORCE_MATCH = "force_match"
    VOID = "void"
    CLAIM_AT_PROCESSOR = "claim_at_processor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A processor, and the bank account that it pays to."""

    name: str
    account: str


SOURCES = {
    # The sandbox's acquirer and the account at its bank.
    "simulator": Source(name="simulator", account="GB50SAND00000000000001"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRead:
    """
    What a bank statement says, as exact decimals in text.

    `difference` is what the closing balance has more than opening and entries make.
    """

    account: str
    currency: str
    opening: str | None
    closing: str | None
    entries: int
    credits: str
    debits: str
    arithmetic_ok: bool | None
    difference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRead:
    """
    What a processor's report adds up to, as exact decimals in text.

    `difference` is how far it is from what it states or pays out; a mapping of currencies
    where several are off.
    """

    rows: int
    by_currency: dict[str, dict[str, str]]
    ties_out: bool | None
    difference: str | dict[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a file says and how far its own figures fit: a statement's, or a report's."""

    statements: tuple[StatementRead, ...] = ()
    report: ReportRead | None = None
    rejected: tuple[tuple[int, str], ...] = ()  # Line and reason of rows that were set aside.


@frozen.shape("reconciliation.import.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A file that somebody brought."""

    id: UUID
    sha256: str
    name: str
    format: str
    witness: str
    source: str
    state: ImportState
    reason: str
    reason_line: int
    reason_column: int
    lines: int
    set_aside: int
    imported_at: datetime | None
    created_at: datetime
    duplicate: bool = False  # This answer is about a file that was imported before.


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """
    A bank statement or a processor's report inside a file.

    `summary` holds what the file states and what its rows add up to, as exact decimals.
    """

    ordinal: int
    account: str
    number: str
    currency: str
    entries: int
    arithmetic_ok: bool | None
    summary: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of a report or an entry of a statement."""

    id: int
    import_id: UUID
    statement: int
    row: int
    kind: str
    gross: Money
    fee: Money
    net: Money
    value_on: date | None
    booked_on: date | None
    reference: str
    batch: str
    text: str
    place: Place
    rule: str
    break_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A row that could not be read, or whose amount no column can hold exactly."""

    row: int
    column: int
    reason: str
    expected: str
    text: str


@frozen.shape("reconciliation.total.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What one run did with the rows of one witness in one currency: the sum is kept."""

    witness: str
    currency: str
    input_count: int
    input_minor: int
    matched_count: int
    matched_minor: int
    broken_count: int
    broken_minor: int
    ignored_count: int
    ignored_minor: int
    waiting_count: int
    waiting_minor: int


@frozen.shape("reconciliation.run.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One comparison of a source's witnesses."""

    id: UUID
    source: str
    state: RunState
    started_at: datetime
    ended_at: datetime | None
    error: str
    matched: int  # Rows matched in this run.
    opened: int  # Breaks opened by this run,
    resolved: int  # and breaks that it closed.
    open_breaks: int  # Of the source, when the run ended.
    totals: tuple[Total, ...] = field(default_factory=tuple)


@frozen.shape("reconciliation.break.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """
    A difference between two witnesses, in minor units of `currency`.

    `amount_minor` is what the outside says less what we say; for a fee, by how much more
    or less than expected reaches us.
    """

    id: UUID
    run_id: UUID
    source: str
    leg: int
    kind: BreakKind
    currency: str
    amount_minor: int
    ours_minor: int | None
    theirs_minor: int | None
    reference: str
    batch: str
    state: BreakState
    opened_at: datetime
    resolved_at: datetime | None
    resolution: str
    note: str

    @property
    def amount(self) -> Money:
        """Return the difference as money."""
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a processor says it pays out at once."""

    id: UUID
    source: str
    name: str
    rows: int
    gross: Money
    fee: Money
    net: Money
    fee_difference: Money
    place: Place
    entry_id: UUID | None
    break_id: UUID | None
