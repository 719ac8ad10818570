"""
How much at once: a merchant's requests in progress, and what is given up under overload.

A merchant may have so many requests in progress; each process keeps its share of that by
itself, so it costs no round trip and holds without Valkey. And when requests wait too
long before anybody looks at them, what can be asked again later is refused at once
(`overloaded`), so that what moves money goes on. Critical writes are given up only when
they have waited so long that nobody waits for them any more.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from django.conf import settings

from fintech.api import errors
from fintech.api.operations import Operation

_log = structlog.get_logger(__name__)
# Requests in progress per merchant, all processes together: a sandbox hinders nobody.
_AT_ONCE = {"sandbox": 2000, "live": 100}
# Scopes whose writes are critical.
_CRITICAL = frozenset({"payments:write", "refunds:write", "wallets:write", "ledger:write"})
SHED_AFTER_S = 0.5  # A read that has waited so long is given up.
SHED_CRITICAL_AFTER_S = 10.0  # A client has gone by then.


class _Progress:
    """How many requests of each merchant are in progress in this process."""

    def __init__(self) -> None:
        self._counts: dict[UUID, int] = {}
        self._lock = threading.Lock()

    def enter(self, merchant_id: UUID, most: int) -> bool:
        with self._lock:
            count = self._counts.get(merchant_id, 0)
            if count >= most:
                return False
            self._counts[merchant_id] = count + 1
            return True

    def leave(self, merchant_id: UUID) -> None:
        with self._lock:
            count = self._counts[merchant_id] - 1
            if count:
                self._counts[merchant_id] = count
            else:
                del self._counts[merchant_id]


_progress = _Progress()


def share() -> int:
    """Return how many requests of one merchant this process works on at once."""
    most: int = settings.API_AT_ONCE or _AT_ONCE[settings.MODE]
    return max(1, most // settings.WEB_PROCESSES)


@contextmanager
def in_progress(merchant_id: UUID) -> Iterator[None]:
    """
    Work on a merchant's request.

    Raises:
        ConcurrencyLimited: too many of the merchant's requests are in progress.
    """
    if not _progress.enter(merchant_id, share()):
        raise errors.ConcurrencyLimited
    try:
        yield
    finally:
        _progress.leave(merchant_id)


def is_critical(operation: Operation) -> bool:
    """Whether an operation moves money, and so is given up last."""
    return operation.method == "POST" and operation.scope in _CRITICAL


def shed(operation: Operation, *, arrived: float | None) -> None:
    """
    Give a request up that has waited too long already; critical writes last.

    Args:
        arrived: when the server had it, by the monotonic clock; None where nobody noted it.

    Raises:
        Overloaded: it is to be asked again a little later.
    """
    if arrived is None:
        return
    waited = time.monotonic() - arrived
    limit = SHED_CRITICAL_AFTER_S if is_critical(operation) else SHED_AFTER_S
    if waited > limit:
        _log.warning("api.shed", operation=operation.name, waited_ms=round(waited * 1000))
        raise errors.Overloaded
