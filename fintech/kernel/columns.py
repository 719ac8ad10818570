"""
Batches on their way to PostgreSQL: columns in its binary form, to statements planned before.

Bound by the client, an array is built as text in Python and each statement is parsed and
planned anew; for the few statements on the path of every payment that is half their cost.
A `Column` says its type whatever its values are, so a statement is prepared once.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.db import connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL counts microseconds from here.
_NULL = b"\xff\xff\xff\xff"
# PostgreSQL's numbers of types and of arrays of them.
_TYPES = {
    "uuid": (2950, 2951),
    "text": (25, 1009),
    "smallint": (21, 1005),
    "integer": (23, 1007),
    "bigint": (20, 1016),
    "boolean": (16, 1000),
    "timestamptz": (1184, 1185),
    "jsonb": (3802, 3807),
    "bytea": (17, 1001),
}
_NUMBERS = {"smallint": "h", "integer": "i", "bigint": "q", "boolean": "?", "timestamptz": "q"}


class Column:
    """An array in PostgreSQL's binary form."""

    __slots__ = ("data", "oid")

    def __init__(self, kind: str, values: Sequence[Any]) -> None:
        """Encode values of one type, such as "uuid"; None is NULL."""
        element, self.oid = _TYPES[kind]
        if not values:
            self.data = struct.pack("!iiI", 0, 0, element)
            return
        head = struct.pack("!iiIii", 1, None in values, element, len(values), 1)
        self.data = head + b"".join(_encoded(kind, values))


def _encoded(kind: str, values: Sequence[Any]) -> Iterator[bytes]:
    letter = _NUMBERS.get(kind)
    if letter is None:
        for value in values:
            yield _NULL if value is None else _bytes(kind, value)
        return
    one = struct.Struct(f"!i{letter}")
    width = one.size - 4
    for value in values:
        if value is None:
            yield _NULL
        elif kind == "timestamptz":
            since = value - _EPOCH
            us = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
            yield one.pack(width, us)
        else:
            yield one.pack(width, value)


def _bytes(kind: str, value: Any) -> bytes:
    raw: bytes
    if kind == "uuid":
        raw = value.bytes
    elif kind == "bytea":
        raw = value
    else:
        raw = value.encode()
    if kind == "jsonb":
        raw = b"\x01" + raw  # The binary form's version.
    return struct.pack("!i", len(raw)) + raw


class _Dumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Column) -> bytes:
        return obj.data

    def get_key(self, obj: Column, format: Any) -> Any:  # noqa: A002, ARG002 - psycopg's name.
        return (self.cls, obj.oid)

    def upgrade(self, obj: Column, format: Any) -> "_Dumper":  # noqa: A002, ARG002
        dumper = _Dumper(self.cls)
        dumper.oid = obj.oid
        return dumper


class _Prepared(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        self.adapters.register_dumper(Column, _Dumper)
        return super().execute(query, params, **{**options, "prepare": True})


@contextmanager
def cursor() -> Iterator[Any]:
    """
    Return a cursor whose statements are planned once per connection.

    Parameters are `Column`s, written `%b`; anything else would make another plan for each
    type of its values.
    """
    connection.ensure_connection()
    prepared: Any = _Prepared(connection.connection)
    made = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with made(prepared) as wrapped:
        yield wrapped


@contextmanager
def pipelined() -> Iterator[None]:
    """
    Send statements without waiting for the answer to each; a fetch waits for all so far.

    The transaction's BEGIN rides along with the first statement, and writes nobody reads
    from with the next one that is read from. An error of a statement that was not waited
    for is raised at the next fetch, or at the end.
    """
    connection.ensure_connection()
    raw: Any = connection.connection
    with connection.wrap_database_errors, raw.pipeline():
        yield
