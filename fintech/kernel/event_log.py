"""
The event log: the outbox and the history, one append-only table.

A fact is appended in the transaction of the change it tells of, so both are there or
neither is. Positions are given out before commit, so they may become visible out of
order: readers go by the writing transaction's id (see `subscriptions`).
"""

import json
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django_subatomic import db

from fintech.kernel import columns, events
from fintech.kernel.actor import Actor
from fintech.kernel.columns import Column
from fintech.kernel.events import Event

CHANNEL = "fintech_facts"
_FEW = 5_000  # Rows that are sorted in a moment.
NAME = "events"  # The log as a source of subscriptions.

_COLUMNS = (
    "position, xid::text::bigint, stream, version, name, data, meta, occurred_at, recorded_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A fact as it stands in a source."""

    position: int
    xid: int
    stream: str
    version: int
    name: str
    data: dict[str, Any] = field(hash=False)
    meta: dict[str, Any] = field(hash=False)
    occurred_at: datetime
    recorded_at: datetime

    def id(self, name: str) -> UUID | None:
        """Return an id among the fact's data, or None."""
        text = self.data.get(name)
        return UUID(text) if text else None

    @property
    def stream_id(self) -> UUID:
        """Return the id of the aggregate whose fact this is."""
        return UUID(self.stream.rpartition(":")[2])


def append(facts: Sequence[Event], *, by: Actor | Sequence[Actor]) -> None:
    """
    Write facts in one round trip; the caller's transaction commits them.

    A batch that holds the commands of several callers names one actor per fact.

    Raises:
        NotAFact: a fact declares something that the log must not hold.
        TransactionRequired: no transaction is open.
    """
    if not facts:
        return
    actors = [by] * len(facts) if isinstance(by, Actor) else by
    with db.transaction_required(), columns.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_event (stream, version, name, data, meta, occurred_at) "
            "SELECT s, v, n, d, m, o FROM unnest(%b, %b, %b, %b, %b, %b) "
            "AS t(s, v, n, d, m, o)",
            [
                Column("text", [events.stream(fact) for fact in facts]),
                Column("bigint", [fact.version for fact in facts]),
                Column("text", [fact.name for fact in facts]),
                Column("jsonb", [json.dumps(events.payload(fact)) for fact in facts]),
                Column("jsonb", [_meta(actor) for _, actor in zip(facts, actors, strict=True)]),
                Column("timestamptz", [fact.at for fact in facts]),
            ],
        )
    if settings.WAKE_SUBSCRIBERS:
        transaction.on_commit(_bell.ring)


def _meta(by: Actor) -> str:
    told = {"by": by.kind, "id": by.id, "request_id": by.request_id, "cause": by.cause}
    return json.dumps({**told, "trace": by.trace} if by.trace else told)


def traces(positions: Collection[int]) -> dict[int, str]:
    """Return in which trace facts were written, by position; one round trip."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT position, meta->>'trace' FROM kernel_event "
            "WHERE position = ANY(%s) AND meta ? 'trace'",
            [list(positions)],
        )
        return dict(cursor.fetchall())


def stream(kind: str, of: UUID) -> list[Recorded]:
    """Return all facts of one aggregate, such as ("payments.payment", id), in order."""
    return _rows("stream = %s ORDER BY version", [f"{kind}:{of}"])


def after(position: int, limit: int) -> list[Recorded]:
    """
    Return facts after a position, for folding a log that stands still.

    Not for following it: a fact that commits late has a lower position.
    """
    return _rows("position > %s ORDER BY position LIMIT %s", [position, limit])


def between(low: int, high: int, position: int, limit: int) -> list[Recorded]:
    """Return facts of one window of transactions, `low ≤ xid < high`, after a position."""
    rows = of_window("kernel_event", _COLUMNS, low=low, high=high, position=position, limit=limit)
    return [recorded(row) for row in rows]


def of_window(
    table: str, read: str, *, low: int, high: int, position: int, limit: int
) -> list[tuple[Any, ...]]:
    """
    Return rows of one window of transactions after a position, in its order.

    Mostly a window is the last few rows of a long table. Asked for the first of them by
    position, the planner reads the table from its beginning until it meets one: so a small
    window is found by its transactions, and sorted; only a large one is read by position.
    """
    window = f"FROM {table} WHERE xid >= %s::text::xid8 AND xid < %s::text::xid8"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM (SELECT {window} LIMIT {_FEW + 1}) few", [low, high])
        (few,) = cursor.fetchone()
        if not few:
            return []
        by = "position + 0" if few <= _FEW else "position"  # No index has the sum.
        cursor.execute(
            f"SELECT {read} {window} AND position > %s ORDER BY {by} LIMIT %s",
            [low, high, position, limit],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


class EventSource:
    """The event log, as subscriptions read it."""

    name = NAME
    checks_versions = True

    def read(self, *, low: int, high: int, position: int, limit: int) -> list[Recorded]:
        """Return facts of one window of transactions after a position."""
        return between(low, high, position, limit)


def _rows(condition: str, parameters: list[Any]) -> list[Recorded]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM kernel_event WHERE {condition}", parameters)
        return [recorded(row) for row in cursor.fetchall()]


def recorded(row: Sequence[Any]) -> Recorded:
    """Return a source's row (the nine columns of the log, in order) as a value."""
    position, xid, of, version, name, data, meta, occurred_at, recorded_at = row
    return Recorded(
        position=position,
        xid=xid,
        stream=of,
        version=version,
        name=name,
        data=json.loads(data) if isinstance(data, str) else data,
        meta=json.loads(meta) if isinstance(meta, str) else meta,
        occurred_at=occurred_at,
        recorded_at=recorded_at,
    )


class _Bell:
    """
    Wakes subscribers after a commit, from one thread per process.

    A NOTIFY inside the transaction takes a global lock through its commit; sent
    afterwards, and once for all commits of a moment, it costs next to nothing.
    """

    def __init__(self) -> None:
        self._rung = threading.Event()
        self._started = False

    def ring(self) -> None:
        """Note that something was committed."""
        self._rung.set()
        if not self._started:
            self._started = True
            threading.Thread(target=self._serve, name="wake-subscribers", daemon=True).start()

    def _serve(self) -> None:
        import psycopg

        while True:
            try:
                with psycopg.connect(settings.DATABASE_URL, autocommit=True) as waking:
                    while True:
                        self._rung.wait()
                        self._rung.clear()
                        waking.execute(f"NOTIFY {CHANNEL}")
            except psycopg.Error:
                # The poll of the subscribers backs this up; try again when rung again.
                self._rung.wait()


_bell = _Bell()
