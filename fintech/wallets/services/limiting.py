"""
Limits: who may do how much, how often, within which time.

An operation reserves its share of every limit that it falls under in the transaction
that decides it, confirms it when the money moves, and releases it when it doesn't.
Whoever counts a limit holds an advisory lock on it and its subject until the commit, so
two cannot both take the last of it; a merchant without limits costs one round trip.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django_subatomic import db

from fintech.kernel import ids
from fintech.wallets import data, errors
from fintech.wallets.data import LimitKind, LimitWindow
from fintech.wallets.models import Limit


@dataclass(frozen=True, slots=True)
class _Share:
    """What one operation asks of one limit, and since when the limit counts for it."""

    place: int
    limit: data.Limit
    subject: str
    counterparty: str
    asked: int  # Of counterparties 0 where this one is known already; see `_fit`.
    after: datetime  # Reservations after this instant count,
    before: datetime | None  # and before this one.


# The limits that each request falls under; whoever reads them locks them, in one order.
_FIND = """
SELECT found.*,
  CASE WHEN found."window" <> 'per_transaction' THEN pg_advisory_xact_lock(found.lock) END
FROM (
  SELECT q.place, s.subject AS whose, l.*,
         hashtextextended(l.id::text || s.subject, 9) AS lock
  FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[])
       WITH ORDINALITY AS q(merchant_id, customer, card, wallet, currency, place)
  JOIN wallets_limit l ON l.merchant_id = q.merchant_id AND l.active
  CROSS JOIN LATERAL (
    SELECT CASE l.scope WHEN 'merchant' THEN q.merchant_id::text WHEN 'customer' THEN q.customer
      WHEN 'card' THEN nullif(q.card, '') WHEN 'wallet' THEN q.wallet END AS subject
  ) s
  WHERE s.subject IS NOT NULL AND l.subject IN ('', s.subject) AND l.currency IN ('', q.currency)
  ORDER BY lock OFFSET 0
) found
"""
_USED = """
SELECT coalesce(sum(r.amount_minor), 0)::bigint, count(r.id), count(DISTINCT r.counterparty),
  coalesce(bool_or(r.counterparty = q.counterparty), false)
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[])
     WITH ORDINALITY AS q(limit_id, subject, after, before, counterparty, place)
LEFT JOIN wallets_reservation r
  ON r.limit_id = q.limit_id AND r.subject = q.subject AND r.state <> 'released'
  AND r.at > q.after AND r.at < coalesce(q.before, 'infinity')
GROUP BY q.place ORDER BY q.place
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
    WHERE limit_id = q.limit_id AND subject = q.subject AND state <> 'released' AND at > q.after
      AND q.kind <> 'counterparties'
    UNION ALL
    SELECT max(at), 1 FROM wallets_reservation
    WHERE limit_id = q.limit_id AND subject = q.subject AND state <> 'released' AND at > q.after
      AND q.kind = 'counterparties'
    GROUP BY counterparty
  ) counted
) r
GROUP BY q.place
"""


def reserve(requests: Sequence[data.LimitRequest]) -> list[tuple[data.Breach, ...]]:
    """
    Reserve each operation's share of its limits; return the breaches of each.

    All limits are evaluated. An operation with a breach reserves nothing and does not
    touch its neighbors; earlier ones of the batch count for later ones. Requires the
    caller's transaction. One round trip when no limit applies, three when some do.
    """
    if not requests:
        return []
    with db.transaction_required():
        shares = _shares(requests)
        if not shares:
            return [()] * len(requests)
        breached = _fit(requests, shares)
    return [tuple(breached.get(place, ())) for place in range(len(requests))]


def reserve_or_refuse(request: data.LimitRequest) -> None:
    """Reserve one operation's share of its limits, or raise `LimitExceeded`."""
    breaches = reserve([request])[0]
    if breaches:
        raise errors.LimitExceeded(tuple(str(breach) for breach in breaches))


def confirm(operation_ids: Sequence[UUID]) -> None:
    """Note that operations have come about; telling it twice changes nothing."""
    _move(operation_ids, "confirmed", "r.state = 'reserved'")


def free(operation_ids: Sequence[UUID]) -> None:
    """Give back what operations have reserved, whether it was confirmed or not."""
    _move(operation_ids, "released", "r.state <> 'released'")


def conclude(outcomes: Sequence[tuple[UUID, int]]) -> None:
    """Confirm each operation for the part of its amount that came about; none frees it."""
    with db.transaction_required(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE wallets_reservation r SET amount_minor = t.minor, "
            "state = CASE WHEN t.minor > 0 THEN 'confirmed' ELSE 'released' END "
            "FROM unnest(%s::uuid[], %s::bigint[]) AS t(operation_id, minor) "
            "WHERE r.operation_id = t.operation_id AND r.state = 'reserved'",
            [[operation for operation, _ in outcomes], [minor for _, minor in outcomes]],
        )


def _shares(requests: Sequence[data.LimitRequest]) -> list[_Share]:
    """Find and lock the limits that requests fall under."""
    with connection.cursor() as cursor:
        cursor.execute(
            _FIND,
            [
                [request.merchant_id for request in requests],
                [str(r.customer_id) if r.customer_id else None for r in requests],
                [request.card_fingerprint for request in requests],
                [str(r.wallet_id) if r.wallet_id else None for r in requests],
                [request.amount.currency for request in requests],
            ],
        )
        rows = cursor.fetchall()  # Before the description: in a pipeline it comes with the rows.
        names = [column.name for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in rows]
    shares = []
    for row in found:
        place = row["place"] - 1
        request = requests[place]
        columns = {field.attname for field in Limit._meta.concrete_fields}
        limit = Limit(**{name: row[name] for name in columns}).as_data()
        after, before = limit.counts_between(request.at)
        asked = request.amount.minor if limit.kind == LimitKind.AMOUNT else 1
        paid = request.counterparty or str(request.merchant_id)
        shares.append(_Share(place, limit, row["whose"], paid, asked, after, before))
    return shares


def _fit(
    requests: Sequence[data.LimitRequest], shares: Sequence[_Share]
) -> dict[int, list[data.Breach]]:
    """Let each operation have its shares if all of them fit, in the order of the requests."""
    used: dict[int, list[tuple[_Share, int]]] = defaultdict(list)
    for share, count in _used(shares):
        used[share.place].append((share, count))
    breached: dict[int, list[data.Breach]] = {}
    over: list[tuple[_Share, int]] = []
    taken: dict[tuple[UUID, str], list[_Share]] = defaultdict(list)
    for place in sorted(used):
        wanted, refused = [], []
        for stored, before in used[place]:
            earlier = _earlier(stored, taken[stored.limit.id, stored.subject], requests)
            share = _with_known(stored, earlier)
            wanted.append(share)
            now = before + sum(other.asked for other in earlier)
            if share.asked and now + share.asked > share.limit.maximum:
                refused.append((share, now))
        over.extend(refused)
        if not refused:
            for share in wanted:
                taken[share.limit.id, share.subject].append(share)
    frees = _frees(over)
    for (share, now), frees_at in zip(over, frees, strict=True):
        breached.setdefault(share.place, []).append(
            data.Breach(limit=share.limit, used=now, asked=share.asked, frees_at=frees_at)
        )
    _take(requests, [share for shares in taken.values() for share in shares])
    return breached


def _earlier(
    share: _Share, taken: Sequence[_Share], requests: Sequence[data.LimitRequest]
) -> list[_Share]:
    """Return what earlier operations of the batch have taken of the same limit."""
    if share.limit.window == LimitWindow.PER_TRANSACTION:
        return []
    return [
        other
        for other in taken
        if requests[other.place].at > share.after
        and (share.before is None or requests[other.place].at < share.before)
    ]


def _with_known(share: _Share, earlier: Sequence[_Share]) -> _Share:
    """Ask for no more counterparties where an earlier operation has brought this one."""
    if share.limit.kind != LimitKind.COUNTERPARTIES or not share.asked:
        return share
    known = any(other.counterparty == share.counterparty for other in earlier)
    return replace(share, asked=0) if known else share


def _used(shares: Sequence[_Share]) -> list[tuple[_Share, int]]:
    """Return what is used of each limit, in one round trip, after its lock was taken."""
    counted = [share for share in shares if share.limit.window != LimitWindow.PER_TRANSACTION]
    single = [share for share in shares if share.limit.window == LimitWindow.PER_TRANSACTION]
    if not counted:
        return [(share, 0) for share in single]
    with connection.cursor() as cursor:
        cursor.execute(
            _USED,
            [
                [share.limit.id for share in counted],
                [share.subject for share in counted],
                [share.after for share in counted],
                [share.before for share in counted],
                [share.counterparty for share in counted],
            ],
        )
        rows = cursor.fetchall()
    used = [(share, 0) for share in single]
    for share, (minor, count, counterparties, known) in zip(counted, rows, strict=True):
        kind = share.limit.kind
        if kind == LimitKind.COUNTERPARTIES and known:
            used.append((replace(share, asked=0), counterparties))
        else:
            of = {LimitKind.AMOUNT: minor, LimitKind.COUNT: count}.get(kind, counterparties)
            used.append((share, of))
    return used


def _frees(over: Sequence[tuple[_Share, int]]) -> list[datetime | None]:
    """Return when each breached limit has room again; None where it never will."""
    rolling = [
        (n, share, now)
        for n, (share, now) in enumerate(over)
        if share.limit.window == LimitWindow.ROLLING and share.asked <= share.limit.maximum
    ]
    frees = [
        share.before
        if share.limit.window.is_calendar and share.asked <= share.limit.maximum
        else None
        for share, _ in over
    ]
    if rolling:
        with connection.cursor() as cursor:
            cursor.execute(
                _FREES,
                [
                    [share.limit.id for _, share, _ in rolling],
                    [share.subject for _, share, _ in rolling],
                    [share.after for _, share, _ in rolling],
                    [now + share.asked - share.limit.maximum for _, share, now in rolling],
                    [str(share.limit.kind) for _, share, _ in rolling],
                ],
            )
            for place, at in cursor.fetchall():
                n, share, _ = rolling[place - 1]
                frees[n] = at and at + timedelta(seconds=share.limit.seconds or 0)
    return [at.astimezone(ZoneInfo("UTC")) if at else None for at in frees]


def _take(requests: Sequence[data.LimitRequest], taken: Sequence[_Share]) -> None:
    """Write the reservations; a limit per transaction has nothing to remember."""
    kept = [share for share in taken if share.limit.window != LimitWindow.PER_TRANSACTION]
    if not kept:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wallets_reservation (id, limit_id, operation_id, subject, amount_minor, "
            "currency, counterparty, state, at) "
            "SELECT i, l, o, s, m, c, p, 'reserved', a "
            "FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::bigint[], "
            "%s::text[], %s::text[], %s::timestamptz[]) AS t(i, l, o, s, m, c, p, a)",
            [
                [ids.new() for _ in kept],
                [share.limit.id for share in kept],
                [requests[share.place].operation_id for share in kept],
                [share.subject for share in kept],
                [requests[share.place].amount.minor for share in kept],
                [requests[share.place].amount.currency for share in kept],
                [share.counterparty for share in kept],
                [requests[share.place].at for share in kept],
            ],
        )


def _move(operation_ids: Sequence[UUID], state: str, which: str) -> None:
    if not operation_ids:
        return
    with db.transaction_required(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE wallets_reservation r SET state = %s "
            f"WHERE r.operation_id = ANY(%s::uuid[]) AND {which}",
            [state, list(operation_ids)],
        )
