"""
Limits: who may do how much, how often, within which time.

An operation reserves its share of every limit that it falls under in the transaction
that decides it, confirms it when the money moves, and releases it when it doesn't.
Whoever counts a limit holds an advisory lock on it and its subject until the commit, so
two cannot both take the last of it; a merchant without limits costs one round trip.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from django.db import connection
from django_subatomic import db

from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.kernel.idempotency import Done, Key
from fintech.wallets import data, errors, events
from fintech.wallets.data import LimitKind, LimitScope, LimitWindow
from fintech.wallets.models import Limit
from fintech.wallets.services import rows

_MOST_SECONDS = 366 * 86_400
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Share:
    """What one operation asks of one limit, and since when the limit counts for it."""

    place: int
    limit: data.Limit
    subject: str
    asked: int
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
SELECT coalesce(sum(r.amount_minor), 0)::bigint, count(r.id)
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[])
     WITH ORDINALITY AS q(limit_id, subject, after, before, place)
LEFT JOIN wallets_reservation r
  ON r.limit_id = q.limit_id AND r.subject = q.subject AND r.state <> 'released'
  AND r.at > q.after AND r.at < coalesce(q.before, 'infinity')
GROUP BY q.place ORDER BY q.place
"""
# The instant of the reservation with whose end there is room again.
_FREES = """
SELECT q.place, min(r.at) FILTER (WHERE r.gone >= q.excess)
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::bigint[], %s::bool[])
     WITH ORDINALITY AS q(limit_id, subject, after, excess, counts, place)
CROSS JOIN LATERAL (
  SELECT at, sum(CASE WHEN q.counts THEN 1 ELSE amount_minor END) OVER (ORDER BY at, id) AS gone
  FROM wallets_reservation
  WHERE limit_id = q.limit_id AND subject = q.subject AND state <> 'released' AND at > q.after
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


def create_limit(
    *,
    merchant_id: UUID,
    scope: str,
    kind: str,
    window: str,
    maximum: int,
    currency: str = "",
    subject: str = "",
    seconds: int | None = None,
    zone: str = "",
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Limit]:
    """
    Limit a merchant, its customers, cards or wallets from now on.

    What was done before the limit existed is not counted.

    Args:
        subject: one customer, card or wallet; empty: each of them by itself.
        maximum: minor units of `currency`, or how many.
        seconds: how long a rolling window is.
        zone: in which time zone a day begins; UTC when left out.

    Raises:
        ParameterInvalid: the parts do not make a limit.
        CurrencyNotSupported: nobody can pay with it.
    """
    limit = Limit(
        id=ids.new(),
        merchant_id=merchant_id,
        scope=_word(LimitScope, scope, "scope"),
        subject=rows.check_text(subject, 80, "subject"),
        kind=_word(LimitKind, kind, "kind"),
        window=_word(LimitWindow, window, "window"),
        seconds=seconds,
        zone=zone or ("UTC" if window == LimitWindow.DAY else ""),
        currency=rows.check_currency(currency) if currency else "",
        maximum=maximum,
        created_at=at,
    )
    _check(limit)

    def work() -> data.Limit:
        limit.save(force_insert=True)
        event_log.append(
            [
                events.LimitCreated(
                    limit_id=limit.id,
                    merchant_id=merchant_id,
                    scope=Code(str(limit.scope)),
                    kind=Code(str(limit.kind)),
                    window=Code(str(limit.window)),
                    currency=Code(limit.currency),
                    maximum=maximum,
                    version=limit.version,
                    at=at,
                )
            ],
            by=by,
        )
        return limit.as_data()

    return idempotency.once(key, work, at=at)


def change_limit(
    *,
    limit_id: UUID,
    merchant_id: UUID,
    maximum: int,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Limit]:
    """
    Give a limit another maximum; what is used of it stays used.

    Raises:
        LimitNotFound: there is none, it is another merchant's, or it was removed.
        ParameterInvalid: the maximum is negative.
    """
    if maximum < 0:
        raise errors.ParameterInvalid("maximum", "This must not be negative.")

    def work() -> data.Limit:
        limit = _locked(limit_id, merchant_id)
        limit.maximum = maximum
        return _save(limit, events.LimitChanged, at=at, by=by)

    return idempotency.once(key, work, at=at)


def remove_limit(
    *, limit_id: UUID, merchant_id: UUID, key: Key | None = None, by: Actor, at: datetime
) -> Done[data.Limit]:
    """
    Let a limit hold no longer; the row stays, with what was counted.

    Raises:
        LimitNotFound: there is none, it is another merchant's, or it was removed.
    """

    def work() -> data.Limit:
        limit = _locked(limit_id, merchant_id)
        limit.active = False
        return _save(limit, events.LimitRemoved, at=at, by=by)

    return idempotency.once(key, work, at=at)


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
        after, before = window_of(limit, request.at)
        asked = request.amount.minor if limit.kind == LimitKind.AMOUNT else 1
        shares.append(_Share(place, limit, row["whose"], asked, after, before))
    return shares


def window_of(limit: data.Limit, at: datetime) -> tuple[datetime, datetime | None]:
    """Return between which instants, both left out, a limit counts for an operation."""
    if limit.window == LimitWindow.DAY:
        zone = ZoneInfo(limit.zone)
        day = at.astimezone(zone).date()
        begins = datetime.combine(day, time(), tzinfo=zone)
        ends = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
        return begins - _MICROSECOND, ends
    if limit.window == LimitWindow.ROLLING:
        return at - timedelta(seconds=limit.seconds or 0), None
    return at, at


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
        refused = []
        for share, before in used[place]:
            earlier = taken[share.limit.id, share.subject]
            now = before + _earlier(share, earlier, requests)
            if now + share.asked > share.limit.maximum:
                refused.append((share, now))
        over.extend(refused)
        if not refused:
            for share, _ in used[place]:
                taken[share.limit.id, share.subject].append(share)
    frees = _frees(over)
    for (share, now), frees_at in zip(over, frees, strict=True):
        breached.setdefault(share.place, []).append(
            data.Breach(limit=share.limit, used=now, asked=share.asked, frees_at=frees_at)
        )
    _take(requests, [share for shares in taken.values() for share in shares])
    return breached


def _earlier(share: _Share, taken: Sequence[_Share], requests: Sequence[data.LimitRequest]) -> int:
    """Return what earlier operations of the batch have taken of the same limit."""
    if share.limit.window == LimitWindow.PER_TRANSACTION:
        return 0
    return sum(
        other.asked
        for other in taken
        if requests[other.place].at > share.after
        and (share.before is None or requests[other.place].at < share.before)
    )


def _used(shares: Sequence[_Share]) -> list[tuple[_Share, int]]:
    """Return what is used of each limit, in one round trip, after its lock was taken."""
    counted = [share for share in shares if share.limit.window != LimitWindow.PER_TRANSACTION]
    totals = {id(share): 0 for share in shares}
    if counted:
        with connection.cursor() as cursor:
            cursor.execute(
                _USED,
                [
                    [share.limit.id for share in counted],
                    [share.subject for share in counted],
                    [share.after for share in counted],
                    [share.before for share in counted],
                ],
            )
            for share, (minor, count) in zip(counted, cursor.fetchall(), strict=True):
                totals[id(share)] = minor if share.limit.kind == LimitKind.AMOUNT else count
    return [(share, totals[id(share)]) for share in shares]


def _frees(over: Sequence[tuple[_Share, int]]) -> list[datetime | None]:
    """Return when each breached limit has room again; None where it never will."""
    rolling = [
        (n, share, now)
        for n, (share, now) in enumerate(over)
        if share.limit.window == LimitWindow.ROLLING and share.asked <= share.limit.maximum
    ]
    frees = [
        share.before
        if share.limit.window == LimitWindow.DAY and share.asked <= share.limit.maximum
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
                    [share.limit.kind == LimitKind.COUNT for _, share, _ in rolling],
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
            "INSERT INTO wallets_reservation "
            "(id, limit_id, operation_id, subject, amount_minor, currency, state, at) "
            "SELECT i, l, o, s, m, c, 'reserved', a FROM unnest(%s::uuid[], %s::uuid[], "
            "%s::uuid[], %s::text[], %s::bigint[], %s::text[], %s::timestamptz[]) "
            "AS t(i, l, o, s, m, c, a)",
            [
                [ids.new() for _ in kept],
                [share.limit.id for share in kept],
                [requests[share.place].operation_id for share in kept],
                [share.subject for share in kept],
                [requests[share.place].amount.minor for share in kept],
                [requests[share.place].amount.currency for share in kept],
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


def _check(limit: Limit) -> None:
    """Refuse parts that do not make a limit."""
    problem = None
    if limit.maximum < 0:
        problem = ("maximum", "This must not be negative.")
    elif limit.kind == LimitKind.AMOUNT and not limit.currency:
        problem = ("currency", "A limit of an amount has a currency.")
    elif limit.kind == LimitKind.COUNT and limit.window == LimitWindow.PER_TRANSACTION:
        problem = ("kind", "A transaction is always one.")
    elif (limit.window == LimitWindow.ROLLING) != (limit.seconds is not None):
        problem = ("seconds", "A rolling window says how long it is, and only that.")
    elif limit.seconds is not None and not 1 <= limit.seconds <= _MOST_SECONDS:
        problem = ("seconds", f"This is between 1 and {_MOST_SECONDS}.")
    elif limit.window != LimitWindow.DAY and limit.zone:
        problem = ("zone", "Only a day has a time zone.")
    elif limit.zone and limit.zone not in available_timezones():
        problem = ("zone", "This is not a time zone that we know.")
    elif limit.scope == LimitScope.MERCHANT and limit.subject not in {
        "",
        str(limit.merchant_id),
    }:
        problem = ("subject", "A merchant limits itself.")
    if problem is not None:
        raise errors.ParameterInvalid(*problem)


def _locked(limit_id: UUID, merchant_id: UUID) -> Limit:
    limit = (
        Limit.objects.select_for_update(no_key=True)
        .filter(id=limit_id, merchant_id=merchant_id, active=True)
        .first()
    )
    if limit is None:
        raise errors.LimitNotFound(limit_id)
    return limit


def _save(limit: Limit, fact: type[events.LimitFact], *, at: datetime, by: Actor) -> data.Limit:
    limit.version += 1
    limit.save()
    event_log.append(
        [
            fact(
                limit_id=limit.id,
                merchant_id=limit.merchant_id,
                maximum=limit.maximum,
                version=limit.version,
                at=at,
            )
        ],
        by=by,
    )
    return limit.as_data()


def _word[Word: StrEnum](words: type[Word], text: str, param: str) -> Word:
    try:
        return words(text)
    except ValueError:
        known = ", ".join(str(word) for word in words)
        raise errors.ParameterInvalid(param, f"This is one of {known}.") from None
