"""Facts about reconciliation, in the past tense. Ids, codes and amounts only."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Code, Event


@dataclass(frozen=True, kw_only=True)
class FileImported(Event):
    """A statement or report was read and all of its rows became visible at once."""

    name: ClassVar[str] = "reconciliation.file_imported.v1"
    stream_of: ClassVar[str] = "import_id"

    import_id: UUID
    format: Code
    lines: int
    set_aside: int


@dataclass(frozen=True, kw_only=True)
class RunFact(Event):
    """What every fact of a run's stream says."""

    stream_of: ClassVar[str] = "run_id"

    run_id: UUID
    source: Code


@dataclass(frozen=True, kw_only=True)
class RunCompleted(RunFact):
    """A run has put every row in its place."""

    name: ClassVar[str] = "reconciliation.run_completed.v1"

    state: Code
    matched: int
    opened: int
    resolved: int
    open_breaks: int


@dataclass(frozen=True, kw_only=True)
class RunFailed(RunFact):
    """A run has ended before its end; what it had placed stays placed."""

    name: ClassVar[str] = "reconciliation.run_failed.v1"


@dataclass(frozen=True, kw_only=True)
class BreakFact(Event):
    """What every fact of a break's stream says."""

    stream_of: ClassVar[str] = "break_id"

    break_id: UUID
    run_id: UUID | None
    source: Code
    kind: Code
    amount_minor: int
    currency: Code


@dataclass(frozen=True, kw_only=True)
class BreakOpened(BreakFact):
    """Two witnesses differ."""

    name: ClassVar[str] = "reconciliation.break_opened.v1"


@dataclass(frozen=True, kw_only=True)
class BreakNoted(BreakFact):
    """Somebody took a difference, or says that it will explain itself."""

    name: ClassVar[str] = "reconciliation.break_noted.v1"


@dataclass(frozen=True, kw_only=True)
class BreakResolved(BreakFact):
    """A difference was explained, by a late file or by a person."""

    name: ClassVar[str] = "reconciliation.break_resolved.v1"

    resolution: Code
