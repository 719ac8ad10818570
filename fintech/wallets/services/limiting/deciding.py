"""Let an operation have its share of every limit, or tell every limit that it breaks."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from uuid import UUID

from django_subatomic import db

from fintech.kernel import columns
from fintech.kernel.columns import Column
from fintech.wallets import data, errors
from fintech.wallets.data import LimitKind, LimitWindow, ReservationState
from fintech.wallets.services.limiting import counting, shares
from fintech.wallets.services.limiting.shares import Share

# Each reservation's limits are the next so many of the two lists that follow it.
_TAKE = """
WITH taken AS (
  INSERT INTO wallets_reservation (id, operation_id, subject, amount_minor, currency,
    original_minor, original_currency, units, of_units, reversal,
    counterparty, state, at, limits, windows)
  SELECT uuidv7(), o, s, m, c, om, oc, u::numeric, ou::numeric, v,
    p, e, a, all_limits[first:last], all_windows[first:last]
  FROM unnest(%s::uuid[], %s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
    %s::bigint[], %s::bigint[]) AS t(o, s, m, c, om, oc, u, ou, v, p, e, a, first, last),
    (SELECT %s::uuid[] AS all_limits, %s::timestamptz[] AS all_windows) lists
)
INSERT INTO wallets_usage AS u (limit_id, subject, begins, amount_minor, count, counted_from)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::bigint[], %s::bigint[],
  %s::timestamptz[])
ON CONFLICT (limit_id, subject, begins) DO UPDATE
  SET amount_minor = excluded.amount_minor, count = excluded.count,
    counted_from = excluded.counted_from
"""


def reserve(
    requests: Sequence[data.LimitRequest], *, happened: bool | Sequence[bool] = False
) -> list[tuple[data.Breach, ...]]:
    """
    Reserve each operation's share of its limits; return the breaches of each.

    All limits are evaluated. An operation with a breach reserves nothing and does not
    touch its neighbors; earlier ones of the batch count for later ones. Requires the
    caller's transaction. One round trip when no limit applies, three when some do, and a fourth
    where a window begins or a rolling counter must be moved on.

    Args:
        happened: whether the caller's transaction also carries them out, so that there
            is nothing left to confirm; one for all, or one for each.
    """
    if not requests:
        return []
    with db.transaction_required():
        found = shares.find(requests)
        if not found:
            return [()] * len(requests)
        counting.count(found)
        each = [happened] * len(requests) if isinstance(happened, bool) else happened
        breached = _fit(requests, found, happened=each)
    return [tuple(breached.get(place, ())) for place in range(len(requests))]


def reserve_or_refuse(request: data.LimitRequest, *, happened: bool = False) -> None:
    """Reserve one operation's share of its limits, or raise `LimitExceeded`."""
    breaches = reserve([request], happened=happened)[0]
    if breaches:
        raise exceeded(breaches)


def exceeded(breaches: Sequence[data.Breach]) -> errors.LimitExceeded:
    """Return the refusal that tells breaches."""
    return errors.LimitExceeded(tuple(str(breach) for breach in breaches))


def _fit(
    requests: Sequence[data.LimitRequest], found: Sequence[Share], *, happened: Sequence[bool]
) -> dict[int, list[data.Breach]]:
    """Let each operation have its shares if all of them fit, in the order of the requests."""
    wanted: dict[int, list[Share]] = defaultdict(list)
    for share in found:
        wanted[share.place].append(share)
    over: list[Share] = []
    taken: dict[tuple[int, str], list[Share]] = defaultdict(list)
    for place in sorted(wanted):
        refused = []
        for share in wanted[place]:
            earlier = _earlier(share, taken[share.key], requests)
            if share.limit.kind == LimitKind.COUNTERPARTIES:
                # One that is new in its own window may be known in another's: clocks go back.
                new = {other.counterparty for other in earlier} - share.known
                share.used += len(new)
                share.asked = 0 if share.counterparty in new else share.asked
            elif earlier:
                share.used += sum(other.asked for other in earlier)
            if share.asked and share.used + share.asked > share.limit.maximum:
                refused.append(share)
        over.extend(refused)
        if not refused:
            for share in wanted[place]:
                taken[share.key].append(share)
    breached: dict[int, list[data.Breach]] = {}
    for share, frees_at in zip(over, counting.frees(over), strict=True):
        breached.setdefault(share.place, []).append(
            data.Breach(
                limit=share.limit,
                used=share.used,
                asked=0 if share.rate_missing else share.asked,
                frees_at=frees_at,
                conversion=share.conversion,
                rate_missing=share.rate_missing,
            )
        )
    _take(requests, [share for of_one in taken.values() for share in of_one], happened=happened)
    return breached


def _earlier(
    share: Share, taken: Sequence[Share], requests: Sequence[data.LimitRequest]
) -> list[Share]:
    """Return what earlier operations of the batch have taken of the same limit."""
    if not taken:
        return []
    if share.limit.kind == LimitKind.BALANCE:
        return list(taken)
    if not share.is_counted:
        return []
    return [
        other
        for other in taken
        if requests[other.place].at > share.after
        and (share.before is None or requests[other.place].at < share.before)
    ]


def _take(
    requests: Sequence[data.LimitRequest], taken: Sequence[Share], *, happened: Sequence[bool]
) -> None:
    """Write reservations and counters; a limit per transaction has nothing to remember."""
    kept = [
        share
        for share in taken
        if share.is_counted or (share.limit.kind == LimitKind.BALANCE and not happened[share.place])
    ]
    if not kept:
        return
    together: dict[tuple[int, str, str, str, str], list[Share]] = defaultdict(list)
    for share in kept:
        original = share.conversion.original.currency if share.conversion else ""
        together[share.place, share.subject, share.currency, original, share.reversal].append(share)
    groups = list(together.values())
    converted = [group[0].conversion for group in groups]
    lasts = list(accumulate(len(group) for group in groups))
    with columns.cursor() as cursor:
        cursor.execute(
            _TAKE,
            [
                Column("uuid", [requests[group[0].place].operation_id for group in groups]),
                Column("text", [group[0].subject for group in groups]),
                Column("bigint", [group[0].minor for group in groups]),
                Column("text", [group[0].currency for group in groups]),
                Column("bigint", [one.original.minor if one else None for one in converted]),
                Column("text", [one.original.currency if one else "" for one in converted]),
                Column("text", [str(one.units[0]) if one else None for one in converted]),
                Column("text", [str(one.units[1]) if one else None for one in converted]),
                Column("text", [group[0].reversal for group in groups]),
                Column("text", [group[0].counterparty for group in groups]),
                Column("text", [_STATES[happened[group[0].place]] for group in groups]),
                Column("timestamptz", [requests[group[0].place].at for group in groups]),
                Column(
                    "bigint",
                    [last - len(group) + 1 for group, last in zip(groups, lasts, strict=True)],
                ),
                Column("bigint", lasts),
                Column("uuid", [share.limit.id for group in groups for share in group]),
                Column("timestamptz", [share.begins for group in groups for share in group]),
                *_columns(_counters(requests, kept)),
            ],
        )


_STATES = {True: str(ReservationState.CONFIRMED), False: str(ReservationState.RESERVED)}
_Counter = tuple[UUID, str, datetime, int, int, datetime | None]


def _counters(requests: Sequence[data.LimitRequest], kept: Sequence[Share]) -> list[_Counter]:
    """Return where each counter stands after what was taken."""
    of: dict[tuple[int, str, datetime], list[Share]] = defaultdict(list)
    for share in kept:
        if share.limit.kind in {LimitKind.AMOUNT, LimitKind.COUNT}:
            of[*share.key, share.begins].append(share)
    counters: list[_Counter] = []
    for (_, subject, begins), group in of.items():
        latest = max(group, key=lambda share: share.after) if len(group) > 1 else group[0]
        rolls = latest.limit.window == LimitWindow.ROLLING
        since = latest.since or latest.after
        inside = [share for share in group if not rolls or requests[share.place].at > since]
        counters.append(
            (
                latest.limit.id,
                subject,
                begins,
                latest.amount + sum(share.minor for share in inside),
                latest.count + len(inside),
                since if rolls else None,
            )
        )
    return counters


def _columns(counters: Sequence[_Counter]) -> tuple[Column, ...]:
    return (
        Column("uuid", [counter[0] for counter in counters]),
        Column("text", [counter[1] for counter in counters]),
        Column("timestamptz", [counter[2] for counter in counters]),
        Column("bigint", [counter[3] for counter in counters]),
        Column("bigint", [counter[4] for counter in counters]),
        Column("timestamptz", [counter[5] for counter in counters]),
    )
