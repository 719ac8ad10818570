"""
What a conversion costs: rates as published, offers worked out to the last fraction.

Rates are exact decimals. What the destination's minor unit is too coarse for is kept
with the quote and stays with the platform's position; nothing is rounded away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal, localcontext
from uuid import UUID

from django.db import connection
from django_subatomic import db

from fintech.kernel import event_log, idempotency, ids, money
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.kernel.idempotency import Done, Key
from fintech.kernel.money import Money
from fintech.wallets import data, errors, events
from fintech.wallets.models import Quote, Rate
from fintech.wallets.services import rating, rows

SPREAD_BASIS_POINTS = 50  # What we keep of what is converted.
QUOTE_LASTS = timedelta(minutes=2)

_TRILLIONTH = Decimal("0.000000000001")
_DIGITS = 60  # More than any amount times any rate needs.


@dataclass(frozen=True, slots=True)
class Terms:
    """What becomes of an amount at a rate."""

    spread: Money
    received: Money
    residue: Decimal  # in the received currency's minor units, less than one


def worked_out(source: Money, currency: str, rate: Decimal, spread_basis_points: int) -> Terms:
    """
    Convert exactly: the spread is rounded up, what is received down, the rest kept aside.

    Raises:
        AmountTooSmall: nothing would be received.
    """
    spread = Money(-(-source.minor * spread_basis_points // 10_000), source.currency)
    with localcontext() as context:
        context.prec = _DIGITS
        shift = money.exponent(currency) - money.exponent(source.currency)
        exact = (Decimal((source - spread).minor) * rate).scaleb(shift)
        whole = int(exact.to_integral_value(ROUND_DOWN))
        residue = exact - whole
    if whole < 1:
        raise errors.AmountTooSmall(source.minor)
    return Terms(spread, Money(whole, currency), residue)


def create_quote(
    *,
    merchant_id: UUID,
    source: Money,
    destination_currency: str,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Quote]:
    """
    Offer a conversion at the newest published rate, for two minutes.

    Raises:
        AmountTooSmall, AmountTooLarge, CurrencyNotSupported.
        ParameterInvalid: both currencies are the same.
        RateUnknown: one of them has no recent rate.
    """
    rows.check_amount(source)
    rows.check_currency(source.currency)
    rows.check_currency(destination_currency)
    if source.currency == destination_currency:
        raise errors.ParameterInvalid("destination_currency", "This is the same currency.")

    def work() -> data.Quote:
        rate, rate_on = _rate(source.currency, destination_currency, at.date())
        terms = worked_out(source, destination_currency, rate, SPREAD_BASIS_POINTS)
        rows.check_amount(terms.received)
        quote = Quote(
            id=ids.new(),
            merchant_id=merchant_id,
            source_currency=source.currency,
            source_minor=source.minor,
            spread_basis_points=SPREAD_BASIS_POINTS,
            spread_minor=terms.spread.minor,
            destination_currency=destination_currency,
            destination_minor=terms.received.minor,
            residue=terms.residue,
            rate=rate,
            rate_on=rate_on,
            created_at=at,
            expires_at=at + QUOTE_LASTS,
        )
        quote.save(force_insert=True)
        event_log.append([_made(quote, at=at)], by=by)
        return quote.as_data()

    return idempotency.once(key, work, at=at)


def record_rates(rates: Iterable[tuple[str, date, Decimal]], *, source: str) -> int:
    """
    Keep rates as published (units per euro); one that is known already stays as it is.

    Returns how many were new.
    """
    kept = [rate for rate in rates if money.is_known(rate[0])]
    before = Rate.objects.count()
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wallets_rate (currency, published_on, per_euro, source) "
            "SELECT c, d, p, %s FROM unnest(%s::text[], %s::date[], %s::numeric[]) AS t(c, d, p) "
            "ON CONFLICT (currency, published_on, source) DO NOTHING",
            [
                source,
                [currency for currency, _, _ in kept],
                [published_on for _, published_on, _ in kept],
                [per_euro for _, _, per_euro in kept],
            ],
        )
        return Rate.objects.count() - before


def locked_quotes(quote_ids: Sequence[UUID]) -> dict[UUID, Quote]:
    """Return quotes that only we may use until the commit."""
    if not quote_ids:
        return {}
    found = Quote.objects.select_for_update(no_key=True).filter(id__in=quote_ids).order_by("id")
    return {quote.id: quote for quote in found}


def open_quote(
    quotes: dict[UUID, Quote], quote_id: UUID, *, merchant_id: UUID, at: datetime
) -> Quote:
    """Return one of the locked quotes, if a transfer may be made at its terms."""
    quote = quotes.get(quote_id)
    if quote is None or quote.merchant_id != merchant_id:
        raise errors.QuoteNotFound(quote_id)
    if not quote.is_open(at):
        used = quote.state == data.QuoteState.USED
        because = "has been used already" if used else "has expired"
        raise errors.QuoteNotOpen(quote_id=quote_id, because=because)
    return quote


def use(quote: Quote, transfer_id: UUID, *, at: datetime) -> events.QuoteUsed:
    """Use up a locked quote."""
    quote.use()
    quote.version += 1
    # Not `save`, which asks how many rows there were: in a pipeline nobody has answered yet.
    Quote.objects.filter(id=quote.id).update(state=quote.state, version=quote.version)
    return events.QuoteUsed(
        quote_id=quote.id,
        merchant_id=quote.merchant_id,
        transfer_id=transfer_id,
        version=quote.version,
        at=at,
    )


def _rate(source: str, destination: str, on: date) -> tuple[Decimal, date]:
    """Return how much one unit buys, cut to trillionths, and the older rate's day."""
    from_euro, from_on = rating.per_euro(source, on)
    to_euro, to_on = rating.per_euro(destination, on)
    with localcontext() as context:
        context.prec = _DIGITS
        rate = (to_euro / from_euro).quantize(_TRILLIONTH, ROUND_DOWN)
    if not rate:
        raise errors.RateUnknown(destination)
    return rate, min(from_on, to_on)


def _made(quote: Quote, *, at: datetime) -> events.QuoteMade:
    return events.QuoteMade(
        quote_id=quote.id,
        merchant_id=quote.merchant_id,
        source_currency=Code(quote.source_currency),
        source_minor=quote.source_minor,
        spread_minor=quote.spread_minor,
        destination_currency=Code(quote.destination_currency),
        destination_minor=quote.destination_minor,
        rate_e12=int(quote.rate.scaleb(12)),
        rate_on=quote.rate_on,
        expires_at=quote.expires_at,
        version=quote.version,
        at=at,
    )
