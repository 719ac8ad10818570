"""
The values that go in and out of the books: frozen, typed, free of Django.

A line's amount is signed: debit positive, credit negative. A balance is told in its
account's normal direction, so that a customer's wallet with money in it is positive.
"""

import hashlib
import struct
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from fintech.kernel.frozen import shape
from fintech.kernel.money import Money
from fintech.kernel.seals import Fault, Seal
from fintech.ledger.data.chart import Account, Type

__all__ = [
    "Account",
    "Balance",
    "Batch",
    "ChainLine",
    "Code",
    "Direction",
    "EntryKind",
    "EntryProof",
    "EntryState",
    "Expectation",
    "Expected",
    "Fault",
    "JournalEntry",
    "JournalEntryView",
    "Line",
    "LineView",
    "Outcome",
    "Posted",
    "Seal",
    "Seen",
    "StatementLine",
    "TrialLine",
    "Type",
    "at_bank",
]


class EntryKind(IntEnum):
    """What an entry does with money."""

    POSTED = 0  # Moves it.
    PENDING = 1  # Sets it aside.
    CAPTURE = 2  # Moves it out of what a pending entry has set aside.
    RELEASE = 3  # Lets go of what is still set aside.


class Seen(StrEnum):
    """As what an outside party will report a line."""

    CAPTURE = "capture"
    REFUND = "refund"
    REFUND_RETURNED = "refund_returned"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    SETTLEMENT = "settlement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Where, as what, under which reference and by when a line will be seen outside."""

    kind: Seen
    source: str
    reference: str
    due_on: date
    fee_minor: int = 0  # What we expect the source to charge for it.


def at_bank(account: str) -> str:
    """Name the source of what one of our bank accounts will show."""
    return f"bank:{account}"


@dataclass(frozen=True, slots=True)
class Line:
    """One side of an entry."""

    account: Account
    amount_minor: int  # Debit positive, credit negative.
    expected: Expected | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A journal entry to be posted. Made by `data.templates`, never by hand."""

    id: UUID
    kind: EntryKind
    template: str
    version: int
    at: datetime
    lines: tuple[Line, ...]
    subject: UUID | None = None
    pending_id: UUID | None = None
    final: bool = False
    expires_at: datetime | None = None


class Code(IntEnum):
    """What came of an entry."""

    POSTED = 0
    EXISTS = 1
    ACCOUNT_UNKNOWN = 2
    OVERDRAFT = 3
    CONFLICT = 4
    ACCOUNT_CLOSED = 5
    CURRENCY_MISMATCH = 6
    UNBALANCED = 7
    PERIOD_CLOSED = 8
    ID_OUT_OF_WINDOW = 9
    PENDING_NOT_FOUND = 10
    PENDING_EXCEEDED = 11
    PENDING_MISMATCH = 12
    AMOUNT_TOO_LARGE = 13

    @property
    def stands(self) -> bool:
        """Whether the entry is in the journal now."""
        return self in {Code.POSTED, Code.EXISTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantFunds:
    """What the platform owes a merchant in a currency, and the merchant the platform."""

    pending: Money  # May be below nothing.
    available: Money
    spendable: Money  # What is available and not set aside.
    owed: Money


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one entry of a batch."""

    entry_id: UUID
    code: Code


@shape("ledger.batch.v1")
@dataclass(frozen=True, slots=True)
class Batch:
    """What came of each entry of a batch, in its order."""

    outcomes: tuple[Outcome, ...]


@shape("ledger.posted.v1")
@dataclass(frozen=True, slots=True)
class Posted:
    """An entry that is in the journal; `existed` if an earlier call had put it there."""

    entry_id: UUID
    existed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """
    What an account holds, in its normal direction.

    `pending` is what would come if everything set aside were captured (negative: would
    go); `available` is what may be spent: posted, less what is set aside against it.
    """

    posted: Money
    pending: Money
    available: Money
    pending_in: Money
    pending_out: Money
    sequence: int = 0  # How many lines the account has.


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryProof:
    """What shows that an entry is in the journal: its leaf, and the way to a signed root."""

    seal: Seal
    leaf: bytes
    index: int
    path: tuple[bytes, ...]


class Direction(StrEnum):
    """A line's side."""

    DEBIT = "debit"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """A line as it stands in the journal."""

    address: str
    direction: Direction
    amount: Money
    pending: bool  # Only set aside, or let go of again.


class EntryState(StrEnum):
    """What has become of an entry."""

    POSTED = "posted"
    PENDING = "pending"
    PARTIALLY_CAPTURED = "partially_captured"
    ENDED = "ended"  # A pending entry of which nothing is left.


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntryView:
    """A journal entry as it stands."""

    id: UUID
    kind: EntryKind
    template: str
    version: int
    subject: UUID | None
    pending_id: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    expires_at: datetime | None
    by: str
    lines: tuple[LineView, ...]
    state: EntryState
    remaining: Money | None  # What a pending entry still sets aside.


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """A line of one account, with the balance after it."""

    sequence: int
    entry_id: UUID
    template: str
    subject: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    amount: Money  # In the account's normal direction.
    balance: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLine:
    """
    A line of one account as it was hashed, so that anybody can check the chain.

    Amounts are signed, debit positive. `hash` is SHA-256 over the hash before it, the
    entry's hash, the line's number in its entry (2 bytes), its sequence, its posted and
    pending amounts and the balance after it (8 bytes each, big-endian).
    """

    sequence: int
    entry_id: UUID
    entry_hash: bytes
    number: int
    amount: int
    pending: int
    balance: int
    hash: bytes

    def follows(self, previous: bytes) -> bool:
        """Whether this line is the one that stands after a hash."""
        told = struct.pack(
            "!hqqqq", self.number, self.sequence, self.amount, self.pending, self.balance
        )
        return hashlib.sha256(previous + self.entry_hash + told).digest() == self.hash


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLine:
    """One kind of account in one currency, over all its accounts."""

    code: int
    meaning: str
    type: str
    currency: str
    accounts: int
    debit: Money
    credit: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """
    A line that will be seen outside.

    `position` is a cursor: pass the largest one seen to read on. Lines of one
    transaction share it and always come together.
    """

    position: int
    line_id: UUID
    entry_id: UUID
    subject: UUID | None
    kind: Seen
    provider: str
    reference: str
    amount: Money  # Positive: comes to us.
    fee_estimate: Money
    due_on: date
    at: datetime
