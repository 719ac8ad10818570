"""
E4: on its day, a merchant's pending money becomes available; what is given back later leaves it.

Every capture says what of it is available and when that has to be looked at: first on its
day, then whenever something of it is given back or comes back. What is due of a merchant
in a currency is moved by one entry, in the transaction that marks the captures. A refund
takes pending money first (`funds`): where that was another sale's, it is called back here.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError, connection
from django_subatomic import db

from fintech.kernel import event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.kernel.money import Money
from fintech.ledger import services as ledger
from fintech.ledger.data import JournalEntry, templates
from fintech.ledger.errors import PostingRefused
from fintech.payments import events
from fintech.payments.models import Availability
from fintech.payments.services import funds, locks

_log = structlog.get_logger(__name__)
_LOCK = 0x7061_7961  # "paya": the advisory lock of this job.

_DUE = """
SELECT DISTINCT merchant_id, currency FROM payments_capture
WHERE available_due_at <= %s ORDER BY merchant_id, currency
"""
# What somebody is at work with is left for the next run, as is what is frozen.
_LOCK_DUE = """
SELECT c.id FROM payments_capture c JOIN payments_payment p ON p.id = c.payment_id
WHERE c.merchant_id = %s AND c.currency = %s AND c.available_due_at <= %s
  AND p.state <> 'conflicted'
ORDER BY p.id, c.id LIMIT %s FOR UPDATE OF p, c SKIP LOCKED
"""
_MARK = """
WITH changed AS (
  UPDATE payments_capture SET
    available_minor =
      CASE state WHEN 'succeeded' THEN amount_minor - fee_minor - refunded_minor ELSE 0 END,
    became_available_at =
      CASE state WHEN 'succeeded' THEN coalesce(became_available_at, %s)
      ELSE became_available_at END,
    available_due_at = NULL
  WHERE id = ANY(%s)
  RETURNING new.available_minor - old.available_minor AS minor
) SELECT coalesce(sum(minor), 0)::bigint FROM changed
"""


def make_available(*, limit: int = 2_000, by: Actor, at: datetime) -> int:
    """
    Make available what is due by now, and return how many captures were looked at.

    One process does so at a time; another that comes meanwhile does nothing. What the
    books refuse of one merchant stays due and keeps no other waiting.

    Args:
        limit: how many captures of a merchant go in one transaction.
    """
    with locks.alone(_LOCK) as first:
        if not first:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(_DUE, [at])
            due = cursor.fetchall()
        looked_at = 0
        for merchant_id, currency in due:
            moved = limit
            while moved == limit:
                moved = _one(merchant_id, currency, limit, by=by, at=at)
                looked_at += moved
        return looked_at


def _one(merchant_id: UUID, currency: str, limit: int, *, by: Actor, at: datetime) -> int:
    try:
        with db.transaction():
            return _move(merchant_id, currency, limit, by=by, at=at)
    except (PostingRefused, DatabaseError) as refused:
        _log.warning("not made available", merchant_id=str(merchant_id), because=str(refused))
        return 0


def _move(merchant_id: UUID, currency: str, limit: int, *, by: Actor, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_DUE, [merchant_id, currency, at, limit])
        captures = [row[0] for row in cursor.fetchall()]
        if not captures:
            return 0
        cursor.execute(_MARK, [at, captures])
        change = Money(cursor.fetchone()[0], currency)
    if not change:
        return len(captures)
    row = Availability(
        id=ids.new(),
        merchant_id=merchant_id,
        currency=currency,
        amount_minor=change.minor,
        captures=len(captures),
        created_at=at,
        version=1,
    )
    row.save(force_insert=True)
    event_log.append(
        [
            events.BecameAvailable(
                availability_id=row.id,
                merchant_id=merchant_id,
                amount_minor=change.minor,
                currency=Code(currency),
                captures=row.captures,
                version=row.version,
                at=at,
            )
        ],
        by=by,
    )
    ledger.post(_entries(row.id, merchant_id, change, at=at), by=by)
    return len(captures)


def _entries(
    entry_id: UUID, merchant_id: UUID, change: Money, *, at: datetime
) -> list[JournalEntry]:
    """Return what moves the money: E4, then E11 for what the merchant owes, or E4 undone."""
    nothing = Money.zero(change.currency)
    found = funds.alone_with(merchant_id, change.currency)
    named: dict[str, Any] = {"merchant_id": merchant_id, "subject": entry_id, "at": at}
    if change < nothing:
        missing = max(nothing, -change - max(nothing, found.spendable))
        return [templates.call_back(entry_id=entry_id, amount=-change, shortfall=missing, **named)]
    made = templates.make_available(entry_id=entry_id, amount=change, reserved=nothing, **named)
    if not found.owed:
        return [made]
    recovered = min(found.owed, change)
    return [made, templates.recover_debt(entry_id=ids.new(), amount=recovered, **named)]
