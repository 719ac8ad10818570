"""How much of a limit is used, and when there is room again."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from fintech.kernel import columns
from fintech.kernel.columns import Column
from fintech.ledger import queries as ledger_queries
from fintech.wallets.data import LimitKind, LimitWindow
from fintech.wallets.services.limiting.shares import Share

# Counters as they stand, and what is on its way into a wallet. (OFFSET 0 has each looked up
# by itself; else the whole table is read and hashed, for a batch that might be large.)
_STAND = """
SELECT u.amount_minor, u.count, u.counted_from,
  CASE WHEN q.kind = 'balance' THEN (
    SELECT coalesce(sum(r.amount_minor), 0)::bigint
    FROM wallets_reservation r
    WHERE r.subject = q.subject AND r.state = 'reserved' AND q.limit_id = ANY(r.limits)
  ) END
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::text[])
  WITH ORDINALITY AS q(limit_id, subject, begins, kind, place)
LEFT JOIN LATERAL (
  SELECT * FROM wallets_usage u
  WHERE u.limit_id = q.limit_id AND u.subject = q.subject AND u.begins = q.begins OFFSET 0
) u ON true
ORDER BY q.place
"""
# A rolling window's counter is moved on to the operation's own window by what has left it.
# Where there is none yet, or the operation lies further back than it reaches, it is counted
# anew.
_USED = """
SELECT
  CASE WHEN c.stands THEN u.amount_minor - d.amount ELSE d.amount END,
  CASE WHEN c.stands THEN u.count - d.count ELSE d.count END,
  p.counterparties, p.known
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
  %s::text[], %s::boolean[])
  WITH ORDINALITY AS q(limit_id, subject, begins, after, before, kind, rolls, place)
LEFT JOIN LATERAL (
  SELECT * FROM wallets_usage u
  WHERE u.limit_id = q.limit_id AND u.subject = q.subject AND u.begins = q.begins OFFSET 0
) u ON true
CROSS JOIN LATERAL (
  SELECT u.id IS NOT NULL AND (NOT q.rolls OR q.after >= u.counted_from) AS stands
) c
CROSS JOIN LATERAL (
  SELECT coalesce(sum(r.amount_minor), 0)::bigint AS amount, count(*) AS count
  FROM wallets_reservation r
  WHERE r.subject = q.subject AND r.state IN ('reserved', 'confirmed')
    AND q.limit_id = ANY(r.limits)
    AND q.kind IN ('amount', 'count') AND (q.rolls OR NOT c.stands)
    AND r.at > CASE WHEN c.stands THEN u.counted_from ELSE q.after END
    AND CASE WHEN c.stands THEN r.at <= q.after ELSE r.at < coalesce(q.before, 'infinity') END
) d
CROSS JOIN LATERAL (
  SELECT count(DISTINCT r.counterparty) AS counterparties,
    coalesce(array_agg(DISTINCT r.counterparty) FILTER (WHERE r.counterparty = ANY(%s::text[])),
      '{}') AS known
  FROM wallets_reservation r
  WHERE q.kind = 'counterparties' AND r.subject = q.subject
    AND r.state IN ('reserved', 'confirmed') AND q.limit_id = ANY(r.limits)
    AND r.at > q.after AND r.at < coalesce(q.before, 'infinity')
) p
ORDER BY q.place
"""
# The instant of the reservation with whose end there is room again; a counterparty is
# counted until the last of its reservations has left the window.
_FREES = """
SELECT q.place, min(r.at) FILTER (WHERE r.gone >= q.excess)
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::bigint[], %s::text[])
     WITH ORDINALITY AS q(limit_id, subject, after, excess, kind, place)
CROSS JOIN LATERAL (
  SELECT at, sum(weight) OVER (ORDER BY at ROWS UNBOUNDED PRECEDING) AS gone
  FROM (
    SELECT at, CASE q.kind WHEN 'amount' THEN amount_minor ELSE 1 END AS weight
    FROM wallets_reservation
    WHERE subject = q.subject AND state IN ('reserved', 'confirmed') AND q.limit_id = ANY(limits)
      AND at > q.after AND q.kind <> 'counterparties'
    UNION ALL
    SELECT max(at), 1 FROM wallets_reservation
    WHERE subject = q.subject AND state IN ('reserved', 'confirmed') AND q.limit_id = ANY(limits)
      AND at > q.after AND q.kind = 'counterparties'
    GROUP BY counterparty
  ) counted
) r
GROUP BY q.place
"""


def count(shares: Sequence[Share]) -> None:
    """
    Say of each share what is used of its limit, after its lock was taken.

    A rolling counter that still holds what has left the window since is an upper bound:
    while all that is asked fits under it, nobody needs to know better.
    """
    counted = [
        share for share in shares if share.is_counted or share.limit.kind == LimitKind.BALANCE
    ]
    if not counted:
        return
    unknown = _look(counted)
    unknown += _too_much([share for share in counted if share.is_rough])
    if unknown:
        _count(unknown)


def _look(shares: Sequence[Share]) -> list[Share]:
    """Read counters and balances in one go; return shares whose counter does not tell."""
    kinds = [str(share.limit.kind) for share in shares]
    balances = [share for share in shares if share.limit.kind == LimitKind.BALANCE]
    with columns.cursor() as cursor:
        cursor.execute(
            _STAND,
            [
                Column("uuid", [share.limit.id for share in shares]),
                Column("text", [share.subject for share in shares]),
                Column("timestamptz", [share.begins for share in shares]),
                Column("text", kinds),
            ],
        )
        # What is on its way was read before: if it has arrived in between it is counted
        # twice, and never not at all.
        pairs = [(UUID(share.subject), share.currency) for share in balances]
        stand = ledger_queries.wallet_balances(pairs) if pairs else []
        found = cursor.fetchall()
    for share, balance in zip(balances, stand, strict=True):
        share.used = balance.posted.minor
    unknown = []
    for share, (amount, number, counted_from, coming) in zip(shares, found, strict=True):
        kind = share.limit.kind
        if kind == LimitKind.BALANCE:
            share.used += coming
        elif kind == LimitKind.COUNTERPARTIES or amount is None:
            unknown.append(share)
        elif counted_from is None:
            share.stands(amount, number)
        elif share.may_go_by(counted_from):
            share.stands(amount, number, since=counted_from)
        else:
            unknown.append(share)
    return unknown


def _too_much(rough: Sequence[Share]) -> list[Share]:
    """Return shares of limits that all that is asked would go over, if the bound were true."""
    asked: dict[tuple[int, str], int] = defaultdict(int)
    for share in rough:
        asked[share.key] += share.asked
    return [share for share in rough if share.used + asked[share.key] > share.limit.maximum]


def _count(shares: Sequence[Share]) -> None:
    with columns.cursor() as cursor:
        cursor.execute(
            _USED,
            [
                Column("uuid", [share.limit.id for share in shares]),
                Column("text", [share.subject for share in shares]),
                Column("timestamptz", [share.begins for share in shares]),
                Column("timestamptz", [share.after for share in shares]),
                Column("timestamptz", [share.before for share in shares]),
                Column("text", [str(share.limit.kind) for share in shares]),
                Column("boolean", [share.limit.window == LimitWindow.ROLLING for share in shares]),
                Column("text", sorted({share.counterparty for share in shares})),
            ],
        )
        found = cursor.fetchall()
    for share, (amount, number, counterparties, known) in zip(shares, found, strict=True):
        share.stands(amount, number)
        if share.limit.kind == LimitKind.COUNTERPARTIES:
            share.used, share.known = counterparties, frozenset(known)
            share.asked = 0 if share.counterparty in share.known else 1


def frees(over: Sequence[Share]) -> list[datetime | None]:
    """Return when each breached limit has room again; None where time alone gives none."""
    rolling = [
        (n, share)
        for n, share in enumerate(over)
        if share.limit.window == LimitWindow.ROLLING and share.asked <= share.limit.maximum
    ]
    found = [
        share.before
        if share.limit.window.is_calendar and share.asked <= share.limit.maximum
        else None
        for share in over
    ]
    if rolling:
        with columns.cursor() as cursor:
            cursor.execute(
                _FREES,
                [
                    [share.limit.id for _, share in rolling],
                    [share.subject for _, share in rolling],
                    [share.after for _, share in rolling],
                    [share.used + share.asked - share.limit.maximum for _, share in rolling],
                    [str(share.limit.kind) for _, share in rolling],
                ],
            )
            for place, at in cursor.fetchall():
                n, share = rolling[place - 1]
                found[n] = at and at + timedelta(seconds=share.limit.seconds or 0)
    return [at.astimezone(ZoneInfo("UTC")) if at else None for at in found]
