"""
The one call that writes the journal.

A batch travels as columns: each an array, sent in PostgreSQL's binary form, so that a
thousand entries are one round trip and one statement. The decisions are all made by
`ledger_post` in the database, under its locks.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from fintech.kernel import columns
from fintech.kernel.actor import Actor
from fintech.kernel.columns import Column
from fintech.ledger.data import Code, EntryKind, JournalEntry

SHARD = 0  # Of this database's own books.
_LARGE = 1 << 62  # Amounts stay below it, so that two always fit a bigint when added.

CALL = f"SELECT ledger_post(%b::smallint{', %b' * 23})"


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
    with columns.cursor() as cursor:
        cursor.execute(CALL, arguments(entries, whole=whole, by=by, shard=shard))
        (codes,) = cursor.fetchone() or ((),)
    return list(codes)


def arguments(
    entries: Sequence[JournalEntry], *, whole: bool, by: Sequence[Actor], shard: int = SHARD
) -> list[Any]:
    """Return what `CALL` takes, for a cursor of `kernel.columns`; `by` is one or one for each."""
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
        Column("text", [actor_text(one) for one in by]),
        whole,
        Column("uuid", [account.digest for account in accounts]),
        Column("uuid", [account.book for account in accounts]),
        Column("text", [account.address for account in accounts]),
        Column("text", [account.currency for account in accounts]),
        Column("smallint", [account.code for account in accounts]),
        Column("smallint", [account.normal for account in accounts]),
        Column("bigint", [account.floor for account in accounts]),
        Column("uuid", [entry.id for entry in entries]),
        Column("integer", _firsts(entries)),
        Column("smallint", [entry.kind for entry in entries]),
        Column("text", [entry.template for entry in entries]),
        Column("smallint", [entry.version for entry in entries]),
        Column("uuid", [entry.subject for entry in entries]),
        Column("timestamptz", [entry.at for entry in entries]),
        Column("uuid", [entry.pending_id for entry in entries]),
        Column("boolean", [entry.final for entry in entries]),
        Column("timestamptz", [entry.expires_at for entry in entries]),
        Column("jsonb", [_expected(entry) for entry in entries]),
        Column("smallint", lengths),
        Column("integer", at_account),
        Column("bigint", amounts),
    ]


def _firsts(entries: Sequence[JournalEntry]) -> list[int]:
    """Return for each entry the place of an earlier one with the same id, else 0."""
    seen: dict[int, int] = {}
    firsts = []
    for number, entry in enumerate(entries, start=1):
        first = seen.setdefault(entry.id.int, number)
        firsts.append(first if first < number else 0)
    return firsts


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
