"""
Sealing: what is committed goes into the tree, and the head is signed and chained.

The sealer takes the facts of all transactions below the horizon, so none that commits
late is missed, and nothing global is written while payments are made.
"""

import time

from django.conf import settings
from django.db import connection
from django_subatomic import db

from fintech.audit import data
from fintech.audit.models import Seal
from fintech.audit.queries import LEAF
from fintech.kernel import proof

_MOST = 20_000  # Facts in one seal; a window with more is sealed in several.
_SEALER = 0x7365_616C  # "seal": the advisory lock of this job.


def seal() -> data.Seal | None:
    """
    Seal every committed fact that is not sealed yet, up to 20,000 at once.

    Returns the new seal, or None when there is nothing to seal or another sealer is at
    work. Runs in a transaction of its own.
    """
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_SEALER])
        if not cursor.fetchone()[0]:
            return None
        last = Seal.objects.order_by("-no").first()
        cursor.execute(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, "
            "system_identifier::text FROM pg_control_system()"
        )
        horizon, epoch = cursor.fetchone()
        low, floor = (0, 0) if last is None else (last.to_xid, last.floor_position)
        if last is not None and last.epoch != epoch:
            # Restored into another cluster: transaction ids begin anew, positions do not.
            low, floor = 0, _last_position()
        cursor.execute(
            "SELECT xid::text::bigint FROM kernel_event WHERE xid >= %s::text::xid8 AND "
            "xid < %s::text::xid8 AND position > %s ORDER BY xid OFFSET %s LIMIT 1",
            [low, horizon, floor, _MOST],
        )
        beyond = cursor.fetchone()
        if beyond is not None:
            horizon = max(beyond[0], low + 1)
        cursor.execute(
            f"SELECT position, {LEAF} FROM kernel_event WHERE xid >= %s::text::xid8 AND "
            "xid < %s::text::xid8 AND position > %s ORDER BY position",
            [low, horizon, floor],
        )
        leaves = [(position, bytes(leaf)) for position, leaf in cursor.fetchall()]
        if not leaves:
            return None
        return _sealed(leaves, last, epoch, (low, horizon), floor).as_data()


def _sealed(
    leaves: list[tuple[int, bytes]],
    last: Seal | None,
    epoch: str,
    window: tuple[int, int],
    floor: int,
) -> Seal:
    grown = (proof.Tree() if last is None else last.tree()).extended([leaf for _, leaf in leaves])
    made = Seal(
        no=1 if last is None else last.no + 1,
        epoch=epoch,
        floor_position=floor,
        from_xid=window[0],
        to_xid=window[1],
        count=len(leaves),
        size=grown.size,
        root=grown.root(),
        frontier=b"".join(grown.frontier),
        leaves=Seal.packed(leaves),
        previous=proof.GENESIS if last is None else last.head().digest(),
        sealed_at_us=time.time_ns() // 1_000,
    )
    signature = proof.sign_head(made.head(), settings.SIGNING_KEY)
    made.key_id, made.signature = signature.key_id, signature.value
    made.save(force_insert=True)
    return made


def _last_position() -> int:
    """Return the highest position that any seal holds; needed once per restore."""
    seals = Seal.objects.iterator(chunk_size=20)
    return max((position for made in seals for position, _ in made.unpacked()), default=0)
