"""What a step of the timeline is made of when it is drawn."""

from dataclasses import dataclass, field
from datetime import datetime

from fintech.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonBar:
    """One reason of a risk decision, as a bar."""

    points: str
    sentence: str
    share: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One line of a journal entry: an account, and an amount on one of two sides."""

    account: str
    address: str
    debit: Money | None
    credit: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the timeline as it is drawn."""

    tone: str
    icon: str
    title: str
    at: datetime
    recorded_at: datetime
    lines: tuple[str, ...] = ()
    by: str = ""
    gap: str = ""
    reasons: tuple[ReasonBar, ...] = ()
    journal: tuple[JournalLine, ...] = ()
    total: Money | None = None  # Of either side; the ledger takes no entry where they differ.
    reference: str = ""
    links: tuple[tuple[str, str], ...] = ()  # Where it goes on: an address and its words.
    request_id: str = ""
    group: str = ""
    order: tuple[int, int] = field(default=(0, 0))
