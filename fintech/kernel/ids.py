"""
Identity: UUIDv7 in the row, a prefixed base62 text at the edge.

The public form is the prefix and 22 characters of fixed width over an ASCII-ordered
alphabet, so that it sorts by creation like the id itself.
"""

import secrets
import threading
import time
from datetime import UTC, datetime
from uuid import UUID

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_WIDTH = 22
_lock = threading.Lock()
_last = 0


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
        _last = max(now, _last + 1)
        stamp = _last
    return _made(stamp >> 12, stamp & 0xFFF)


def at_time(moment: datetime) -> UUID:
    """Return an id as it would have been made at a moment; for bounds and tests."""
    return _made(int(moment.timestamp() * 1000), 0)


def _made(milliseconds: int, counter: int) -> UUID:
    value = (
        (milliseconds & 0xFFFFFFFFFFFF) << 80
        | 0x7 << 76
        | counter << 64
        | 0b10 << 62
        | secrets.randbits(62)
    )
    return UUID(int=value)


def at(value: UUID) -> datetime:
    """Return when an id was made, to the millisecond."""
    return datetime.fromtimestamp((value.int >> 80) / 1000, tz=UTC)


def public(prefix: str, value: UUID) -> str:
    """Return an id as the outside knows it, such as `pi_01J…`."""
    number, characters = value.int, []
    for _ in range(_WIDTH):
        number, digit = divmod(number, 62)
        characters.append(_ALPHABET[digit])
    return f"{prefix}_{''.join(reversed(characters))}"


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
    for character in body:
        if character not in _VALUES:
            raise NotAnId(text[:80])
        number = number * 62 + _VALUES[character]
    if number >> 128:
        raise NotAnId(text[:80])
    return UUID(int=number)
