"""
The business clock. Read at doors and in tasks, and passed in as `at=`.

In a live instance it is real time. A sandbox's clock can be set forward or back, so a
story seeded in order has a past; every process sees a change within a second.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

from fintech.kernel import waiting
from fintech.kernel.errors import Forbidden

_FRESH_SECONDS, _READ_WITHIN_SECONDS = 0.9, 0.1
_known: tuple[float, timedelta] = (-_FRESH_SECONDS, timedelta())
_fixed: list[datetime] = []


class ClockIsReal(Forbidden):
    """A live instance's clock cannot be set."""

    code = "live_mode_unavailable"


def now() -> datetime:
    """Return the business time, aware and in UTC."""
    if _fixed:
        return _fixed[-1]
    real = datetime.now(UTC)
    return real if settings.MODE == "live" else real + _offset()


def set_to(moment: datetime) -> None:
    """Set the sandbox's clock to a moment; it goes on from there."""
    _store(moment - datetime.now(UTC))


def advance(by: timedelta) -> datetime:
    """Move the sandbox's clock and return what it then shows."""
    _store(_offset(fresh=True) + by)
    return now()


@contextmanager
def fixed(moment: datetime) -> Iterator[None]:
    """Stop the clock in this process for a while."""
    _fixed.append(moment)
    try:
        yield
    finally:
        _fixed.pop()


def _offset(*, fresh: bool = False) -> timedelta:
    global _known  # noqa: PLW0603 - one clock per process.
    read_at, offset = _known
    asked_at = time.monotonic()
    if fresh or asked_at - read_at >= _FRESH_SECONDS:
        if read_at >= 0:  # Who comes meanwhile goes by what is known, and does not read as well.
            _known = (asked_at - _FRESH_SECONDS + _READ_WITHIN_SECONDS, offset)
        offset = waiting.aside(_read)
        _known = (time.monotonic(), offset)
    return offset


def _read() -> timedelta:
    with connection.cursor() as cursor:
        cursor.execute("SELECT microseconds FROM kernel_clockoffset WHERE id = 1")
        row = cursor.fetchone()
    return timedelta(microseconds=row[0] if row else 0)


def _store(offset: timedelta) -> None:
    global _known  # noqa: PLW0603 - one clock per process.
    if settings.MODE == "live":
        raise ClockIsReal
    microseconds = offset // timedelta(microseconds=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_clockoffset (id, microseconds) VALUES (1, %s) "
            "ON CONFLICT (id) DO UPDATE SET microseconds = EXCLUDED.microseconds",
            [microseconds],
        )
    _known = (time.monotonic(), offset)
