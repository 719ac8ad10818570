"""
An entry's lines in the fixed form in which they are stored and hashed (integers big-endian).

By formula 1 a line is 20 bytes: account (4), what it posts (8), what it adds to the pending
side (8). By formula 2 it is 12 where its entry's kind says which of the two it is: a posted
entry only posts, a pending one and a release only touch what is pending. A capture does both.
"""

import struct
from collections.abc import Iterator

from fintech.ledger.data import EntryKind

_BOTH = struct.Struct("!iqq")
_ONE = struct.Struct("!iq")
_PENDING_ONLY = (EntryKind.PENDING, EntryKind.RELEASE)


def width(formula: int, kind: int) -> int:
    """Return how many bytes one line takes."""
    return _BOTH.size if formula == 1 or kind == EntryKind.CAPTURE else _ONE.size


def unpack(packed: bytes, formula: int, kind: int) -> Iterator[tuple[int, int, int]]:
    """Yield account, posted and pending amount of each line."""
    if width(formula, kind) == _BOTH.size:
        yield from _BOTH.iter_unpack(packed)
    elif kind in _PENDING_ONLY:
        yield from ((account, 0, amount) for account, amount in _ONE.iter_unpack(packed))
    else:
        yield from ((account, amount, 0) for account, amount in _ONE.iter_unpack(packed))


def pack(formula: int, kind: int, line: tuple[int, int, int]) -> bytes:
    """Return a line's bytes; none if an entry of this kind cannot say what the line does."""
    account, posted, pending = line
    if width(formula, kind) == _BOTH.size:
        return _BOTH.pack(account, posted, pending)
    says, is_silent_on = (pending, posted) if kind in _PENDING_ONLY else (posted, pending)
    return b"" if is_silent_on else _ONE.pack(account, says)
