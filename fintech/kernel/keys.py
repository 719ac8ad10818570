"""
A caller's idempotency key, as a value that may travel with a command.

What is done with it is in `idempotency`, which needs the database; this does not.
"""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A caller's key: whose it is, what it was used for, and with which content."""

    scope: UUID
    key: str
    fingerprint: bytes
    command: str
