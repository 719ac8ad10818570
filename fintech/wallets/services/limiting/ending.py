"""What becomes of a reservation: confirmed, or given back, all of it or a part."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from django_subatomic import db

from fintech.kernel import columns
from fintech.kernel.columns import Column
from fintech.wallets.data import ReservationState

# As in `shares`: in one order for everybody, before anything is read.
_LOCK = """
SELECT pg_advisory_xact_lock(lock) FROM (
  SELECT DISTINCT hashtextextended(l.id::text || r.subject, 9) AS lock
  FROM wallets_reservation r, unnest(r.limits) AS l(id)
  WHERE r.operation_id = ANY(%s) AND {which}
  ORDER BY lock OFFSET 0
) locks
"""
# Takes off the counters what reservations no longer count; a rolling counter has forgotten
# those that have left its window. What is left of an operation is in its own currency, and
# worth what it was when it was reserved, rounded up exactly.
_GIVE_BACK = """
WITH target AS (
  SELECT r.*, {left} AS remains, (r.state IN ('reserved', 'confirmed'))::int AS counts
  FROM wallets_reservation r JOIN unnest(%s::uuid[], %s::bigint[]) AS t(operation_id, minor)
    ON r.operation_id = t.operation_id
  WHERE {which}
), told AS (
  SELECT x.*, (x.remains > 0)::int AS stays, CASE WHEN x.of_units IS NULL THEN x.remains
    ELSE div(x.remains * x.units, x.of_units) + (mod(x.remains * x.units, x.of_units) > 0)::int
    END::bigint AS minor
  FROM target x
), changed AS (
  UPDATE wallets_reservation r SET
    amount_minor = CASE WHEN {told} THEN x.minor ELSE r.amount_minor END,
    original_minor = CASE WHEN NOT ({told}) OR r.of_units IS NULL THEN r.original_minor
      ELSE x.remains END,
    state = CASE x.stays WHEN 1 THEN 'confirmed' ELSE %s END
  FROM told x WHERE r.id = x.id
)
UPDATE wallets_usage u SET amount_minor = u.amount_minor - s.less, count = u.count - s.ones
FROM (
  SELECT v.id, sum(x.counts * x.amount_minor - x.stays * x.minor) AS less,
    sum(x.counts - x.stays) AS ones
  FROM told x CROSS JOIN LATERAL unnest(x.limits, x.windows) AS c(limit_id, begins)
  JOIN wallets_usage v
    ON v.limit_id = c.limit_id AND v.subject = x.subject AND v.begins = c.begins
  WHERE v.counted_from IS NULL OR x.at > v.counted_from
  GROUP BY v.id
) s
WHERE u.id = s.id
"""
_OPEN = "r.state = 'reserved'"
_COUNTED = "r.state IN ('reserved', 'confirmed')"
_REVERSED = f"{_COUNTED} AND r.reversal = 'gives_back'"
_TAKEN_AGAIN = "r.state IN ('reserved', 'confirmed', 'released') AND r.reversal = 'gives_back'"
_KEPT = "t.minor"  # What is told is how much of it came about,
_LESS = "greatest(0, coalesce(r.original_minor, r.amount_minor) - t.minor)"  # or was undone.


def confirm(operation_ids: Sequence[UUID]) -> None:
    """Note that operations have come about; telling it twice changes nothing."""
    if not operation_ids:
        return
    with db.transaction_required(), columns.cursor() as cursor:
        cursor.execute(
            "UPDATE wallets_reservation SET state = 'confirmed' "
            "WHERE operation_id = ANY(%s) AND state = 'reserved'",
            [Column("uuid", list(operation_ids))],
        )


def free(operation_ids: Sequence[UUID]) -> None:
    """Give back what operations have reserved, whether it was confirmed or not."""
    _give_back([(operation, 0) for operation in operation_ids], which=_COUNTED)


def expire(operation_ids: Sequence[UUID]) -> None:
    """Give back what operations have reserved and whose time is up."""
    outcomes = [(operation, 0) for operation in operation_ids]
    _give_back(outcomes, which=_OPEN, state=ReservationState.EXPIRED)


def reverse(operation_ids: Sequence[UUID]) -> None:
    """Give back what operations that were undone have used, where the limit does so."""
    outcomes = [(operation, 0) for operation in operation_ids]
    _give_back(outcomes, which=_REVERSED, told="true")


def reverse_parts(parts: Sequence[tuple[UUID, int]]) -> None:
    """
    Give back what was undone of operations, such as refunded, where the limit does so.

    An operation of which nothing is left no longer counts as one. What comes back to us
    after all, such as a refund that the payer's bank returned, counts again.

    Args:
        parts: operations and how much of each was undone, in minor units of its own
            currency; below zero, how much was not after all.
    """
    sums: dict[UUID, int] = defaultdict(int)
    for operation, minor in parts:
        sums[operation] += minor
    less = [(operation, minor) for operation, minor in sums.items() if minor > 0]
    more = [(operation, minor) for operation, minor in sums.items() if minor < 0]
    _give_back(less, which=_REVERSED, left=_LESS, told="true")
    _give_back(more, which=_TAKEN_AGAIN, left=_LESS, told="true")


def conclude(
    outcomes: Sequence[tuple[UUID, int]], *, state: ReservationState = ReservationState.RELEASED
) -> None:
    """
    Confirm each operation for the part of its amount that came about; give back the rest.

    Args:
        outcomes: operations and what came about of each, in minor units.
        state: what a reservation becomes of which nothing came about.
    """
    _give_back(outcomes, which=_OPEN, state=state)


def _give_back(
    outcomes: Sequence[tuple[UUID, int]],
    *,
    which: str,
    left: str = _KEPT,
    told: str = "x.stays = 1",
    state: ReservationState = ReservationState.RELEASED,
) -> None:
    """
    Let reservations count for what is left of them.

    Args:
        which: of the operations' reservations, as SQL.
        left: what remains of one, as SQL.
        told: when the row says so; of what never came about it keeps what was asked.
        state: what becomes of one of which nothing is left.
    """
    if not outcomes:
        return
    operation_ids = Column("uuid", [operation for operation, _ in outcomes])
    minors = Column("bigint", [minor for _, minor in outcomes])
    with db.transaction_required(), columns.cursor() as cursor:
        cursor.execute(_LOCK.format(which=which), [operation_ids])
        if cursor.fetchall():
            statement = _GIVE_BACK.format(which=which, left=left, told=told)
            cursor.execute(statement, [operation_ids, minors, str(state)])
