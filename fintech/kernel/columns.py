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
_SIXTEEN = b"\x00\x00\x00\x10"  # How many bytes a UUID is.
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
# How a number is packed, and how many bytes it is.
_NUMBERS = {
    "smallint": ("h", 2),
    "integer": ("i", 4),
    "bigint": ("q", 8),
    "boolean": ("?", 1),
    "timestamptz": ("q", 8),
}


class Column:
    """An array in PostgreSQL's binary form."""

    __slots__ = ("data", "oid")

    def __init__(self, kind: str, values: Sequence[Any]) -> None:
        """Encode values of one type, such as "uuid"; None is NULL."""
        element, self.oid = _TYPES[kind]
        if not values:
            self.data = struct.pack("!iiI", 0, 0, element)
            return
        count, times = len(values), 1
        if values.count(values[0]) == count:  # Most columns of a batch say one thing.
            values, times = values[:1], count
        try:
            has_null, body = False, _whole(kind, values)
        except (AttributeError, TypeError, struct.error):  # A None is among them; it is rare.
            has_null, body = True, b"".join(_with_nulls(kind, values))
        self.data = struct.pack("!iiIii", 1, has_null, element, count, 1) + body * times


def _whole(kind: str, values: Sequence[Any]) -> bytes:
    """Encode values of which none is None, all in one go."""
    if kind == "uuid":
        return b"".join([_SIXTEEN + value.int.to_bytes(16) for value in values])
    if kind == "text":
        return b"".join([_counted(value.encode()) for value in values])
    if kind == "jsonb":
        return b"".join([_counted(b"\x01" + value.encode()) for value in values])  # Its version.
    if kind == "bytea":
        return b"".join([_counted(value) for value in values])
    if kind == "timestamptz":
        values = [_microseconds(value) for value in values]
    elif kind == "boolean" and None in values:
        raise TypeError  # struct would take it for false.
    letter, width = _NUMBERS[kind]
    flat: list[Any] = [width] * (2 * len(values))
    flat[1::2] = values
    return struct.pack("!" + f"i{letter}" * len(values), *flat)


def _with_nulls(kind: str, values: Sequence[Any]) -> Iterator[bytes]:
    for value in values:
        yield _NULL if value is None else _whole(kind, (value,))


def _counted(raw: bytes) -> bytes:
    return len(raw).to_bytes(4) + raw


def _microseconds(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


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


class Prepared(psycopg.Cursor[Any]):
    """Statements are planned once per connection; `Column`s travel in binary form."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """Execute as any cursor does."""
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
    prepared: Any = Prepared(connection.connection)
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
