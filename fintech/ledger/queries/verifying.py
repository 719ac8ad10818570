"""
Is the journal what was written? Every row against its chain, its entry and its seal.

An entry that was changed breaks the links of all its lines, a line that was changed only
its own; the verifier names the row that explains what it sees, not all that follow.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import nullcontext
from uuid import UUID

from django.db import connection

from fintech.kernel import invariants
from fintech.kernel.sealing import SealedLog
from fintech.kernel.seals import Fault, Seal

_ENTRY_HASH = """ledger_entry_hash({0}.formula, {0}.id, {0}.shard, {0}.kind, {0}.version,
  {0}.template, {0}.subject, {0}.pending_id, {0}.occurred_at, {0}.expires_at, {0}.final,
  {0}.expected, {0}.lines)"""
# What is sealed of an entry: its content, and when, where and by whom it was recorded.
_LEAF = f"""sha256('\\x00'::bytea || int8send(position) || int8send(xid::text::bigint)
  || timestamptz_send(recorded_at) || int4send(octet_length(by)) || convert_to(by, 'UTF8')
  || {_ENTRY_HASH.format("ledger_entry")})"""

_CHAIN = f"""
SELECT l.account, l.seq, l.entry_id, l.lines_of_entry, CASE
    WHEN l.before <> l.seq - 1 THEN 'gap'
    WHEN e.id IS NULL THEN 'orphan'
    WHEN l.balance <> l.stood + l.amount THEN 'balance'
    ELSE 'hash' END, l.before
FROM (
  SELECT l.*, lag(l.seq, 1, 0::bigint) OVER w AS before,
    lag(l.balance, 1, 0::bigint) OVER w AS stood,
    coalesce(lag(l.hash) OVER w, ledger_genesis(a.shard, a.account, a.digest, a.code, a.normal,
      a.floor)) AS link,
    count(*) OVER (PARTITION BY l.shard, l.entry_id) AS lines_of_entry
  FROM ledger_line l LEFT JOIN ledger_account a ON a.shard = l.shard AND a.account = l.account
  WINDOW w AS (PARTITION BY l.shard, l.account ORDER BY l.seq)) l
LEFT JOIN ledger_entry e ON e.shard = l.shard AND e.id = l.entry_id
WHERE l.before <> l.seq - 1 OR e.id IS NULL OR l.balance <> l.stood + l.amount
  OR l.hash IS DISTINCT FROM ledger_line_hash(l.link, {_ENTRY_HASH.format("e")}, l.no, l.seq,
    l.amount, l.pending, l.balance)
ORDER BY l.account, l.seq
"""
_LINES = """
SELECT coalesce(e.id, l.entry_id), e.id IS NOT NULL, l.entry_id IS NOT NULL,
  octet_length(e.lines) / 20, l.lines
FROM ledger_entry e FULL JOIN (
  SELECT shard, entry_id, count(*) AS lines,
    string_agg(int4send(account) || int8send(amount) || int8send(pending), ''::bytea ORDER BY no)
      AS packed
  FROM ledger_line GROUP BY shard, entry_id) l
ON l.shard = e.shard AND l.entry_id = e.id
WHERE e.lines IS DISTINCT FROM l.packed
"""
_BALANCES = """
SELECT a.address, a.currency, b.account, b.posted, b.seq, s.posted, s.seq
FROM ledger_balance b
FULL JOIN ledger_account a ON a.shard = b.shard AND a.account = b.account
LEFT JOIN LATERAL (
  SELECT l.balance AS posted, l.seq, l.hash FROM ledger_line l
  WHERE l.shard = b.shard AND l.account = b.account ORDER BY l.seq DESC LIMIT 1) s ON true
WHERE a.account IS NULL OR b.account IS NULL OR b.posted IS DISTINCT FROM s.posted
  OR b.seq IS DISTINCT FROM s.seq OR b.head IS DISTINCT FROM s.hash
  OR b.digest <> a.digest OR b.currency <> a.currency OR b.normal <> a.normal
  OR b.floor IS DISTINCT FROM a.floor
  OR a.digest <> encode(substr(sha256(uuid_send(a.book)
    || convert_to(a.currency || a.address, 'UTF8')), 1, 16), 'hex')::uuid
"""


def verify() -> list[Fault]:
    """
    Check every line, entry, balance and seal; return the rows that are not what was written.

    Empty if the journal is intact. Reads one snapshot and stalls nobody.
    """
    with nullcontext() if connection.in_atomic_block else invariants.snapshot():
        sealed = list(LOG.verify())
        return [*sealed, *_books({fault.row for fault in sealed})]


def _books(known: set[str]) -> Iterator[Fault]:
    with connection.cursor() as cursor:
        cursor.execute(_LINES)
        differing = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(_CHAIN)
        broken = cursor.fetchall()
        cursor.execute(_BALANCES)
        balances = cursor.fetchall()
    yield from _entries(differing, broken, known)
    named = {(account, seq) for account, seq, *_ in broken}
    for account, seq, _, _, why, before in broken:
        if why == "gap":
            for missing in range(before + 1, seq):
                yield Fault(row=f"ledger_line {account}/{missing}", reason="was removed")
    for address, currency, account, posted, seq, last_posted, last_seq in balances:
        if (account, last_seq) in named and posted == last_posted and seq == last_seq:
            continue
        reason = f"says {posted} after {seq} lines; its lines say {last_posted} after {last_seq}"
        yield Fault(
            row=f"ledger_balance {address or account} {currency or ''}".rstrip(), reason=reason
        )


def _entries(
    differing: dict[UUID, tuple[bool, bool, int, int]],
    broken: list[tuple[int, int, UUID, int, str, int]],
    known: set[str],
) -> Iterator[Fault]:
    """Say of each broken link whether the entry or the line was changed."""
    links: dict[UUID, list[tuple[int, int, str, int]]] = defaultdict(list)
    for account, seq, entry_id, lines, why, _ in broken:
        if why not in {"gap", "orphan"}:
            links[entry_id].append((account, seq, why, lines))
    for entry_id, (has_entry, has_lines, said, stand) in differing.items():
        row = f"ledger_entry {entry_id}"
        if not has_entry:
            yield Fault(row=row, reason=f"was removed; {stand} lines name it")
        elif not has_lines:
            yield Fault(row=row, reason=f"says {said} lines; none stands")
        elif entry_id not in links and row not in known:
            yield Fault(row=row, reason=f"says {said} lines; {stand} stand, or others")
    for entry_id, found in links.items():
        if f"ledger_entry {entry_id}" not in known:
            yield from _links(entry_id, found, differs=entry_id in differing)


def _links(
    entry_id: UUID, found: list[tuple[int, int, str, int]], *, differs: bool
) -> Iterator[Fault]:
    """Name the entry if all its lines' links are broken and nothing else is, else the lines."""
    whole = len(found) == found[0][3] and all(why == "hash" for _, _, why, _ in found)
    if whole and not differs:
        yield Fault(row=f"ledger_entry {entry_id}", reason="was changed")
        return
    for account, seq, why, _ in found:
        if not whole or _differs(entry_id, account, seq):
            reason = "was changed" if why == "hash" else "was changed: its balance does not follow"
            yield Fault(row=f"ledger_line {account}/{seq}", reason=reason)


def _differs(entry_id: UUID, account: int, seq: int) -> bool:
    """Whether a line is not the one that its entry tells of."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM ledger_line l JOIN ledger_entry e ON e.id = l.entry_id "
            "AND e.shard = l.shard WHERE l.entry_id = %s AND l.account = %s AND l.seq = %s "
            "AND substr(e.lines, (l.no - 1) * 20 + 1, 20) = "
            "int4send(l.account) || int8send(l.amount) || int8send(l.pending))",
            [entry_id, account, seq],
        )
        return not cursor.fetchone()[0]


class _Journal(SealedLog):
    """The journal as a sealed log: faults name entries by their ids."""

    def _against_rows(self, seal: Seal) -> Iterator[Fault]:
        sealed = dict(seal.leaves)
        columns = f"SELECT position, id, {self.leaf} FROM ledger_entry WHERE"
        with connection.cursor() as cursor:
            cursor.execute(
                f"{columns} xid >= %s::text::xid8 AND xid < %s::text::xid8 AND position > %s",
                [seal.from_xid, seal.to_xid, seal.floor_position],
            )
            rows = cursor.fetchall()
            gone = [*(sealed.keys() - {position for position, _, _ in rows})]
            if gone:
                # Perhaps only its transaction's id was changed; then it stands elsewhere.
                cursor.execute(f"{columns} position = ANY(%s)", [gone])
                rows += cursor.fetchall()
        found = {position: (entry_id, bytes(leaf)) for position, entry_id, leaf in rows}
        for position, leaf in sealed.items():
            if position not in found:
                yield Fault(row=f"ledger_entry at position {position}", reason="was removed")
            elif found[position][1] != leaf:
                yield Fault(row=f"ledger_entry {found[position][0]}", reason="was changed")
        for position in sorted(found.keys() - sealed.keys()):
            row = f"ledger_entry {found[position][0]}"
            yield Fault(row=row, reason="was put in after the seal")


LOG = _Journal(
    origin="ledger.journal",
    log="ledger_entry",
    seals="ledger_seal",
    leaf=_LEAF,
    lock=0x6A72_6E6C,
)


def heads(*, limit: int = 20) -> list[Seal]:
    """Return the latest seals, newest first."""
    return LOG.heads(limit=limit)
