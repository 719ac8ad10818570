"""The values that audit gives out: seals and faults."""

from dataclasses import dataclass
from datetime import datetime

from fintech.kernel.proof import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A signed head of the event log: how far it reaches and what it adds up to."""

    number: int
    count: int  # Facts that this seal added.
    size: int  # Facts sealed in all.
    first_position: int
    last_position: int
    root: bytes
    key_id: str
    sealed_at: datetime
    head: Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A row that is not what was sealed, and what is wrong with it."""

    row: str
    reason: str

    def __str__(self) -> str:
        return f"{self.row}: {self.reason}"
