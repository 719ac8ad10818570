"""
Claiming: which messages are sent next, and by whom.

A claim is a lease in real time on a row that is due. An endpoint has as many slots as
it has earned, a paused one a single one, and each endpoint gets its first before any
gets its second: however much waits for one, the others are not behind it. The work
depends on the endpoints that have something waiting and on the slots, not on how much waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection
from django_subatomic import db

from fintech.kernel import ids

# Longer than any channel's own deadline, with room for waiting for a slot.
LEASE = timedelta(seconds=4.5 * settings.WEBHOOK_TIMEOUT_S)
WHILE_FAILING = 2  # Slots of an endpoint whose last message failed.

# Hops along the queue's index from one endpoint to the next, sees how many slots each has
# left, and takes that many from the head of its queue. Of an object that is told in order
# only the first is due. What another claims at the same moment is skipped.
_CLAIM = """
WITH RECURSIVE waits AS (
  (SELECT endpoint_id FROM notifications_delivery WHERE state = 'pending' AND channel = 'webhook'
    AND endpoint_id IS NOT NULL ORDER BY endpoint_id LIMIT 1)
  UNION ALL
  SELECT (SELECT d.endpoint_id FROM notifications_delivery d
    WHERE d.state = 'pending' AND d.channel = 'webhook' AND d.endpoint_id > waits.endpoint_id
    ORDER BY d.endpoint_id LIMIT 1)
  FROM waits WHERE waits.endpoint_id IS NOT NULL
), slots AS (
  SELECT e.id, busy.count AS busy,
    CASE WHEN e.paused_until IS NOT NULL THEN 1
      WHEN e.failures > 0 THEN %(while_failing)s
      ELSE coalesce(earned.slots, %(at_first)s) END AS slots
  FROM waits JOIN notifications_endpoint e ON e.id = waits.endpoint_id
  LEFT JOIN unnest(%(endpoints)s::uuid[], %(slots)s::int[]) AS earned (id, slots)
    ON earned.id = e.id
  CROSS JOIN LATERAL (SELECT count(*) FROM notifications_delivery d
    WHERE d.endpoint_id = e.id AND d.state = 'pending' AND d.channel = 'webhook'
      AND d.leased_until IS NOT NULL AND d.leased_until >= clock_timestamp()) AS busy
  WHERE e.paused_until IS NULL OR e.paused_until <= %(at)s
), due AS (
  SELECT head.id, head.next_attempt_at, slots.busy + head.place AS place
  FROM slots CROSS JOIN LATERAL (
    SELECT first.id, first.next_attempt_at, row_number() OVER () AS place FROM (
      SELECT d.id, d.next_attempt_at FROM notifications_delivery d
      WHERE d.endpoint_id = slots.id AND d.state = 'pending' AND d.channel = 'webhook'
        AND d.next_attempt_at <= %(at)s
        AND (d.leased_until IS NULL OR d.leased_until < clock_timestamp())
        AND (d.order_key = '' OR NOT EXISTS (SELECT FROM notifications_delivery earlier
          WHERE earlier.endpoint_id = d.endpoint_id AND earlier.order_key = d.order_key
            AND earlier.order_key <> ''  -- Says again what the index of the order is of.
            AND earlier.order_number < d.order_number
            AND earlier.state = 'pending' AND earlier.channel = 'webhook'))
      ORDER BY d.next_attempt_at, d.id LIMIT greatest(slots.slots - slots.busy, 0)
    ) AS first
  ) AS head
  UNION ALL
  (SELECT d.id, d.next_attempt_at, row_number() OVER (ORDER BY d.next_attempt_at, d.id)
  FROM notifications_delivery d
  WHERE d.state = 'pending' AND d.channel <> 'webhook' AND d.next_attempt_at <= %(at)s
    AND (d.leased_until IS NULL OR d.leased_until < clock_timestamp())
  ORDER BY d.next_attempt_at, d.id LIMIT %(mails)s)
), held AS (
  SELECT id FROM notifications_delivery
  WHERE id IN (SELECT id FROM due ORDER BY place, next_attempt_at, id LIMIT %(limit)s)
    AND state = 'pending' AND (leased_until IS NULL OR leased_until < clock_timestamp())
  ORDER BY id FOR UPDATE SKIP LOCKED
)
"""
_CLAIM_ONE = """
WITH held AS (
  SELECT id FROM notifications_delivery WHERE id = %(only)s AND state = 'pending'
    AND next_attempt_at <= %(at)s AND (leased_until IS NULL OR leased_until < clock_timestamp())
  FOR UPDATE SKIP LOCKED
)
"""
_TAKE = """
UPDATE notifications_delivery d
SET leased_until = clock_timestamp() + make_interval(secs => %(lease)s), lease = %(token)s
FROM held JOIN notifications_delivery was ON was.id = held.id
JOIN notifications_merchantevent m ON m.id = was.event_id
LEFT JOIN notifications_endpoint e ON e.id = was.endpoint_id
WHERE d.id = held.id
RETURNING d.id, d.channel, d.next_attempt_at, m.id, m.merchant_id, m.type, m.object,
  m.request_id, m.created_at, m.object_id, m.sequence, m.previous_id, e.id, e.url, e.secret,
  e.former_secret, e.former_secret_until, e.is_enabled, e.failures, e.api_version,
  CASE WHEN m.source = 'events' THEN m.position ELSE 0 END
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery that is ours for a while, with what is needed to compose a webhook."""

    id: UUID
    lease: UUID
    channel: str
    due_at: datetime
    event_id: UUID
    merchant_id: UUID
    type: str
    object: dict[str, Any]
    request_id: str
    created_at: datetime
    object_id: str
    sequence: int
    previous_id: UUID | None
    endpoint_id: UUID | None
    url: str
    secret: str
    former_secret: str
    former_secret_until: datetime | None
    is_enabled: bool
    failures: int
    api_version: str
    position: int  # Of its fact in the event log; 0 where it comes from elsewhere.


def claim(
    at: datetime,
    *,
    limit: int,
    mails: int,
    at_first: int,
    slots: Mapping[UUID, int],
    only: UUID | None = None,
) -> list[Claimed]:
    """
    Take what is due, as far as there are slots for it; oldest first.

    Args:
        at: the business time.
        limit: how many at most.
        mails: how many of them that are no webhooks.
        at_first: the slots of an endpoint of which nothing is known yet.
        slots: those of the others.
        only: this one or none.
    """
    token = ids.new()
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        cursor.execute(
            (_CLAIM_ONE if only else _CLAIM) + _TAKE,
            {
                "at": at,
                "only": only,
                "limit": limit,
                "mails": mails,
                "at_first": at_first,
                "while_failing": WHILE_FAILING,
                "endpoints": list(slots),
                "slots": list(slots.values()),
                "lease": LEASE.total_seconds(),
                "token": token,
            },
        )
        claimed = [_claimed(row, token) for row in cursor.fetchall()]
    return sorted(claimed, key=lambda one: (one.due_at, one.id))


def _claimed(row: tuple[Any, ...], lease: UUID) -> Claimed:
    return Claimed(
        id=row[0],
        lease=lease,
        channel=row[1],
        due_at=row[2],
        event_id=row[3],
        merchant_id=row[4],
        type=row[5],
        object=orjson.loads(row[6]) if isinstance(row[6], str) else row[6],
        request_id=row[7],
        created_at=row[8],
        object_id=row[9],
        sequence=row[10],
        previous_id=row[11],
        endpoint_id=row[12],
        url=row[13] or "",
        secret=row[14] or "",
        former_secret=row[15] or "",
        former_secret_until=row[16],
        is_enabled=bool(row[17]),
        failures=row[18] or 0,
        api_version=row[19] or "",
        position=row[20],
    )
