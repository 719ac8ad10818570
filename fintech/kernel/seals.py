"""The values of sealed logs: a seal, and a fault that it shows. Free of Django."""

from dataclasses import dataclass
from datetime import UTC, datetime

from fintech.kernel.proof import Head, Signature, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A row that is not what was written, and what is wrong with it."""

    row: str
    reason: str

    def __str__(self) -> str:
        return f"{self.row}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """
    A signed head, with the rows it added.

    They are all rows of transactions `from_xid ≤ xid < to_xid` after `floor_position`
    (which is above 0 only after a restore into another cluster, named by `epoch`).
    """

    head: Head
    signature: Signature
    tree: Tree
    leaves: tuple[tuple[int, bytes], ...]
    epoch: str
    floor_position: int
    from_xid: int
    to_xid: int

    @property
    def number(self) -> int:
        """Return the seal's own number, from 1."""
        return self.head.number

    @property
    def count(self) -> int:
        """Return how many rows this seal added."""
        return len(self.leaves)

    @property
    def size(self) -> int:
        """Return how many rows are sealed in all."""
        return self.head.size

    @property
    def sealed_at(self) -> datetime:
        """Return when it was sealed (real time)."""
        return datetime.fromtimestamp(self.head.sealed_at_us / 1_000_000, tz=UTC)
