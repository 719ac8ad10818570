"""
Stopping a process at a chosen SQL statement, as power cuts and OOM killers do.

The act runs in a forked child that has its own connection; it ends by `os._exit`, so
nothing is cleaned up, rolled back or told to anybody.
"""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper

KILLED = 9


@dataclass(frozen=True, slots=True)
class Point:
    """Where to stop: before or after the statement of that number; COMMIT counts as one."""

    number: int
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.number}"


def run_and_kill(act: Callable[[], object], point: Point) -> bool:
    """Run an act in a child that is killed at a point; False if it ended before that."""
    connections.close_all()
    with warnings.catch_warnings():
        # The child touches nothing that the parent's threads may hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            _arm(point)
            act()
            status = 0
        except Exception:
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == KILLED


def count_statements(act: Callable[[], object]) -> int:
    """Run an act to its end, and count its statements and commits."""
    counter = _Counter(None)
    connection.ensure_connection()
    commit = DatabaseWrapper._commit
    try:
        with connection.execute_wrapper(counter.around):
            DatabaseWrapper._commit = counter.commit(commit)
            act()
    finally:
        DatabaseWrapper._commit = commit
    return counter.seen


def _arm(point: Point) -> None:
    counter = _Counter(point)
    connection.execute_wrappers.append(counter.around)
    DatabaseWrapper._commit = counter.commit(DatabaseWrapper._commit)


class _Counter:
    def __init__(self, point: Point | None) -> None:
        self.seen = 0
        self._point = point

    def _reach(self, *, after: bool) -> None:
        if self._point == Point(self.seen, after):
            os._exit(KILLED)

    def around(self, execute, sql, params, many, context):
        self.seen += 1
        self._reach(after=False)
        result = execute(sql, params, many, context)
        self._reach(after=True)
        return result

    def commit(self, original):
        def commit(wrapper) -> None:
            self.seen += 1
            self._reach(after=False)
            original(wrapper)
            self._reach(after=True)

        return commit
