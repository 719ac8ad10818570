"""Questions to the witness: is the log what was sealed, and how far does the seal reach."""

from collections.abc import Iterator

from fintech.audit import data, errors
from fintech.kernel.invariants import Invariant
from fintech.kernel.sealing import SealedLog

# What is hashed of a fact (formula 1): every column, in a fixed binary form.
_LEAF = """sha256('\\x00'::bytea || int2send(1::smallint) || int8send(position)
  || int8send(xid::text::bigint) || int8send(version)
  || timestamptz_send(occurred_at) || timestamptz_send(recorded_at)
  || int4send(octet_length(stream)) || convert_to(stream, 'UTF8')
  || int4send(octet_length(name)) || convert_to(name, 'UTF8')
  || int4send(octet_length(data::text)) || convert_to(data::text, 'UTF8')
  || convert_to(meta::text, 'UTF8'))"""

LOG = SealedLog(
    origin="audit.events",
    log="kernel_event",
    seals="audit_seal",
    leaf=_LEAF,
    lock=0x7365_616C,
)

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
    return LOG.heads(limit=limit, before=before)


def head(number: int) -> data.Seal:
    """Return one seal; `SealNotFound` if there is none of that number."""
    found = LOG.heads(limit=1, before=number + 1)
    if not found or found[0].number != number:
        raise errors.SealNotFound(number=number)
    return found[0]


def inclusion(position: int) -> tuple[data.Seal, int, list[bytes]] | None:
    """Return the seal, index and proof that show a fact to be in the log, or None."""
    return LOG.inclusion(position)


def verify(*, known: tuple[int, bytes] | None = None) -> Iterator[data.Fault]:
    """Check every seal, and every fact against its seal; see `SealedLog.verify`."""
    return LOG.verify(known=known)
