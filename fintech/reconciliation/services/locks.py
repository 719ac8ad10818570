"""One at a time, across processes: advisory locks that the database holds for a session."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def held(name: str) -> Iterator[bool]:
    """
    Try to hold a lock, and tell whether we do.

    It outlives transactions, so a long job can commit many times under it, and it ends
    with the connection, so a killed job leaves none behind.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        got = bool(cursor.fetchone()[0])
    try:
        yield got
    finally:
        if got and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def source(name: str) -> str:
    """Name the lock of a source's run."""
    return f"reconciliation run {name}"
