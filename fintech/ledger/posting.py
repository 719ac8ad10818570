"""
The one call that writes the journal.

A batch travels as columns: each an array, sent in PostgreSQL's binary form, so that a
thousand entries are one round trip and one statement. The decisions are all made by
`ledger_post` in the database, under its locks.
"""

import json
import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.db import connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

from fintech.kernel.actor import Actor
from fintech.ledger.data import Code, EntryKind, JournalEntry

SHARD = 0  # Of this database's own books.
_LARGE = 1 << 62  # Amounts stay below it, so that two always fit a bigint when added.

CALL = f"SELECT ledger_post(%b::smallint{', %b' * 23})"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL counts microseconds from here.
_NULL = b"\xff\xff\xff\xff"
# PostgreSQL's numbers of element types and of arrays of them.
_UUID, _TEXT, _INT2, _INT4, _INT8, _BOOL, _TIME, _JSONB = 2950, 25, 21, 23, 20, 16, 1184, 3802
_ARRAY_OF = {2950: 2951, 25: 1009, 21: 1005, 23: 1007, 20: 1016, 16: 1000, 1184: 1185, 3802: 3807}
_FORMAT = {_INT2: "h", _INT4: "i", _INT8: "q", _BOOL: "?", _TIME: "q"}
_WIDTH = {_INT2: 2, _INT4: 4, _INT8: 8, _BOOL: 1, _TIME: 8}


class Column:
    """An array in PostgreSQL's binary form."""

    __slots__ = ("data", "oid")

    def __init__(self, element: int, values: Sequence[Any]) -> None:
        """Encode values of one type; None is NULL."""
        self.oid = _ARRAY_OF[element]
        has_null = None in values
        header = struct.pack("!iiI", 1, has_null, element)
        if not values:
            self.data = struct.pack("!iiI", 0, 0, element)
            return
        bounds = struct.pack("!ii", len(values), 1)
        self.data = header + bounds + _body(element, values, has_null=has_null)


def _body(element: int, values: Sequence[Any], *, has_null: bool) -> bytes:
    if element == _UUID:
        return b"".join(
            _NULL if value is None else b"\x00\x00\x00\x10" + value.int.to_bytes(16)
            for value in values
        )
    if element in {_TEXT, _JSONB}:
        lead = b"" if element == _TEXT else b"\x01"  # The binary form's version.
        return b"".join(_NULL if value is None else _text(lead, value) for value in values)
    letter, width = _FORMAT[element], _WIDTH[element]
    if not has_null:
        flat: list[Any] = [width] * (2 * len(values))
        flat[1::2] = values
        return struct.pack("!" + f"i{letter}" * len(values), *flat)
    one = struct.Struct(f"!i{letter}")
    return b"".join(_NULL if value is None else one.pack(width, value) for value in values)


def _text(lead: bytes, value: str) -> bytes:
    encoded = lead + value.encode()
    return struct.pack("!i", len(encoded)) + encoded


class _ColumnDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Column) -> bytes:
        return obj.data

    def get_key(self, obj: Column, format: Any) -> Any:  # noqa: A002, ARG002 - psycopg's name.
        return (self.cls, obj.oid)

    def upgrade(self, obj: Column, format: Any) -> "_ColumnDumper":  # noqa: A002, ARG002
        dumper = _ColumnDumper(self.cls)
        dumper.oid = obj.oid
        return dumper


class Prepared(psycopg.Cursor[Any]):
    """Parameters are bound by the server, to a statement that it has planned before."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """Execute as any cursor does; `Column`s travel in binary form."""
        self.adapters.register_dumper(Column, _ColumnDumper)
        return super().execute(query, params, **{**options, "prepare": True})


def post(
    entries: Sequence[JournalEntry],
    *,
    whole: bool,
    by: Actor | Sequence[Actor],
    shard: int = SHARD,
) -> list[Code]:
    """
    Decide and write a batch in the caller's transaction; a code for each entry.

    With `whole`, nothing is written when one is refused. `by` is one for all, or one for each.
    """
    refused, sound, posters = {}, [], [by] if isinstance(by, Actor) else []
    for place, entry in enumerate(entries):
        code = _unsound(entry)
        if code is None:
            sound.append(entry)
            if not isinstance(by, Actor):
                posters.append(by[place])
        else:
            refused[place] = code
    if whole and refused:
        return [refused.get(place, Code.POSTED) for place in range(len(entries))]
    codes = iter(_posted(sound, whole=whole, by=posters, shard=shard) if sound else ())
    return [refused.get(place) or Code(next(codes)) for place in range(len(entries))]


def _unsound(entry: JournalEntry) -> Code | None:
    """Return why an entry cannot even be asked for; what fits in a bigint is asked."""
    if any(not -_LARGE < line.amount_minor < _LARGE for line in entry.lines):
        return Code.AMOUNT_TOO_LARGE
    if len(entry.lines) < 2 and entry.kind != EntryKind.RELEASE:  # noqa: PLR2004
        return Code.UNBALANCED
    return None


def _posted(
    entries: Sequence[JournalEntry], *, whole: bool, by: Sequence[Actor], shard: int
) -> list[int]:
    connection.ensure_connection()
    prepared: Any = Prepared(connection.connection)
    with connection.make_cursor(prepared) as cursor:
        cursor.execute(CALL, arguments(entries, whole=whole, by=by, shard=shard))
        (codes,) = cursor.fetchone() or ((),)
    return list(codes)


def arguments(
    entries: Sequence[JournalEntry], *, whole: bool, by: Sequence[Actor], shard: int = SHARD
) -> list[Any]:
    """Return what `CALL` takes, for a `Prepared` cursor; `by` is one for all or one for each."""
    # By their numbers: a thousand entries look up thousands of UUIDs, whose own hash is slow.
    named = {line.account.digest.int: line.account for entry in entries for line in entry.lines}
    digests = sorted(named)
    accounts = [named[digest] for digest in digests]
    place = {digest: number for number, digest in enumerate(digests, start=1)}
    lengths: list[int] = []
    at_account: list[int] = []
    amounts: list[int] = []
    for entry in entries:
        if entry.kind == EntryKind.RELEASE:
            lengths.append(2)
            at_account += (0, 0)
            amounts += (0, 0)
        else:
            lengths.append(len(entry.lines))
            at_account += [place[line.account.digest.int] for line in entry.lines]
            amounts += [line.amount_minor for line in entry.lines]
    return [
        shard,
        Column(_TEXT, [actor_text(one) for one in by]),
        whole,
        Column(_UUID, [account.digest for account in accounts]),
        Column(_UUID, [account.book for account in accounts]),
        Column(_TEXT, [account.address for account in accounts]),
        Column(_TEXT, [account.currency for account in accounts]),
        Column(_INT2, [account.code for account in accounts]),
        Column(_INT2, [account.normal for account in accounts]),
        Column(_INT8, [account.floor for account in accounts]),
        Column(_UUID, [entry.id for entry in entries]),
        Column(_INT4, _firsts(entries)),
        Column(_INT2, [entry.kind for entry in entries]),
        Column(_TEXT, [entry.template for entry in entries]),
        Column(_INT2, [entry.version for entry in entries]),
        Column(_UUID, [entry.subject for entry in entries]),
        Column(_TIME, [_microseconds(entry.at) for entry in entries]),
        Column(_UUID, [entry.pending_id for entry in entries]),
        Column(_BOOL, [entry.final for entry in entries]),
        Column(_TIME, [entry.expires_at and _microseconds(entry.expires_at) for entry in entries]),
        Column(_JSONB, [_expected(entry) for entry in entries]),
        Column(_INT2, lengths),
        Column(_INT4, at_account),
        Column(_INT8, amounts),
    ]


def _firsts(entries: Sequence[JournalEntry]) -> list[int]:
    """Return for each entry the place of an earlier one with the same id, else 0."""
    seen: dict[int, int] = {}
    firsts = []
    for number, entry in enumerate(entries, start=1):
        first = seen.setdefault(entry.id.int, number)
        firsts.append(first if first < number else 0)
    return firsts


def _microseconds(moment: datetime) -> int:
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def _expected(entry: JournalEntry) -> str | None:
    """Return an entry's lines that will be seen outside, as JSON; None for most entries."""
    seen = [
        {
            "line": number,
            "kind": line.expected.kind,
            "source": line.expected.source,
            "reference": line.expected.reference,
            "fee_minor": line.expected.fee_minor,
            "due_on": line.expected.due_on.isoformat(),
        }
        for number, line in enumerate(entry.lines, start=1)
        if line.expected is not None
    ]
    return json.dumps(seen) if seen else None


def actor_text(by: Actor) -> str:
    """Return an actor in the journal's short form: kind, id, request and cause."""
    return "|".join(_without_bar((by.kind, by.id, by.request_id, by.cause))).rstrip("|")


def _without_bar(parts: Iterable[str]) -> Iterable[str]:
    return (part.replace("|", "/") for part in parts)
