"""
Sealed logs: what is committed goes into a tree, whose head is signed and chained.

One implementation for the event log (`audit`) and the journal (`ledger`). A sealer takes
the rows of all transactions below the horizon, so none that commits late is missed, and
nothing global is written by those who write the log. A seal keeps the position and hash
of each of its rows (40 bytes), so whatever differs later is named by its row.
"""

import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django_subatomic import db

from fintech.kernel import proof
from fintech.kernel.proof import Head, Leaves, Signature, Tree
from fintech.kernel.seals import Fault, Seal

MOST = 20_000  # Rows in one seal; a window with more is sealed in several.
_LEAF = struct.Struct("!q32s")
_HASH = 32
_COLUMNS = (
    "no, epoch, floor_position, from_xid, to_xid, count, size, root, frontier, leaves, "
    "previous, sealed_at_us, key_id, signature"
)


def known_keys() -> dict[str, bytes]:
    """
    Return the public keys that heads may be signed by, by name.

    Today's key signs. Keys of before stay known (`SIGNING_KEYS_KNOWN`), and tomorrow's is
    known before it signs, so heads verify on both sides of a change.
    """
    others = (bytes.fromhex(public) for public in settings.SIGNING_KEYS_KNOWN)
    return proof.key_ring(proof.public_key(settings.SIGNING_KEY), *others)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedLog:
    """
    An append-only table with `position` and `xid`, and the table of its seals.

    Args:
        origin: the log's name in signed heads.
        log, seals: the tables.
        leaf: SQL that hashes every column of a row, in a fixed binary form.
        lock: the advisory lock of this log's sealer.
    """

    origin: str
    log: str
    seals: str
    leaf: str
    lock: int

    def seal(self) -> Seal | None:
        """
        Seal every committed row that is not sealed yet, up to 20,000 at once.

        Returns the new seal, or None when there is nothing to seal or another sealer is
        at work. Runs in a transaction of its own.
        """
        with db.transaction_if_not_already(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [self.lock])
            if not cursor.fetchone()[0]:
                return None
            cursor.execute(
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, "
                "system_identifier::text FROM pg_control_system()"
            )
            horizon, epoch = cursor.fetchone()
            last = next(self._seals("ORDER BY no DESC LIMIT 1"), None)
            low, floor = (0, 0) if last is None else (last.to_xid, last.floor_position)
            if last is not None and last.epoch != epoch:
                # Restored into another cluster: transaction ids begin anew, positions do not.
                low, floor = 0, self._last_position()
            window = (
                f"FROM {self.log} WHERE xid >= %s::text::xid8 AND xid < %s::text::xid8 "
                "AND position > %s"
            )
            cursor.execute(
                f"SELECT xid::text::bigint {window} ORDER BY xid OFFSET %s LIMIT 1",
                [low, horizon, floor, MOST],
            )
            beyond = cursor.fetchone()
            if beyond is not None:
                horizon = max(beyond[0], low + 1)
            cursor.execute(
                f"SELECT position, {self.leaf} {window} ORDER BY position", [low, horizon, floor]
            )
            leaves = tuple((position, bytes(leaf)) for position, leaf in cursor.fetchall())
            if not leaves:
                return None
            made = self._grown(last, leaves, epoch, floor, (low, horizon))
            self._write(cursor, made)
        return made

    def each(self) -> Iterator[Seal]:
        """Yield every seal from the first, a few in memory at a time."""
        number = 0
        while page := list(self._seals("WHERE no > %s ORDER BY no LIMIT 4", number)):
            yield from page
            number = page[-1].number

    def heads(self, *, limit: int = 20, before: int | None = None) -> list[Seal]:
        """Return the latest seals, newest first."""
        if before is None:
            return list(self._seals("ORDER BY no DESC LIMIT %s", limit))
        return list(self._seals("WHERE no < %s ORDER BY no DESC LIMIT %s", before, limit))

    def inclusion(self, position: int) -> tuple[Seal, int, list[bytes]] | None:
        """
        Return the seal, index and proof that show a row to be in the log, or None.

        None if the row is not there or not sealed yet. Reads the seals whose window holds
        the row's transaction, and the one before each.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT xid::text::bigint FROM {self.log} WHERE position = %s", [position]
            )
            row = cursor.fetchone()
        if row is None:
            return None
        for seal in self._seals("WHERE from_xid <= %s AND to_xid > %s ORDER BY no", row[0], row[0]):
            places = {at: place for place, (at, _) in enumerate(seal.leaves)}
            if position in places:
                tree = self._tree_before(seal.number)
                index = tree.size + places[position]
                leaves = Leaves([leaf for _, leaf in seal.leaves], after=tree)
                return seal, index, leaves.inclusion(index)
        return None

    def consistency(self, first: int, second: int) -> list[bytes]:
        """
        Return the proof that the second of two heads continues the first.

        Reads the first seal and those after it up to the second.

        Raises:
            IndexError: one of them is not there, or they are not in order.
        """
        if not 0 < first <= second:
            raise IndexError(first)
        seals = list(self._seals("WHERE no BETWEEN %s AND %s ORDER BY no", first, second))
        if len(seals) != second - first + 1:
            raise IndexError(second)
        added = [leaf for seal in seals for _, leaf in seal.leaves]
        return Leaves(added, after=self._tree_before(first)).consistency(seals[0].size)

    def _tree_before(self, number: int) -> Tree:
        before = next(self._seals("WHERE no = %s", number - 1), None)
        return Tree() if before is None else before.tree

    def verify(self, *, known: tuple[int, bytes] | None = None) -> Iterator[Fault]:
        """
        Check every seal from the first, and every row against its seal; yield what is wrong.

        Args:
            known: a number and head digest kept elsewhere; without one, a log cut off at
                its end together with its seals cannot be told from a shorter log.
        """
        for seal, faults in self.checked(known=known):
            yield from faults
            if seal is not None:
                yield from self._against_rows(seal)

    def checked(
        self, *, known: tuple[int, bytes] | None = None
    ) -> Iterator[tuple[Seal | None, list[Fault]]]:
        """Yield each seal with what is wrong about its head; last, what is missing after them."""
        keys = known_keys()
        tree, previous, number = Tree(), proof.GENESIS, 0
        while page := list(self._seals("WHERE no > %s ORDER BY no LIMIT 4", number)):
            for seal in page:
                faults = []
                name = f"{self.seals} {seal.number}"
                number += 1
                if seal.number != number:
                    faults.append(Fault(row=f"{self.seals} {number}", reason="was removed"))
                    number = seal.number
                tree = tree.extended([leaf for _, leaf in seal.leaves])
                if (tree.size, tree.root()) != (seal.size, seal.head.root):
                    faults.append(Fault(row=name, reason="its root is not that of its rows"))
                    tree = seal.tree
                if seal.head.previous != previous:
                    faults.append(Fault(row=name, reason="does not follow the seal before it"))
                if not proof.verify_head(seal.head, seal.signature, keys):
                    faults.append(Fault(row=name, reason="its signature is not ours"))
                previous = seal.head.digest()
                if known is not None and seal.number == known[0] and previous != known[1]:
                    reason = "is not the head that was kept elsewhere"
                    faults.append(Fault(row=name, reason=reason))
                yield seal, faults
        if known is not None and number < known[0]:
            name = f"{self.seals} {known[0]}"
            yield None, [Fault(row=name, reason="was cut off; the log is shorter")]

    def _against_rows(self, seal: Seal) -> Iterator[Fault]:
        """Compare one seal's rows with those that stand there now."""
        sealed = dict(seal.leaves)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT position, {self.leaf} FROM {self.log} WHERE position = ANY(%s)",
                [[*sealed]],
            )
            found = {position: bytes(leaf) for position, leaf in cursor.fetchall()}
            cursor.execute(
                f"SELECT position FROM {self.log} WHERE xid >= %s::text::xid8 AND "
                "xid < %s::text::xid8 AND position > %s AND NOT position = ANY(%s) "
                "ORDER BY position",
                [seal.from_xid, seal.to_xid, seal.floor_position, [*sealed]],
            )
            strangers = [position for (position,) in cursor.fetchall()]
        for position, leaf in sealed.items():
            if position not in found:
                yield Fault(row=f"{self.log} {position}", reason="was removed")
            elif found[position] != leaf:
                yield Fault(row=f"{self.log} {position}", reason="was changed")
        for position in strangers:
            yield Fault(row=f"{self.log} {position}", reason="was put in after the seal")

    def _grown(
        self,
        last: Seal | None,
        leaves: tuple[tuple[int, bytes], ...],
        epoch: str,
        floor: int,
        window: tuple[int, int],
    ) -> Seal:
        before = proof.Tree() if last is None else last.tree
        tree = before.extended([leaf for _, leaf in leaves])
        head = Head(
            origin=self.origin,
            number=1 if last is None else last.number + 1,
            size=tree.size,
            root=tree.root(),
            previous=proof.GENESIS if last is None else last.head.digest(),
            sealed_at_us=time.time_ns() // 1_000,
        )
        return Seal(
            head=head,
            signature=proof.sign_head(head, settings.SIGNING_KEY),
            tree=tree,
            leaves=leaves,
            epoch=epoch,
            floor_position=floor,
            from_xid=window[0],
            to_xid=window[1],
        )

    def _write(self, cursor: Any, seal: Seal) -> None:
        head = seal.head
        cursor.execute(
            f"INSERT INTO {self.seals} ({_COLUMNS}) VALUES "
            "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                head.number,
                seal.epoch,
                seal.floor_position,
                seal.from_xid,
                seal.to_xid,
                seal.count,
                head.size,
                head.root,
                b"".join(seal.tree.frontier),
                b"".join(_LEAF.pack(position, leaf) for position, leaf in seal.leaves),
                head.previous,
                head.sealed_at_us,
                seal.signature.key_id,
                seal.signature.value,
            ],
        )

    def _seals(self, order: str, *values: int) -> Iterator[Seal]:
        """Yield seals, a few at a time: each carries its leaves."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {_COLUMNS} FROM {self.seals} {order}", values)
            for row in cursor:
                yield self._read(row)

    def _read(self, row: tuple[Any, ...]) -> Seal:
        number, epoch, floor, low, high, _, size, root, frontier, leaves, *rest = row
        previous, sealed_at_us, key_id, signature = rest
        edge = bytes(frontier)
        parts = tuple(edge[at : at + _HASH] for at in range(0, len(edge), _HASH))
        return Seal(
            head=Head(
                origin=self.origin,
                number=number,
                size=size,
                root=bytes(root),
                previous=bytes(previous),
                sealed_at_us=sealed_at_us,
            ),
            signature=Signature(key_id=key_id, value=bytes(signature)),
            tree=Tree(size, parts),
            leaves=tuple(_LEAF.iter_unpack(bytes(leaves))),
            epoch=epoch,
            floor_position=floor,
            from_xid=low,
            to_xid=high,
        )

    def _last_position(self) -> int:
        """Return the highest position that any seal holds; needed once per restore."""
        found = (position for seal in self._seals("") for position, _ in seal.leaves)
        return max(found, default=0)
