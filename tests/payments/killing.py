"""
Stopping a process at a chosen SQL statement, as power cuts and OOM killers do.

The act runs in a forked child that has its own connection; it ends by `os._exit`, so
nothing is cleaned up, rolled back or told to anybody.
"""

import os
import signal
import threading
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.utils import CursorWrapper

KILLED = 9
_LONGEST_S = 60  # A child that hangs is a finding, not a reason to wait.


@dataclass(frozen=True, slots=True)
class Point:
    """Where to stop: before or after the statement of that number; COMMIT counts as one."""

    number: int
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.number}"


def run_and_kill(act: Callable[[], object], point: Point) -> bool:
    """Run an act in a child that is killed at a point; False if it ended before that."""

    def armed() -> bytes:
        _arm(point)
        act()
        return b""

    status, _ = in_a_child(armed)
    return status == KILLED


def in_a_child(work: Callable[[], bytes]) -> tuple[int, bytes]:
    """Run work in a forked child; return how it ended, and what the work has returned."""
    connections.close_all()
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        # The child touches nothing that the parent's threads may hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(_LONGEST_S)
        told, status = b"", 1
        try:
            told, status = work(), 0
        except Exception:
            told, status = traceback.format_exc().encode(), 1
        finally:
            os.write(theirs, told[:60_000])  # More would not fit the pipe at once.
            os._exit(status)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), told


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


def watch_all_threads(point: Point | None) -> "_Counter":
    """Count the statements and commits of every thread of this process; die at a point."""
    counter = _Counter(point)
    execute, commit = CursorWrapper._execute_with_wrappers, DatabaseWrapper._commit

    def counted(cursor, sql, params, *, many, executor):
        return counter.around(
            lambda *asked: execute(cursor, *asked[:2], many=many, executor=executor),
            sql,
            params,
            many,
            None,
        )

    CursorWrapper._execute_with_wrappers = counted
    DatabaseWrapper._commit = counter.commit(commit)
    return counter


def _arm(point: Point) -> None:
    counter = _Counter(point)
    connection.execute_wrappers.append(counter.around)
    DatabaseWrapper._commit = counter.commit(DatabaseWrapper._commit)


class _Counter:
    def __init__(self, point: Point | None) -> None:
        self.seen = 0
        self._point = point
        self._lock = threading.Lock()

    def _begin(self) -> int:
        with self._lock:
            self.seen += 1
            number = self.seen
        self._reach(number, after=False)
        return number

    def _reach(self, number: int, *, after: bool) -> None:
        if self._point == Point(number, after):
            os._exit(KILLED)

    def around(self, execute, sql, params, many, context):
        number = self._begin()
        result = execute(sql, params, many, context)
        self._reach(number, after=True)
        return result

    def commit(self, original):
        def commit(wrapper) -> None:
            number = self._begin()
            original(wrapper)
            self._reach(number, after=True)

        return commit
