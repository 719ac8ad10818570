"""Which limits an operation falls under, found and locked in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from fintech.kernel import columns
from fintech.kernel.columns import Column
from fintech.wallets import data
from fintech.wallets.data import LimitKind, LimitWindow

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)  # Where the counter of a rolling window begins.


@dataclass(slots=True)
class Share:
    """
    What one operation asks of one limit, and since when the limit counts for it.

    `used` is what the limit has counted before this operation. Of counterparties nothing
    is asked where this one is known already.
    """

    place: int
    limit: data.Limit
    subject: str
    counterparty: str
    minor: int
    currency: str
    asked: int
    after: datetime  # Reservations after this instant count,
    before: datetime | None  # and before this one.
    used: int = 0
    amount: int = 0  # What the counter stands at, of amounts
    count: int = 0  # and of operations.

    @property
    def begins(self) -> datetime:
        """Where the counter of its window begins."""
        return self.after if self.limit.window.is_calendar else ALWAYS

    @property
    def is_counted(self) -> bool:
        """Whether earlier operations count: not where each is looked at by itself."""
        return self.limit.window != LimitWindow.PER_TRANSACTION


_COLUMNS = (
    'id, merchant_id, scope, subject, kind, "window", seconds, zone, currency, maximum, active, '
    "created_at, version, tier, channel, category, operation, reversal"
)
# Whoever finds limits locks them, in one order for everybody.
_FIND = f"""
SELECT found.*, CASE WHEN found."window" <> 'per_transaction' OR found.kind = 'balance'
  THEN pg_advisory_xact_lock(found.lock) END
FROM (
  SELECT q.place, s.subject AS whose,
    hashtextextended(l.id::text || s.subject, 9) AS lock,
    {", ".join(f"l.{name}" for name in _COLUMNS.split(", "))}, w.zone AS owners
  FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b)
    WITH ORDINALITY AS q(merchant_id, customer, card, wallet, currency, receiver, received,
      operation, tier, channel, category, place)
  JOIN wallets_limit l ON l.merchant_id = q.merchant_id AND l.active
  CROSS JOIN LATERAL (
    SELECT CASE WHEN l.kind = 'balance' THEN q.receiver
      WHEN l.scope = 'merchant' THEN q.merchant_id::text WHEN l.scope = 'customer' THEN q.customer
      WHEN l.scope = 'card' THEN nullif(q.card, '') WHEN l.scope = 'wallet' THEN q.wallet
      END AS subject
  ) s
  LEFT JOIN wallets_wallet w ON (l.tier <> '' OR l.zone = 'owner')
    AND w.id = CASE l.kind WHEN 'balance' THEN q.receiver ELSE q.wallet END::uuid
  WHERE s.subject IS NOT NULL AND l.subject IN ('', s.subject)
    AND l.currency IN ('', CASE l.kind WHEN 'balance' THEN q.received ELSE q.currency END)
    AND l.tier IN ('', coalesce(w.tier, q.tier))
    AND l.operation IN ('', q.operation) AND l.channel IN ('', q.channel)
    AND l.category IN ('', q.category)
  ORDER BY lock OFFSET 0
) found
"""


def find(requests: Sequence[data.LimitRequest]) -> list[Share]:
    """Find and lock the limits that requests fall under."""
    with columns.cursor() as cursor:
        cursor.execute(
            _FIND,
            [
                Column("uuid", [request.merchant_id for request in requests]),
                Column("text", [str(r.customer_id) if r.customer_id else None for r in requests]),
                Column("text", [request.card_fingerprint for request in requests]),
                Column("text", [str(r.wallet_id) if r.wallet_id else None for r in requests]),
                Column("text", [request.amount.currency for request in requests]),
                Column("text", [str(r.receiver_id) if r.receiver_id else None for r in requests]),
                Column("text", [(r.received or r.amount).currency for r in requests]),
                Column("text", [request.operation for request in requests]),
                Column("text", [request.tier for request in requests]),
                Column("text", [request.channel for request in requests]),
                Column("text", [request.category for request in requests]),
            ],
        )
        return [_share(requests[row[0] - 1], row) for row in cursor.fetchall()]


def _share(request: data.LimitRequest, row: Sequence[Any]) -> Share:
    limit = _limit(tuple(row[3:-2]))
    if limit.zone == data.OWNERS_ZONE:
        limit = _in_zone(limit, row[-2] or "UTC")
    money = request.amount
    if limit.kind == LimitKind.BALANCE:
        money = request.received or request.amount
    after, before = _bounds(limit, request.at)
    return Share(
        place=row[0] - 1,
        limit=limit,
        subject=row[1],
        counterparty=request.counterparty or str(request.merchant_id),
        minor=money.minor,
        currency=money.currency,
        asked=money.minor if limit.kind in {LimitKind.AMOUNT, LimitKind.BALANCE} else 1,
        after=after,
        before=before,
    )


@lru_cache(maxsize=4096)
def _limit(row: tuple[Any, ...]) -> data.Limit:
    """Return a limit's row as a value; the same row is always the same value."""
    (id_, merchant_id, scope, subject, kind, window, seconds, zone, currency, maximum, active,
     created_at, version, tier, channel, category, operation, reversal) = row  # fmt: skip
    return data.Limit(
        id=id_,
        merchant_id=merchant_id,
        scope=data.LimitScope(scope),
        subject=subject,
        kind=LimitKind(kind),
        window=LimitWindow(window),
        seconds=seconds,
        zone=zone,
        currency=currency,
        maximum=maximum,
        active=active,
        created_at=created_at,
        version=version,
        tier=tier,
        channel=channel,
        category=category,
        operation=operation,
        reversal=data.OnReversal(reversal),
    )


@lru_cache(maxsize=4096)
def _in_zone(limit: data.Limit, zone: str) -> data.Limit:
    return replace(limit, zone=zone)


def _bounds(limit: data.Limit, at: datetime) -> tuple[datetime, datetime | None]:
    if limit.window.is_calendar:
        return _calendar(limit.window, limit.zone, at)
    return limit.counts_between(at)


@lru_cache(maxsize=1024)
def _calendar(window: LimitWindow, zone: str, at: datetime) -> tuple[datetime, datetime | None]:
    return data.calendar_bounds(window, zone, at)
