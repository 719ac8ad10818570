"""
What the database took back for the sake of others, and what is then done again.

A deadlock, a lock that was waited for too long, a serialization failure: nothing of the
transaction stayed, and nothing about it was wrong. A provider's answer must be written
down all the same; the payer has paid, and would wait for the clock otherwise.
"""

import random
import time
from collections.abc import Callable

from django.db import DatabaseError, OperationalError, connection

_STATES = frozenset({"40001", "40P01", "55P03"})
_TIMES = 5
_FIRST_WAIT_S = 0.02  # Twice as much each time, and a random part of it.


def goes_again(failure: DatabaseError, tried: int) -> bool:
    """Whether a transaction of one's own that failed so may be run again; waits before it is."""
    sqlstate = getattr(failure.__cause__, "sqlstate", None)
    ours = isinstance(failure, OperationalError) and sqlstate in _STATES
    if not ours or tried + 1 >= _TIMES or connection.in_atomic_block:
        return False
    time.sleep(random.uniform(0, _FIRST_WAIT_S * 2**tried))  # noqa: S311 - jitter.
    return True


def again[T](work: Callable[[], T]) -> T:
    """Do work that owns its transaction, as often as the database takes it back so."""
    tried = 0
    while True:
        try:
            return work()
        except DatabaseError as failure:
            if not goes_again(failure, tried):
                raise
        tried += 1
