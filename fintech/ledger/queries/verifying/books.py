"""
Checking every entry, line, balance and remainder in one pass, in bounded memory.

Entries and lines come in about the order in which they were posted. An entry is kept
until its lines have passed, a line until the one before it on its account has: what is
kept at the end is what does not fit.
"""

import hashlib
import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from fintech.ledger.data import packed
from fintech.ledger.data.chart import digest_of

_sha256 = hashlib.sha256
_LINE = struct.Struct("!16sihhqqqq32s")
_NEVER = -(1 << 63)
_PENDING, _RELEASE = 1, 3
Key = tuple[int, int]  # Shard and account.
# Entry, account, shard, number in the entry, sequence, amount, pending, balance, hash.
Line = tuple[bytes, int, int, int, int, int, int, int, bytes]


@dataclass(slots=True)
class Entry:
    """What is kept of an entry until its lines have passed."""

    position: int
    content: bytes
    lines: bytes
    formula: int
    kind: int
    count: int
    left: int
    pending_id: bytes


@dataclass(slots=True)
class Chain:
    """How far an account's lines have been followed."""

    head: bytes
    seq: int = 0
    posted: int = 0
    debit: int = 0
    credit: int = 0
    other: bytes = b""  # What the last line's hash should have been, if it is another.


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that does not follow from the one before it, or not from its entry."""

    key: Key
    seq: int
    entry_id: bytes
    lines: int  # How many its entry has.
    why: str
    before: int  # The sequence before it.


@dataclass
class Books:
    """What was found wrong, as raw findings; `naming` says which rows explain them."""

    chains: dict[Key, Chain] = field(default_factory=dict)
    entries: dict[bytes, Entry] = field(default_factory=dict)
    waiting: dict[Key, dict[int, bytes]] = field(default_factory=lambda: defaultdict(dict))
    remaining: dict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    broken: list[Broken] = field(default_factory=list)
    # Lines that are not what their entry says.
    strange: dict[bytes, list[tuple[Key, int]]] = field(default_factory=lambda: defaultdict(list))
    # Lines whose entry is not there.
    orphans: dict[bytes, list[tuple[Key, int]]] = field(default_factory=lambda: defaultdict(list))
    # Lines that follow from what the hash before them must have been, not from what it is.
    excused: set[tuple[Key, int]] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    names: dict[Key, str] = field(default_factory=dict)

    def read_accounts(self, book: UUID | None = None) -> None:
        """Begin the chain of each account (of one book) with its identity and rules."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT shard, account, digest, book, code, normal, floor, currency, address "
                "FROM ledger_account WHERE coalesce(book = %s::uuid, true)",
                [book],
            )
            for shard, account, digest, of, code, normal, floor, currency, address in cursor:
                key = shard, account
                self.names[key] = f"{address} {currency}"
                self.chains[key] = Chain(
                    genesis(shard, account, digest, code, normal, floor),
                )
                if digest_of(of, address, currency) != digest:
                    self.accounts.add(self.names[key])

    def take_entries(self, rows: list[bytes]) -> list[tuple[int, bytes, int, bytes]]:
        """Keep entries until their lines come; return position, leaf, xid and id of each."""
        leaves = []
        entries = self.entries
        from_bytes = int.from_bytes
        for row in rows:
            end = 49 + from_bytes(row[45:49])
            content = _sha256(row[end:]).digest()
            width = from_bytes(row[16:20])
            formula, kind = from_bytes(row[end : end + 2]), from_bytes(row[end + 20 : end + 22])
            count = width // packed.width(formula, kind)
            position = from_bytes(row[21:29])
            entries[row[:16]] = Entry(
                position,
                content,
                row[-width:],
                formula,
                kind,
                count,
                count,
                row[end + 40 : end + 56],
            )
            leaf = _sha256(row[20:end] + content).digest()
            leaves.append((position, leaf, from_bytes(row[29:37]), row[:16]))
        return leaves

    def take_lines(self, rows: list[bytes]) -> None:
        """Follow each account's chain as far as it goes."""
        waiting, chains, entries, unpack = self.waiting, self.chains, self.entries, _LINE.unpack
        for row in rows:
            line = unpack(row)
            key = line[2], line[1]
            chain = chains.get(key)
            if chain is None or line[4] != chain.seq + 1 or line[0] not in entries:
                self._wait(key, line[4], row)
                continue
            self._follow(key, chain, row, line)
            if key in waiting:
                self._drain(key, chain)

    def take_up(self) -> None:
        """Go on where lines have waited for an entry."""
        for key in list(self.waiting):
            chain = self.chains.get(key)
            if chain is not None:
                self._drain(key, chain)

    def _wait(self, key: Key, seq: int, row: bytes) -> None:
        if seq in self.waiting[key] or (key in self.chains and seq <= self.chains[key].seq):
            self.broken.append(Broken(key, seq, row[:16], 0, "twice", seq - 1))
            return
        self.waiting[key][seq] = row

    def _drain(self, key: Key, chain: Chain) -> None:
        found = self.waiting[key]
        while (row := found.get(chain.seq + 1)) is not None and row[:16] in self.entries:
            del found[chain.seq + 1]
            self._follow(key, chain, row, _LINE.unpack(row))
        if not found:
            del self.waiting[key]

    def _follow(self, key: Key, chain: Chain, row: bytes, line: Line) -> None:
        """Check one line against the one before it and against its entry."""
        entry_id, account, _, no, seq, amount, pending, balance, said = line
        entry = self.entries[entry_id]
        link = _sha256(chain.head + entry.content + row[22:56]).digest()
        if link != said or balance != chain.posted + amount:
            self._judge(key, chain, row, link)
        elif chain.other:
            chain.other = b""
        says = packed.pack(entry.formula, entry.kind, (account, amount, pending))
        if not says or entry.lines[(no - 1) * len(says) : no * len(says)] != says:
            self.strange[entry_id].append((key, seq))
        if pending:
            self._hold(chain, entry, entry_id, no, pending)
        chain.head, chain.seq, chain.posted = said, seq, balance
        entry.left -= 1
        if entry.left == 0:
            del self.entries[entry_id]

    def _judge(self, key: Key, chain: Chain, row: bytes, link: bytes) -> None:
        """
        Say whether this line is at fault, or only follows one that was changed.

        It is true if it follows from what the line before must have been.
        """
        entry_id, _, _, _, seq, amount, _, balance, said = _LINE.unpack(row)
        entry, before = self.entries[entry_id], chain.other
        if not chain.head:  # The line before is missing; there is nothing to follow from.
            return
        if before and said in {link, _sha256(before + entry.content + row[22:56]).digest()}:
            chain.other = b""
            if said != link:
                self.excused.add((key, seq))
            return
        chain.other = link
        why = "hash" if balance == chain.posted + amount else "balance"
        self.broken.append(Broken(key, seq, entry_id, entry.count, why, seq - 1))

    def _hold(self, chain: Chain, entry: Entry, entry_id: bytes, no: int, pending: int) -> None:
        """Fold what a line sets aside or lets go of; its entry's kind says on which side."""
        if (entry.kind == _PENDING) == (pending > 0):
            chain.debit += pending
        else:
            chain.credit -= pending
        if no == 1:
            self.remaining[entry_id if entry.kind == _PENDING else entry.pending_id] += pending

    def finish(self) -> dict[bytes, int]:
        """
        Go on over what is missing; return how many lines name an entry that is not there.

        A chain goes on from what the next line says, so one gap hides nothing after it.
        """
        orphans: dict[bytes, int] = defaultdict(int)
        for key, found in self.waiting.items():
            chain = self.chains.setdefault(key, Chain(b""))
            for seq in sorted(found):
                self._skip(key, chain, found[seq], orphans)
        return orphans

    def _skip(self, key: Key, chain: Chain, row: bytes, orphans: dict[bytes, int]) -> None:
        entry_id, _, _, _, seq, _, _, balance, said = _LINE.unpack(row)
        if seq != chain.seq + 1:
            self.broken.append(Broken(key, seq, entry_id, 0, "gap", chain.seq))
            chain.head = b""
        if entry_id in self.entries:
            self._follow(key, chain, row, _LINE.unpack(row))
            return
        orphans[entry_id] += 1
        self.orphans[entry_id].append((key, seq))
        chain.head, chain.seq, chain.posted, chain.other = said, seq, balance, b""


def genesis(  # noqa: PLR0917 - the fixed order of what is hashed.
    shard: int, account: int, digest: UUID, code: int, normal: int, floor: int | None
) -> bytes:
    """Return what an account's chain begins with."""
    return _sha256(
        struct.pack("!hhi", 1, shard, account)
        + digest.bytes
        + struct.pack("!hhq", code, normal, _NEVER if floor is None else floor)
    ).digest()


def balances(book: UUID | None = None) -> Iterator[tuple[Key, tuple[object, ...]]]:
    """Yield what is stored of each account's balance (in one book)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.shard, b.account, b.posted, b.seq, b.head, b.pending_debit, "
            "b.pending_credit, b.digest = a.digest AND b.currency = a.currency "
            "AND b.normal = a.normal "
            "AND b.floor IS NOT DISTINCT FROM CASE WHEN f.version IS NULL THEN a.floor "
            "ELSE f.floor END AND f.version IS NOT DISTINCT FROM f.rows "
            "AND b.closed = coalesce(c.closed, false) "
            "FROM ledger_balance b "
            "LEFT JOIN ledger_account a ON a.shard = b.shard AND a.account = b.account "
            "LEFT JOIN LATERAL (SELECT closed FROM ledger_closing c WHERE c.shard = b.shard "
            "AND c.account = b.account ORDER BY version DESC LIMIT 1) c ON true "
            "LEFT JOIN LATERAL (SELECT version, floor, count(*) OVER () AS rows "
            "FROM ledger_floor f WHERE f.shard = b.shard AND f.account = b.account "
            "ORDER BY version DESC LIMIT 1) f ON true "
            "WHERE coalesce(a.book = %s::uuid, %s::uuid IS NULL)",
            [book, book],
        )
        for shard, account, posted, seq, head, debit, credit, same in cursor:
            yield (shard, account), (posted, seq, bytes(head), debit, credit, same)
