"""
Which rows explain what was found wrong.

An entry that was changed breaks the links of all its lines, a line that was changed only
its own; a line that was removed leaves a gap. Named is the row that explains it.
"""

import hashlib
import struct
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connection

from fintech.kernel.seals import Fault
from fintech.ledger.data import EntryKind, packed
from fintech.ledger.queries.verifying.books import Books, Broken, Chain, Key, balances, genesis
from fintech.ledger.queries.verifying.reading import CONTENT

_MOST_NAMED = 1_000  # Of lines that are missing in one gap.


def faults(books: Books, known: set[str], book: UUID | None = None) -> Iterator[Fault]:
    """Name the rows; `known` are those that the seals have named already."""
    orphans = books.finish()
    for name in sorted(books.accounts):
        yield Fault(row=f"ledger_account {name}", reason="was changed: its digest is another's")
    yield from _incomplete(books, orphans, known)
    links: dict[bytes, list[Broken]] = defaultdict(list)
    for broken in books.broken:
        links[broken.entry_id].append(broken)
    for entry_id, found in links.items():
        if _row(entry_id) not in known:
            yield from _links(books, entry_id, found)
    for entry_id, lines in books.strange.items():
        if entry_id not in links and _row(entry_id) not in known:
            for key, seq in lines:
                yield Fault(row=_line(key, seq), reason="is not what its entry says")
    yield from _balances(books, book)
    if book is None:
        yield from _remainders(books)


def _row(entry_id: bytes) -> str:
    return f"ledger_entry {UUID(bytes=entry_id)}"


def _line(key: Key, seq: int) -> str:
    return f"ledger_line {key[1]}/{seq}"


def _incomplete(books: Books, orphans: dict[bytes, int], known: set[str]) -> Iterator[Fault]:
    """Name entries without their lines, and lines without their entry."""
    there = _there(list(orphans))
    for entry_id, lines in orphans.items():
        if entry_id not in there:
            yield Fault(row=_row(entry_id), reason=f"was removed; {lines} lines name it")
            continue
        for key, seq in books.orphans[entry_id]:
            yield Fault(row=_line(key, seq), reason="was put in; its entry has no such line")
    for entry_id, entry in books.entries.items():
        said = entry.count
        if _row(entry_id) not in known:
            reason = f"says {said} lines; {said - entry.left or 'none'} stand"
            yield Fault(row=_row(entry_id), reason=reason)


def _there(ids: list[bytes]) -> set[bytes]:
    if not ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM ledger_entry WHERE id = ANY(%s)", [[UUID(bytes=one) for one in ids]]
        )
        return {row[0].bytes for row in cursor.fetchall()}


def _links(books: Books, entry_id: bytes, found: list[Broken]) -> Iterator[Fault]:
    """Name the entry if all its lines' links are broken and it explains them, else the lines."""
    for one in found:
        if one.why == "gap":
            for missing in range(one.before + 1, min(one.seq, one.before + 1 + _MOST_NAMED)):
                yield Fault(row=_line(one.key, missing), reason="was removed")
        elif one.why == "twice":
            yield Fault(row=_line(one.key, one.seq), reason="stands there twice")
    changed = [one for one in found if one.why in {"hash", "balance"}]
    if not changed:
        return
    differs = set(books.strange.get(entry_id, ()))
    whole = len(changed) == changed[0].lines
    if whole and (not differs or _explains(entry_id)):
        yield Fault(row=_row(entry_id), reason="was changed")
        return
    for one in changed:
        if one.seq == 1 and (one.key, 1) not in differs and one.why == "hash":
            account = _account(books, one)
            if account is not None:
                yield account
                continue
        if not whole or (one.key, one.seq) in differs:
            reason = "was changed" if one.why == "hash" else "was changed: its balance differs"
            yield Fault(row=_line(one.key, one.seq), reason=reason)


def _account(books: Books, one: Broken) -> Fault | None:
    """Name the account, if its first line follows from the rules that its balance keeps."""
    shard, number = one.key
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.digest, a.code, a.normal, a.floor, b.normal, "
            "CASE WHEN f.version IS NULL THEN b.floor ELSE f.was END "
            "FROM ledger_account a JOIN ledger_balance b USING (shard, account) "
            "LEFT JOIN ledger_floor f ON f.shard = a.shard AND f.account = a.account "
            "AND f.version = 1 WHERE a.shard = %s AND a.account = %s",
            one.key,
        )
        row = cursor.fetchone()
    if row is None:
        return None
    digest, code, normal, floor, kept_normal, kept_floor = row
    changed = (normal, floor) != (kept_normal, kept_floor)
    first, content = _first_line(one)
    as_kept = genesis(shard, number, digest, code, kept_normal, kept_floor)
    fits = hashlib.sha256(as_kept + content + first[:34]).digest() == first[34:]
    if (changed and fits) or (not changed and not fits and not _hash_changed(books, one, first)):
        return Fault(row=f"ledger_account {books.names[one.key]}", reason="was changed")
    return None


def _first_line(one: Broken) -> tuple[bytes, bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT int2send(l.no) || int8send(l.seq) || int8send(l.amount) "
            "|| int8send(l.pending) || int8send(l.balance) || l.hash, "
            f"(SELECT sha256({CONTENT}) FROM ledger_entry "
            "WHERE id = l.entry_id) FROM ledger_line_whole l "
            "WHERE l.shard = %s AND l.account = %s AND l.seq = 1",
            one.key,
        )
        line, content = cursor.fetchone()
    return bytes(line), bytes(content)


def _hash_changed(books: Books, one: Broken, first: bytes) -> bool:
    """Whether the line's hash is not what the next line, or else the balance, follows from."""
    if books.chains[one.key].seq > 1:
        second = one.key, 2
        return second in books.excused or second in {(b.key, b.seq) for b in books.broken}
    stored = dict(balances()).get(one.key)
    return stored is None or stored[2] != first[34:]


def _explains(entry_id: bytes) -> bool:
    """
    Whether an entry that says what its lines say would make all their links whole.

    Its kind may have been changed: then by its own, it does not say the same with any line.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {CONTENT}, octet_length(lines), formula, kind FROM ledger_entry WHERE id = %s",
            [UUID(bytes=entry_id)],
        )
        content, width, formula, kind = cursor.fetchone()
        cursor.execute(
            "SELECT l.shard, l.account, l.amount, l.pending, int2send(l.no) || int8send(l.seq) "
            "|| int8send(l.amount) || int8send(l.pending) || int8send(l.balance), l.hash, "
            "(SELECT p.hash FROM ledger_line_whole p WHERE p.shard = l.shard "
            "AND p.account = l.account AND p.seq = l.seq - 1) "
            "FROM ledger_line_whole l WHERE l.entry_id = %s ORDER BY l.no",
            [UUID(bytes=entry_id)],
        )
        lines = cursor.fetchall()
    return any(
        _fit(lines, bytes(content)[:20] + struct.pack("!h", one) + bytes(content)[22:-width] + says)
        for one in (kind, *EntryKind)
        if (says := b"".join(packed.pack(formula, one, line[1:4]) for line in lines))
    )


def _fit(lines: list[tuple[Any, ...]], content: bytes) -> bool:
    """Whether an entry's lines all follow from this content."""
    meant = hashlib.sha256(content).digest()
    return all(
        hashlib.sha256(
            (bytes(previous) if previous else _begins(shard, account)) + meant + bytes(tail)
        ).digest()
        == bytes(said)
        for shard, account, _, _, tail, said, previous in lines
    )


def _begins(shard: int, account: int) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT digest, code, normal, floor FROM ledger_account "
            "WHERE shard = %s AND account = %s",
            [shard, account],
        )
        row = cursor.fetchone()
    return genesis(shard, account, *row) if row else b""


def _balances(books: Books, book: UUID | None) -> Iterator[Fault]:
    named = {(one.key, one.seq) for one in books.broken}
    stored = dict(balances(book))
    for key, (posted, seq, head, debit, credit, same) in stored.items():
        name = books.names.get(key)
        if name is None:
            yield Fault(row=f"ledger_account {key[1]}", reason="was removed; it has a balance")
            continue
        chain = books.chains.get(key, Chain(b""))
        if isinstance(seq, int) and chain.seq < seq:
            for missing in range(chain.seq + 1, min(seq, chain.seq + _MOST_NAMED) + 1):
                yield Fault(row=_line(key, missing), reason="was removed; the balance counts it")
            continue
        folded = (chain.posted, chain.seq, chain.debit, chain.credit, chain.head, True)
        if (posted, seq, debit, credit, head, same) == folded:
            continue
        last_is_named = (key, chain.seq) in named
        if last_is_named and (posted, seq, same) == (chain.posted, chain.seq, True):
            continue
        reason = (
            f"says {posted} after {seq} lines; its lines say {chain.posted} after {chain.seq}"
            if (posted, seq) != (chain.posted, chain.seq)
            else "says otherwise than its account and lines"
        )
        yield Fault(row=f"ledger_balance {name}", reason=reason)
    for key in books.chains.keys() - stored.keys():
        yield Fault(row=f"ledger_balance {books.names.get(key, key[1])}", reason="was removed")


def _remainders(books: Books) -> Iterator[Fault]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, remaining FROM ledger_pending")
        stored = {row[0].bytes: row[1] for row in cursor.fetchall()}
    for pending_id in sorted(stored.keys() | books.remaining.keys()):
        said, folded = stored.get(pending_id), books.remaining.get(pending_id)
        if said != folded:
            reason = f"says {said} is left; the lines say {folded}"
            yield Fault(row=f"ledger_pending {UUID(bytes=pending_id)}", reason=reason)
