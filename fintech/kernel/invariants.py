"""
Invariants: sentences that must always be true, as SQL that returns what breaks them.

Rooms declare theirs; `config` joins them; `manage.py verify_invariants` runs them all in
one read-only snapshot.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection
from django_subatomic import db

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """A rule, and the query whose every row is a violation named by its first column."""

    id: str
    rule: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An invariant that does not hold, with a few of the rows that break it."""

    id: str
    rule: str
    violations: int
    samples: tuple[str, ...]


def check(invariants: Iterable[Invariant]) -> Iterator[Finding]:
    """Yield the invariants that do not hold, all read in one snapshot."""
    with snapshot(), connection.cursor() as cursor:
        for invariant in invariants:
            # The first column names the row; what else a query returns is for its reader.
            cursor.execute(
                f"SELECT count(*) OVER (), found.* FROM ({invariant.sql}) found LIMIT {_SHOWN}"
            )
            rows = cursor.fetchall()
            if rows:
                yield Finding(
                    id=invariant.id,
                    rule=invariant.rule,
                    violations=rows[0][0],
                    samples=tuple(str(row[1]) for row in rows),
                )


@contextmanager
def snapshot() -> Iterator[None]:
    """
    Read in one unchanging snapshot that stalls nobody, for as long as it takes.

    Inside a transaction that is open already (tests) nothing is changed about it.
    """
    outermost = not connection.in_atomic_block
    with db.transaction_if_not_already():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                cursor.execute("SET LOCAL transaction_timeout = 0")
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield
