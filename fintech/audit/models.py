"""The seals of the event log. A row is written once; see the migration for its guards."""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import models
from django.db.models import F, Q

from fintech.audit import data
from fintech.kernel.proof import Head, Signature, Tree

ORIGIN = "audit.events"
_LEAF = struct.Struct("!q32s")  # A position and the hash of the fact that stands there.
_HASH = 32


class Seal(models.Model):
    """
    A stretch of the event log, hashed into the tree, signed, and chained to the last one.

    The stretch is all facts of transactions `from_xid ≤ xid < to_xid` that stand after
    `floor_position` (which is above 0 only after a restore into another cluster, whose
    transaction ids began anew). `leaves` holds 40 bytes for each of them.
    """

    no = models.BigIntegerField(primary_key=True)
    epoch = models.CharField(max_length=40)
    floor_position = models.BigIntegerField()
    from_xid = models.BigIntegerField()
    to_xid = models.BigIntegerField()
    count = models.BigIntegerField()
    size = models.BigIntegerField()
    root = models.BinaryField()
    frontier = models.BinaryField()
    leaves = models.BinaryField()
    previous = models.BinaryField(unique=True)  # The log has one history, without branches.
    sealed_at_us = models.BigIntegerField()
    key_id = models.CharField(max_length=16)
    signature = models.BinaryField()

    class Meta:
        ordering = ("no",)
        constraints = (
            models.CheckConstraint(
                condition=Q(from_xid__lt=F("to_xid")), name="audit_seal_windows_run_forward"
            ),
            models.CheckConstraint(
                condition=Q(count__gte=1, size__gte=F("count")),
                name="audit_seal_holds_at_least_one_fact",
            ),
        )

    def __str__(self) -> str:
        return f"seal {self.no}"

    @staticmethod
    def packed(leaves: list[tuple[int, bytes]]) -> bytes:
        """Return positions and hashes as the row keeps them."""
        return b"".join(_LEAF.pack(position, leaf) for position, leaf in leaves)

    def unpacked(self) -> Iterator[tuple[int, bytes]]:
        """Yield each position with the hash of the fact that was sealed there."""
        return _LEAF.iter_unpack(bytes(self.leaves))

    def tree(self) -> Tree:
        """Return the tree as this seal left it."""
        edge = bytes(self.frontier)
        return Tree(self.size, tuple(edge[at : at + _HASH] for at in range(0, len(edge), _HASH)))

    def head(self) -> Head:
        """Return what was signed."""
        return Head(
            origin=ORIGIN,
            number=self.no,
            size=self.size,
            root=bytes(self.root),
            previous=bytes(self.previous),
            sealed_at_us=self.sealed_at_us,
        )

    def signed(self) -> Signature:
        """Return the signature under the head."""
        return Signature(key_id=self.key_id, value=bytes(self.signature))

    def as_data(self) -> data.Seal:
        """Return the frozen value for the door."""
        positions = [position for position, _ in self.unpacked()]
        return data.Seal(
            number=self.no,
            count=self.count,
            size=self.size,
            first_position=min(positions),
            last_position=max(positions),
            root=bytes(self.root),
            key_id=self.key_id,
            sealed_at=datetime.fromtimestamp(self.sealed_at_us / 1_000_000, tz=UTC),
            head=self.head(),
        )
