"""
Identity: UUIDv7 in the row, a prefixed base62 text at the edge.

The public form is the prefix and 22 characters of fixed width over an ASCII-ordered
alphabet, so that it sorts by creation like the id itself.
"""

import os
import threading
import time
from datetime import UTC, datetime
from uuid import UUID

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_WIDTH = 22
# Two characters at a time: half as many steps with long numbers.
_PAIRS = [one + other for one in _ALPHABET for other in _ALPHABET]
_VALUES = {pair: value for value, pair in enumerate(_PAIRS)}
_DRAWN = 1024  # Bytes of chance that are asked for at a time: asking costs more than an id.
_lock = threading.Lock()
_last = 0
_chance = b""


class NotAnId(ValueError):
    """This text is no id of that kind."""


def new() -> UUID:
    """
    Return a new UUIDv7 (RFC 9562): 48 bits of real time in milliseconds, then a counter.

    Ids of one process rise strictly; the 12 bits after the time count within it.
    """
    global _last  # noqa: PLW0603 - one clock per process.
    with _lock:
        now = time.time_ns() // 1_000_000 << 12
        _last = stamp = max(now, _last + 1)
        chance = _drawn()
    return _made(stamp >> 12, stamp & 0xFFF, chance)


def at_time(moment: datetime) -> UUID:
    """Return an id as it would have been made at a moment; for bounds and tests."""
    with _lock:
        chance = _drawn()
    return _made(int(moment.timestamp() * 1000), 0, chance)


def _made(milliseconds: int, counter: int, chance: int) -> UUID:
    value = (
        (milliseconds & 0xFFFFFFFFFFFF) << 80
        | 0x7 << 76
        | counter << 64
        | 0b10 << 62
        | chance & 0x3FFFFFFFFFFFFFFF
    )
    return UUID(int=value)


def _drawn() -> int:
    """Take eight bytes of the operating system's chance, each given out once; holding the lock."""
    global _chance  # noqa: PLW0603 - what is left of the last draw.
    if not _chance:
        _chance = os.urandom(_DRAWN)
    taken, _chance = _chance[:8], _chance[8:]
    return int.from_bytes(taken)


def _forget_chance() -> None:
    """In a process that was forked off: its parent gives out the same bytes."""
    global _chance  # noqa: PLW0603
    _chance = b""


os.register_at_fork(after_in_child=_forget_chance)


def at(value: UUID) -> datetime:
    """Return when an id was made, to the millisecond."""
    return datetime.fromtimestamp((value.int >> 80) / 1000, tz=UTC)


def public(prefix: str, value: UUID) -> str:
    """Return an id as the outside knows it, such as `pi_01J…`."""
    number, pairs = value.int, []
    for _ in range(_WIDTH // 2):
        number, digit = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[digit])
    return f"{prefix}_{''.join(reversed(pairs))}"


def parse(prefix: str, text: str) -> UUID:
    """
    Read a public id.

    Raises:
        NotAnId: another prefix, width or alphabet, or no UUID.
    """
    head, separator, body = text.rpartition("_")
    if head != prefix or not separator or len(body) != _WIDTH:
        raise NotAnId(text[:80])
    number = 0
    try:
        for place in range(0, _WIDTH, 2):
            number = number * len(_PAIRS) + _VALUES[body[place : place + 2]]
    except KeyError:
        raise NotAnId(text[:80]) from None
    if number >> 128:
        raise NotAnId(text[:80])
    return UUID(int=number)
