"""
Values of reconciliation.

Three witnesses are compared: our ledger (what we expect to see outside), a processor's
report, and the bank's statement. Every row of each is in exactly one place. Amounts are
signed minor units: positive is money coming to us.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
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


class DownloadOutcome(StrEnum):
    """What came of asking a processor for its file of a day."""

    FETCHED = "fetched"
    NONE_YET = "none_yet"  # The processor has none.
    UNANSWERED = "unanswered"  # Nobody answered, or the circuit holds it back.
    REFUSED = "refused"  # What came can't be read as a report.


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
    COMPOSITE_KEY = "composite_key"  # Another reference of the line, its amount and currency.
    UNIQUE_AMOUNT_DATE = "unique_amount_date"  # It names nothing; only one can be meant.
    WITHIN_TOLERANCE = "within_tolerance"  # In minor units and in days.
    SUBSET_SUM = "subset_sum"  # Several batches were paid at once.
    FX_AT_STORED_RATE = "fx_at_stored_rate"  # Paid in another currency, at about our rate.
    FEE_WITHIN_TOLERANCE = "fee_within_tolerance"
    BATCH_TOTAL = "batch_total"
    ALREADY_REPORTED = "already_reported"  # The same row as in an earlier file.
    SUPERSEDED = "superseded"  # A later file has it as we expected it.
    NOT_BOOKED = "not_booked"  # The bank has only announced it.
    FORCED = "forced"  # A person said that it belongs together.
    VOID = "void"  # A person said that it needs no counterpart.
    CLAIM_AT_PROCESSOR = "claim_at_processor"  # A person asked the processor for it.
    LINKED = "linked"  # A person joined it with what it belongs to.
    RECEIVED = "received"  # A person has seen that it came.
    ADJUSTED = "adjusted"  # A correcting journal entry was posted for it.


class BreakKind(StrEnum):
    """What is wrong."""

    MISSING_IN_LEDGER = "missing_in_ledger"
    MISSING_IN_PROCESSOR = "missing_in_processor"
    MISSING_IN_BANK = "missing_in_bank"
    AMOUNT_OVER = "amount_over"
    AMOUNT_UNDER = "amount_under"
    FEE_VARIANCE = "fee_variance"
    FX_VARIANCE = "fx_variance"
    CURRENCY = "currency"
    DIRECTION = "direction"
    STATUS = "status"  # The outside says that it failed or waits.
    SPLIT = "split"  # One of ours is several of theirs, or the other way round.
    DUPLICATE = "duplicate"
    MULTIPLE_CANDIDATES = "multiple_candidates"
    UNIDENTIFIED_CREDIT = "unidentified_credit"
    BALANCE = "balance"  # A statement does not continue the one before it, or does not add up.


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
    LINK = "link"  # What a person chose among the candidates.
    MARK_RECEIVED = "mark_received"
    POST_ADJUSTMENT = "post_adjustment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far two may be apart and still be the same: in minor units and in days."""

    minor: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A processor, the bank account that it pays to, and how exactly it is compared."""

    name: str
    account: str
    # A processor rounds its fee on each line.
    fee: Tolerance = Tolerance(minor=1)
    # A line or bank entry that names nothing known: its amount, near its day.
    unnamed: Tolerance = Tolerance(minor=0, days=3)
    # Days after a batch's last row within which the bank may still be paid.
    bank_days: int = 2
    # Basis points by which a processor's rate may differ from the stored one.
    fx_basis_points: int = 250


# The sandbox's acquirer and the account at its bank; an instance's own are added at its start.
SOURCES = {"simulator": Source(name="simulator", account="GB50SAND00000000000001")}


def declared(told: Mapping[str, Mapping[str, object]]) -> dict[str, Source]:
    """
    Make sources of what an instance declares: name → `account`, and what else is not usual.

    Raises:
        ValueError: a source has no account, or a figure is unknown or no whole number.
    """
    made = {}
    for name, given in told.items():
        wanted = dict(given)
        account = wanted.pop("account", "")
        unknown = sorted(set(wanted) - set(_FIGURES))
        wrong = [key for key, value in wanted.items() if not isinstance(value, int) or value < 0]
        if not _NAME.fullmatch(name) or not account or unknown or wrong:
            message = (
                f"the source {name!r} needs an account, and may have {', '.join(_FIGURES)} "
                "as whole numbers"
            )
            raise ValueError(message)
        figures = {**_FIGURES, **{key: int(str(value)) for key, value in wanted.items()}}
        made[name] = Source(
            name=name,
            account=str(account),
            fee=Tolerance(minor=figures["fee_minor"]),
            unnamed=Tolerance(minor=figures["unnamed_minor"], days=figures["unnamed_days"]),
            bank_days=figures["bank_days"],
            fx_basis_points=figures["fx_basis_points"],
        )
    return made


_NAME = re.compile(r"[a-z0-9_]{1,60}")
_FIGURES = {
    "fee_minor": 1, "unnamed_minor": 0, "unnamed_days": 3, "bank_days": 2, "fx_basis_points": 250,
}  # fmt: skip


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


@dataclass(frozen=True, slots=True, kw_only=True)
class BankProof:
    """What the bank says an account holds, what our books say, and what explains the rest."""

    account: str
    on: date | None
    closing: Money
    ledger: Money
    unbooked: Money  # Entries of the bank that we have not booked.
    before: Money  # What it held before its first statement.
    unexplained: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """A day's figure that is far from what is usual for its source."""

    source: str
    on: date
    metric: str
    value: Decimal
    expected: Decimal | None
    score: Decimal
    method: str


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
    assigned_to: UUID | None = None
    wait_until: date | None = None
    entry_id: UUID | None = None  # The journal entry that made it good.
    approval_id: UUID | None = None  # A second person's decision is waited for.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedLine:
    """One side of a journal entry that is not posted yet."""

    address: str
    amount: Money
    debit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The journal entry that would make a break good, and why."""

    break_id: UUID
    template: str
    why: str
    needs_approval: bool
    lines: tuple[ProposedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What a break might belong to, with points of a hundred; for a person to judge."""

    points: int
    break_id: UUID | None
    reference: str
    amount: Money
    on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """Open breaks of a source that are so many days old, in one currency."""

    days: str
    currency: str
    count: int
    minor: int

    @property
    def amount(self) -> Money:
        """Return what they are off by as money."""
        return Money(self.minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """When a source was compared last, and whether a night was missed."""

    source: str
    last_completed_at: datetime | None
    last_state: str
    running: bool
    placed: int  # Rows that the running one has placed so far.
    waiting: int  # Rows that it has not.
    missed: bool
    open_breaks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """What one business day of a source looked like."""

    on: date
    lines: int
    match_rate: Decimal  # Matched lines of all lines.
    fee_rate: Decimal  # Fees of gross.
    delay_days: Decimal  # From a line to its money at the bank, on average.
    breaks: int
    mix: dict[str, int]  # Breaks by kind.


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """What a processor charged for matched lines against its contract, in one currency."""

    currency: str
    lines: int
    gross: Money
    charged: Money
    expected: Money

    @property
    def difference(self) -> Money:
        """Return what was charged beyond the contract."""
        return self.charged - self.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Safeguarded:
    """Client money that we owe against client money that is held, in one currency on a day."""

    on: date
    currency: str
    owed: Money
    held: Money
    at_processors: Money

    @property
    def shortfall(self) -> Money:
        """What is owed and neither at a bank nor on its way from a processor."""
        short = self.owed.minor - self.held.minor - self.at_processors.minor
        return Money(max(short, 0), self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A run's report: its figures as canonical JSON, signed with the platform's key."""

    run: Run
    content: dict[str, object]
    statement: bytes  # What is signed.
    key_id: str
    signature: bytes
