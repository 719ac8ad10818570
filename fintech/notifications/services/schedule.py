"""When a message is tried again: soon, then ever more rarely, for three days."""

import random
from datetime import timedelta

_WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
TRIES = len(_WAITS) + 1
_JITTER = 0.1  # So that a receiver that comes back is not met by everybody at once.


def wait(tries_left: int) -> timedelta:
    """Return how long to wait before the next of the tries that are left; at least one is."""
    planned = _WAITS[TRIES - 1 - tries_left]
    return planned * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret.
