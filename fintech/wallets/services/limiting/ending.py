"""What becomes of a reservation: confirmed, or given back."""

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
  WHERE r.operation_id = ANY(%s) AND r.state IN ('reserved', 'confirmed')
  ORDER BY lock OFFSET 0
) locks
"""
# Takes off the counters what reservations no longer count; a rolling counter has forgotten
# those that have left its window. A limit that keeps what was undone stays on the row.
_GIVE_BACK = """
WITH target AS (
  SELECT r.id, r.subject, r.at, r.limits, r.windows, t.minor,
    r.amount_minor - t.minor AS less, CASE WHEN t.minor > 0 THEN 0 ELSE 1 END AS one
  FROM wallets_reservation r JOIN unnest(%s::uuid[], %s::bigint[]) AS t(operation_id, minor)
    ON r.operation_id = t.operation_id
  WHERE {which}
), counted AS (
  SELECT x.id, x.subject, x.at, x.minor, x.less, x.one, u.limit_id, u.begins, {kept} AS kept
  FROM target x CROSS JOIN LATERAL unnest(x.limits, x.windows) AS u(limit_id, begins)
  JOIN wallets_limit l ON l.id = u.limit_id
), changed AS (
  UPDATE wallets_reservation r SET
    amount_minor = CASE WHEN c.minor > 0 THEN c.minor ELSE r.amount_minor END,
    state = CASE WHEN c.minor > 0 OR c.kept THEN 'confirmed' ELSE %s END,
    limits = coalesce(c.limits, r.limits), windows = coalesce(c.windows, r.windows)
  FROM (
    SELECT id, minor, bool_or(kept) AS kept, array_agg(limit_id) FILTER (WHERE kept) AS limits,
      array_agg(begins) FILTER (WHERE kept) AS windows
    FROM counted GROUP BY id, minor
  ) c
  WHERE r.id = c.id
)
UPDATE wallets_usage u SET amount_minor = u.amount_minor - s.less, count = u.count - s.ones
FROM (
  SELECT v.id, sum(c.less) AS less, sum(c.one) AS ones
  FROM counted c JOIN wallets_usage v
    ON v.limit_id = c.limit_id AND v.subject = c.subject AND v.begins = c.begins
  WHERE NOT c.kept AND (v.counted_from IS NULL OR c.at > v.counted_from)
  GROUP BY v.id
) s
WHERE u.id = s.id
"""
_OPEN = "r.state = 'reserved'"
_COUNTED = "r.state IN ('reserved', 'confirmed')"


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
    _give_back(outcomes, which=_COUNTED, kept="l.reversal = 'keeps'")


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
    kept: str = "false",
    state: ReservationState = ReservationState.RELEASED,
) -> None:
    if not outcomes:
        return
    operation_ids = Column("uuid", [operation for operation, _ in outcomes])
    minors = Column("bigint", [minor for _, minor in outcomes])
    with db.transaction_required(), columns.cursor() as cursor:
        cursor.execute(_LOCK, [operation_ids])
        if cursor.fetchall():
            cursor.execute(
                _GIVE_BACK.format(which=which, kept=kept), [operation_ids, minors, str(state)]
            )
