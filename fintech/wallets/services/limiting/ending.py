"""What becomes of a reservation: confirmed, or given back."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from django_subatomic import db

from fintech.wallets.data import ReservationState

# As in `shares`: in one order for everybody, before anything is read.
_LOCK = """
SELECT pg_advisory_xact_lock(lock) FROM (
  SELECT DISTINCT hashtextextended(r.limit_id::text || r.subject, 9) AS lock
  FROM wallets_reservation r
  WHERE r.operation_id = ANY(%s::uuid[]) AND r.state IN ('reserved', 'confirmed')
  ORDER BY lock OFFSET 0
) locks
"""
# Takes off the counters what reservations no longer count; a rolling counter has forgotten
# those that have left its window.
_GIVE_BACK = """
WITH changed AS (
  UPDATE wallets_reservation r
  SET amount_minor = CASE WHEN t.minor > 0 THEN t.minor ELSE r.amount_minor END,
    state = CASE WHEN t.minor > 0 THEN 'confirmed' ELSE %s END
  FROM unnest(%s::uuid[], %s::bigint[]) AS t(operation_id, minor), wallets_limit l
  WHERE r.operation_id = t.operation_id AND l.id = r.limit_id AND {which}
  RETURNING r.limit_id, r.subject, r.begins, r.at,
    old.amount_minor - CASE WHEN t.minor > 0 THEN new.amount_minor ELSE 0 END AS minor,
    CASE WHEN t.minor > 0 THEN 0 ELSE 1 END AS one
)
UPDATE wallets_usage u SET amount_minor = u.amount_minor - s.minor, count = u.count - s.ones
FROM (
  SELECT v.id, sum(c.minor) AS minor, sum(c.one) AS ones
  FROM changed c JOIN wallets_usage v
    ON v.limit_id = c.limit_id AND v.subject = c.subject AND v.begins = c.begins
  WHERE v.counted_from IS NULL OR c.at > v.counted_from
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
    with db.transaction_required(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE wallets_reservation SET state = 'confirmed' "
            "WHERE operation_id = ANY(%s::uuid[]) AND state = 'reserved'",
            [list(operation_ids)],
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
    _give_back(outcomes, which=f"{_COUNTED} AND l.reversal = 'gives_back'")


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
    state: ReservationState = ReservationState.RELEASED,
) -> None:
    if not outcomes:
        return
    operation_ids = [operation for operation, _ in outcomes]
    with db.transaction_required(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [operation_ids])
        if cursor.fetchall():
            cursor.execute(
                _GIVE_BACK.format(which=which),
                [str(state), operation_ids, [minor for _, minor in outcomes]],
            )
