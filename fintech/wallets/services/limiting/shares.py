"""Which limits an operation falls under, found and locked in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from django.db.models.expressions import RawSQL

from fintech.kernel import columns
from fintech.kernel.columns import Column
from fintech.kernel.money import Money
from fintech.wallets import data, errors
from fintech.wallets.data import LimitKind, LimitWindow, OnReversal
from fintech.wallets.models import Limit
from fintech.wallets.services import rating

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
    reversal: str = str(OnReversal.GIVES_BACK)
    conversion: data.Conversion | None = None  # Where `minor` was another currency's.
    rate_missing: str = ""  # Of which nobody knows what it is worth.
    known: frozenset[str] = frozenset()  # Of the batch's counterparties, those of the window.
    used: int = 0
    amount: int = 0  # What the counter stands at, of amounts
    count: int = 0  # and of operations
    since: datetime | None = None  # after this instant, where that is before `after`.

    @property
    def key(self) -> tuple[int, str]:
        """Limit and subject, by the limit's number: the hash of a UUID is slow."""
        return self.limit.id.int, self.subject

    @property
    def begins(self) -> datetime:
        """Where the counter of its window begins."""
        return self.after if self.limit.window.is_calendar else ALWAYS

    @property
    def is_rough(self) -> bool:
        """Whether `used` still holds what has left the window since: at least what is used."""
        return self.since is not None

    def may_go_by(self, counted_from: datetime) -> bool:
        """Whether a rolling counter reaches back far enough for this, and no further than twice."""
        return (
            counted_from <= self.after <= counted_from + timedelta(seconds=self.limit.seconds or 0)
        )

    def stands(self, amount: int, count: int, *, since: datetime | None = None) -> None:
        """Note what the counter says; `since` when, if that is more than the window."""
        self.amount, self.count, self.since = amount, count, since
        self.used = amount if self.limit.kind == LimitKind.AMOUNT else count

    @property
    def is_counted(self) -> bool:
        """Whether earlier operations count: not where each is looked at by itself."""
        return self.limit.window != LimitWindow.PER_TRANSACTION


# Whoever finds limits locks them, in one order for everybody.
_FIND = """
SELECT found.place, found.whose, found.id, found.written, found.owners,
  CASE WHEN found."window" <> 'per_transaction' OR found.kind = 'balance'
  THEN pg_advisory_xact_lock(found.lock) END
FROM (
  SELECT q.place, s.subject AS whose, l.id, l.xmin::text::bigint AS written, l.kind, l."window",
    w.zone AS owners, hashtextextended(l.id::text || s.subject, 9) AS lock
  FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
      %s::text[], %s::text[], %s::text[], %s::text[])
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
    AND (l.converts
      OR l.currency IN ('', CASE l.kind WHEN 'balance' THEN q.received ELSE q.currency END))
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
        found = cursor.fetchall()
    limits = _known({(limit_id.int, written) for _, _, limit_id, written, _, _ in found})
    shares = [
        _share(requests[place - 1], place - 1, whose, limits[limit_id.int], owners or "UTC")
        for place, whose, limit_id, _, owners, _ in found
    ]
    foreign = [
        share for share in shares if share.limit.converts and share.limit.currency != share.currency
    ]
    if foreign:
        _convert(foreign, requests)
    return shares


type _Known = dict[tuple[str, date], tuple[Decimal, date] | None]


def _convert(foreign: Sequence[Share], requests: Sequence[data.LimitRequest]) -> None:
    """Have shares ask for what their amounts are worth in their limits' currencies."""
    known: _Known = {}
    for share in foreign:
        on = requests[share.place].at.date()
        original, currency = Money(share.minor, share.currency), share.limit.currency
        rates = [_worth(code, on, known) for code in (original.currency, currency)]
        if rates[0] is None or rates[1] is None:
            share.rate_missing = original.currency if rates[0] is None else currency
            share.asked = share.limit.maximum + 1  # It never fits.
            continue
        share.conversion = data.Conversion(
            original=original,
            currency=currency,
            per_euro=(rates[0][0], rates[1][0]),
            rate_on=min(rates[0][1], rates[1][1]),
        )
        share.minor = share.asked = share.conversion.minor
        share.currency = currency


def _worth(currency: str, on: date, known: _Known) -> tuple[Decimal, date] | None:
    """Return a rate and its day; None where nobody knows it."""
    if (currency, on) not in known:
        try:
            known[currency, on] = rating.per_euro(currency, on)
        except errors.RateUnknown:
            known[currency, on] = None
    return known[currency, on]


def _share(
    request: data.LimitRequest, place: int, subject: str, limit: data.Limit, owners: str
) -> Share:
    if limit.zone == data.OWNERS_ZONE:
        limit = _in_zone(limit, owners)
    money = request.amount
    if limit.kind == LimitKind.BALANCE:
        money = request.received or request.amount
    after, before = _bounds(limit, request.at)
    return Share(
        place=place,
        limit=limit,
        subject=subject,
        counterparty=request.counterparty or str(request.merchant_id),
        minor=money.minor,
        currency=money.currency,
        reversal=str(limit.reversal),
        asked=money.minor if limit.kind in {LimitKind.AMOUNT, LimitKind.BALANCE} else 1,
        after=after,
        before=before,
    )


def _known(wanted: set[tuple[int, int]]) -> dict[int, data.Limit]:
    """
    Return limits by number. A row that was written once never changes, so it is read once.

    The second number is the transaction that wrote it. One that was written again since it
    was found is read as it is now.
    """
    found = {pair[0]: _SEEN[pair] for pair in wanted if pair in _SEEN}
    missing = [UUID(int=number) for number, _ in wanted if number not in found]
    if missing:
        if len(_SEEN) > _MOST_SEEN:
            _SEEN.clear()
        rows = Limit.objects.filter(id__in=missing)
        for row in rows.annotate(written=RawSQL("wallets_limit.xmin::text::bigint", [])):
            limit = row.as_data()
            found[limit.id.int] = _SEEN[limit.id.int, row.written] = limit
    return found


@lru_cache(maxsize=4096)
def _in_zone(limit: data.Limit, zone: str) -> data.Limit:
    return replace(limit, zone=zone)


def _bounds(limit: data.Limit, at: datetime) -> tuple[datetime, datetime | None]:
    if limit.window.is_calendar:
        return _calendar(limit.window, limit.zone, at)
    return limit.counts_between(at)


def _calendar(window: LimitWindow, zone: str, at: datetime) -> tuple[datetime, datetime | None]:
    """Return a calendar window's bounds; most operations are in the same one as the last."""
    last = _LAST.get((window, zone))
    if last is None or not last[0] < at < last[1]:
        last = _LAST[window, zone] = data.calendar_bounds(window, zone, at)
    return last


_MOST_SEEN = 50_000
_SEEN: dict[tuple[int, int], data.Limit] = {}
_LAST: dict[tuple[LimitWindow, str], tuple[datetime, datetime]] = {}
