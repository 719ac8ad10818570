"""Questions to the witness: is the log what was sealed, and how far does the seal reach."""

from collections.abc import Iterator

from django.conf import settings
from django.db import connection

from fintech.audit import data, errors
from fintech.audit.models import Seal
from fintech.kernel import proof
from fintech.kernel.invariants import Invariant
from fintech.kernel.proof import Leaves, Tree

# What is hashed of a fact (formula 1): every column, in a fixed binary form.
LEAF = """sha256('\\x00'::bytea || int2send(1::smallint) || int8send(position)
  || int8send(xid::text::bigint) || int8send(version)
  || timestamptz_send(occurred_at) || timestamptz_send(recorded_at)
  || int4send(octet_length(stream)) || convert_to(stream, 'UTF8')
  || int4send(octet_length(name)) || convert_to(name, 'UTF8')
  || int4send(octet_length(data::text)) || convert_to(data::text, 'UTF8')
  || convert_to(meta::text, 'UTF8'))"""

INVARIANTS = (
    Invariant(
        id="I-18",
        rule="No fact older than five seconds is unsealed",
        sql="""
        SELECT e.position FROM kernel_event e
        LEFT JOIN LATERAL (SELECT epoch, to_xid, floor_position FROM audit_seal
                           ORDER BY no DESC LIMIT 1) s ON true
        WHERE e.recorded_at < clock_timestamp() - interval '5 seconds'
          AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
          AND (s.to_xid IS NULL OR e.xid >= s.to_xid::text::xid8)
        """,
    ),
)


def heads(*, limit: int = 20, before: int | None = None) -> list[data.Seal]:
    """Return the latest seals, newest first."""
    rows = Seal.objects.order_by("-no")
    if before is not None:
        rows = rows.filter(no__lt=before)
    return [row.as_data() for row in rows[:limit]]


def head(number: int) -> data.Seal:
    """Return one seal; `SealNotFound` if there is none of that number."""
    found = Seal.objects.filter(no=number).first()
    if found is None:
        raise errors.SealNotFound(number=number)
    return found.as_data()


def inclusion(position: int) -> tuple[data.Seal, int, list[bytes]] | None:
    """Return the seal, index and proof that show a fact to be in the log, or None."""
    tree = Tree()
    for seal in Seal.objects.order_by("no").iterator(chunk_size=100):
        leaves = list(seal.unpacked())
        places = [at for at, _ in leaves]
        if position in places:
            index = tree.size + places.index(position)
            found = Leaves([leaf for _, leaf in leaves], after=tree)
            return seal.as_data(), index, found.inclusion(index)
        tree = seal.tree()
    return None


def verify(*, known: tuple[int, bytes] | None = None) -> Iterator[data.Fault]:
    """
    Check every seal from the first, and every fact against its seal; yield what is wrong.

    Args:
        known: a number and head digest kept elsewhere; without one, a log cut off at its
            end together with its seals cannot be told from a shorter log.
    """
    keys = proof.key_ring(proof.public_key(settings.SIGNING_KEY))
    tree, previous, number = Tree(), proof.GENESIS, 0
    sealed_to: dict[str, int] = {}
    for seal in Seal.objects.order_by("no").iterator(chunk_size=20):
        name = f"audit_seal {seal.no}"
        number += 1
        if seal.no != number:
            yield data.Fault(row=f"audit_seal {number}", reason="was removed")
            number = seal.no
        leaves = list(seal.unpacked())
        tree = tree.extended([leaf for _, leaf in leaves])
        if (tree.size, tree.root()) != (seal.size, bytes(seal.root)):
            yield data.Fault(row=name, reason="its root is not that of its facts")
            tree = seal.tree()
        if bytes(seal.previous) != previous:
            yield data.Fault(row=name, reason="does not follow the seal before it")
        if not proof.verify_head(seal.head(), seal.signed(), keys):
            yield data.Fault(row=name, reason="its signature is not ours")
        previous = seal.head().digest()
        if known is not None and seal.no == known[0] and previous != known[1]:
            yield data.Fault(row=name, reason="is not the head that was kept elsewhere")
        yield from _against_rows(seal, dict(leaves))
        sealed_to[seal.epoch] = seal.to_xid
    if known is not None and number < known[0]:
        yield data.Fault(row=f"audit_seal {known[0]}", reason="was cut off; the log is shorter")


def _against_rows(seal: Seal, sealed: dict[int, bytes]) -> Iterator[data.Fault]:
    """Compare one seal's facts with the rows that stand there now."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT position, {LEAF} FROM kernel_event WHERE position = ANY(%s)", [[*sealed]]
        )
        found = {position: bytes(leaf) for position, leaf in cursor.fetchall()}
        cursor.execute(
            "SELECT position FROM kernel_event WHERE xid >= %s::text::xid8 AND "
            "xid < %s::text::xid8 AND position > %s AND NOT position = ANY(%s) ORDER BY position",
            [seal.from_xid, seal.to_xid, seal.floor_position, [*sealed]],
        )
        strangers = [position for (position,) in cursor.fetchall()]
    for position, leaf in sealed.items():
        if position not in found:
            yield data.Fault(row=f"kernel_event {position}", reason="was removed")
        elif found[position] != leaf:
            yield data.Fault(row=f"kernel_event {position}", reason="was changed")
    for position in strangers:
        yield data.Fault(row=f"kernel_event {position}", reason="was put in after the seal")
