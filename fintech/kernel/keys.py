"""
A caller's idempotency key, as a value that may travel with a command.

What is done with it is in `idempotency`, which needs the database; this does not.
"""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

_WHOLE = 32  # Bytes of the digest of everything.
_PART = 4  # Bytes that tell whether a part is the same; what it was they do not tell.


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A caller's key: whose it is, what it was used for, and with which content."""

    scope: UUID
    key: str
    fingerprint: bytes
    command: str


def fingerprint(parts: Mapping[str, bytes]) -> bytes:
    """
    Return what tells a request from every other: a digest of all its parts.

    A few bytes per part follow, so that a request that differs can be told in what.
    """
    ordered = sorted(parts.items())
    whole = hashlib.sha256(b"".join(b"%b=%b\n" % (name.encode(), part) for name, part in ordered))
    marks = b"".join(
        name.encode() + b"\0" + zlib.crc32(part).to_bytes(_PART) for name, part in ordered
    )
    return whole.digest() + marks


def differing(one: bytes, other: bytes) -> tuple[str, ...]:
    """Return the names of the parts in which two fingerprints differ, in order."""
    first, second = _marks(one), _marks(other)
    if not (first and second):  # One was made without parts.
        return ()
    return tuple(
        name for name in sorted(first.keys() | second.keys()) if first.get(name) != second.get(name)
    )


def _marks(whole: bytes) -> dict[str, bytes]:
    """Return a fingerprint's bytes per part."""
    marks: dict[str, bytes] = {}
    rest = whole[_WHOLE:]
    while rest:
        name, _, rest = rest.partition(b"\0")
        marks[name.decode()], rest = rest[:_PART], rest[_PART:]
    return marks
