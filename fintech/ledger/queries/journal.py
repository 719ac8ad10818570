"""Reading the journal: entries as they stand, and the journal as a source of facts."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from django.db import connection

from fintech.kernel import columns, event_log
from fintech.kernel.columns import Column
from fintech.kernel.event_log import Recorded
from fintech.kernel.money import Money
from fintech.ledger import data, errors, events
from fintech.ledger.data import Direction, EntryKind, EntryState, LineView, Seen, packed
from fintech.ledger.posting import SHARD

_ENTRY = (
    "SELECT e.id, e.kind, e.template, e.version, e.subject, e.pending_id, e.occurred_at, "
    "e.recorded_at, e.expires_at, e.by, e.lines, e.formula, p.amount, p.remaining "
    "FROM ledger_entry e "
    "LEFT JOIN ledger_pending p ON p.shard = e.shard AND p.id = e.id AND e.kind = 1 "
)
_Names = dict[int, tuple[str, str]]
_Packed = tuple[int, int, int]  # Account, posted amount, pending amount.


def entries_of(subject: UUID) -> list[data.JournalEntryView]:
    """Return the journal entries about something, such as a payment, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_ENTRY} WHERE e.shard = %s AND e.subject = %s ORDER BY e.position", [SHARD, subject]
        )
        return _views(cursor.fetchall())


def entry(entry_id: UUID) -> data.JournalEntryView:
    """
    Return one journal entry.

    Raises:
        EntryNotFound: there is none with this id.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"{_ENTRY} WHERE e.shard = %s AND e.id = %s", [SHARD, entry_id])
        rows = cursor.fetchall()
    if not rows:
        raise errors.EntryNotFound(entry_id)
    return _views(rows)[0]


def entries_by_id(entry_ids: Sequence[UUID]) -> list[data.JournalEntryView]:
    """Return those of some journal entries that are there, in the order asked for."""
    if not entry_ids:
        return []
    with columns.cursor() as cursor:
        # The bounds keep the search to their months.
        cursor.execute(
            f"{_ENTRY} WHERE e.shard = {SHARD} AND e.id = ANY(%b) AND e.id BETWEEN %b AND %b",
            [Column("uuid", entry_ids), min(entry_ids), max(entry_ids)],
        )
        found = {view.id: view for view in _views(cursor.fetchall())}
    return [found[one] for one in entry_ids if one in found]


def entries_of_this_transaction() -> list[data.JournalEntryView]:
    """Return what the transaction at hand has posted so far, in the order of the journal."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_ENTRY} WHERE e.shard = %s AND e.xid = pg_current_xact_id_if_assigned() "
            "ORDER BY e.position",
            [SHARD],
        )
        return _views(cursor.fetchall())


def reversals_of(entry_id: UUID) -> list[data.JournalEntryView]:
    """Return the entry that takes another one back, if there is one."""
    return [one for one in entries_of(entry_id) if one.template == "reversal"]


def _views(rows: Sequence[Sequence[Any]]) -> list[data.JournalEntryView]:
    found = [_unpacked(row[10], row[11], row[1]) for row in rows]
    names = _names(found)
    return [_view(row, lines, names) for row, lines in zip(rows, found, strict=True)]


def _unpacked(content: Any, formula: int, kind: int) -> list[_Packed]:
    return list(packed.unpack(bytes(content), formula, kind))


def _view(row: Sequence[Any], unpacked: Sequence[_Packed], names: _Names) -> data.JournalEntryView:
    lines = tuple(_lines(unpacked, names))
    amount, remaining = row[12], row[13]
    state = EntryState.POSTED
    if amount is not None:
        state = EntryState.PARTIALLY_CAPTURED
        if remaining == amount:
            state = EntryState.PENDING
        elif remaining == 0:
            state = EntryState.ENDED
    return data.JournalEntryView(
        id=row[0],
        kind=EntryKind(row[1]),
        template=row[2],
        version=row[3],
        subject=row[4],
        pending_id=row[5],
        occurred_at=row[6],
        recorded_at=row[7],
        expires_at=row[8],
        by=row[9],
        lines=lines,
        state=state,
        remaining=None if remaining is None else Money(remaining, lines[0].amount.currency),
    )


def _lines(unpacked: Sequence[_Packed], names: _Names) -> Iterable[LineView]:
    """Yield an entry's lines; where it also ends what was pending, what it posts is told."""
    for account, posted, pending in unpacked:
        address, currency = names[account]
        signed = posted or pending
        yield LineView(
            address=address,
            direction=Direction.DEBIT if signed > 0 else Direction.CREDIT,
            amount=Money(abs(signed), currency),
            pending=posted == 0,
        )


def _names(entries: Iterable[Sequence[_Packed]]) -> _Names:
    """Return address and currency of each account that entries name."""
    numbers = {account for lines in entries for account, _, _ in lines}
    if not numbers:
        return {}
    with columns.cursor() as cursor:
        cursor.execute(
            "SELECT account, address, currency FROM ledger_account "
            f"WHERE shard = {SHARD} AND account = ANY(%b)",
            [Column("integer", [*numbers])],
        )
        return {account: (address, currency) for account, address, currency in cursor.fetchall()}


def expectations(after_position: int, limit: int) -> list[data.Expectation]:
    """
    Return lines that will be seen outside, after a position, in the order of the journal.

    A position is a transaction of which all is committed, so reading on from the largest
    one seen loses nothing. Lines of one transaction come together, beyond `limit` if
    need be.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH found AS (SELECT * FROM ledger_entry WHERE expected IS NOT NULL "
            "AND shard = %s AND xid > %s::text::xid8 "
            "AND xid < pg_snapshot_xmin(pg_current_snapshot()) "
            "ORDER BY xid FETCH FIRST %s ROWS WITH TIES) "
            "SELECT xid::text::bigint, id, subject, occurred_at, lines, formula, kind, expected "
            "FROM found "
            "ORDER BY xid, position",
            [SHARD, after_position, limit],
        )
        rows = cursor.fetchall()
    found = [_unpacked(*row[4:7]) for row in rows]
    names = _names(found)
    return [
        _expectation(row, lines, marked, names)
        for row, lines in zip(rows, found, strict=True)
        for marked in (json.loads(row[7]) if isinstance(row[7], str) else row[7])
    ]


def _expectation(
    row: Sequence[Any], lines: Sequence[_Packed], marked: dict[str, Any], names: _Names
) -> data.Expectation:
    position, entry_id, subject, at = row[:4]
    account, amount, _ = lines[marked["line"] - 1]
    currency = names[account][1]
    return data.Expectation(
        position=position,
        line_id=uuid5(entry_id, str(marked["line"])),
        entry_id=entry_id,
        subject=subject,
        kind=Seen(marked["kind"]),
        provider=marked["source"],
        reference=marked["reference"],
        amount=Money(amount, currency),
        fee_estimate=Money(marked["fee_minor"], currency),
        due_on=date.fromisoformat(marked["due_on"]),
        at=at,
    )


class JournalSource:
    """The journal, as subscriptions read it: each entry is a stream of one fact."""

    name = "journal"
    checks_versions = False

    def read(self, *, low: int, high: int, position: int, limit: int) -> list[Recorded]:
        """Return entries of one window of transactions after a position, in its order."""
        rows = event_log.of_window(
            "ledger_entry",
            "position, xid::text::bigint, id, kind, template, version, subject, pending_id, by, "
            "lines, formula, occurred_at, recorded_at",
            low=low,
            high=high,
            position=position,
            limit=limit,
        )
        found = [_unpacked(row[9], row[10], row[3]) for row in rows]
        names = _names(found)
        return [_recorded(row, lines, names) for row, lines in zip(rows, found, strict=True)]


def _recorded(row: Sequence[Any], unpacked: Sequence[_Packed], names: _Names) -> Recorded:
    kind, identity, request_id, cause = ([*row[8].split("|"), "", "", ""])[:4]
    return Recorded(
        position=row[0],
        xid=row[1],
        stream=f"ledger.entry:{row[2]}",
        version=1,
        name=events.EntryPosted.name,
        data={
            "entry_id": str(row[2]),
            "kind": EntryKind(row[3]).name.lower(),
            "template": row[4],
            "template_version": row[5],
            "subject_id": row[6] and str(row[6]),
            "pending_id": row[7] and str(row[7]),
            "lines": [
                {
                    "address": line.address,
                    "side": str(line.direction),
                    "minor": line.amount.minor,
                    "currency": line.amount.currency,
                    "pending": line.pending,
                }
                for line in _lines(unpacked, names)
            ],
        },
        meta={"by": kind, "id": identity, "request_id": request_id, "cause": cause},
        occurred_at=row[11],
        recorded_at=row[12],
    )


def journal_source() -> JournalSource:
    """Return the journal as a source of subscriptions."""
    return JournalSource()
