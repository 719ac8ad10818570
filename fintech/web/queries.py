"""Questions to the read models. Each is bound to a merchant; they change nothing."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from fintech.kernel.money import Money
from fintech.web import data
from fintech.web.models import DayTotal, Export, Funnel, Payment, Timeline, View

PAGE = 25
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COUNTS = (
    "created",
    "authorized",
    "declined",
    "blocked",
    "captures",
    "captured_minor",
    "fee_minor",
    "refunds",
    "refunded_minor",
)


def item(row: Timeline) -> data.Item:
    """Return a row of the timeline as a value."""
    return data.Item(
        source=row.source,
        position=row.position,
        payment_id=row.payment_id,
        merchant_id=row.merchant_id,
        kind=row.kind,
        version=row.version,
        data=row.data,
        by=row.by,
        request_id=row.request_id,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
    )


def timeline(payment_id: UUID, merchant_id: UUID) -> list[data.Item]:
    """Return what happened to a merchant's payment, in order; nothing of anybody else's."""
    rows = Timeline.objects.filter(payment_id=payment_id).filter(
        Q(merchant_id=merchant_id) | Q(merchant_id=None)
    )
    found = [item(row) for row in rows]
    if not any(one.merchant_id == merchant_id for one in found):
        return []
    return sorted(found, key=lambda one: (one.recorded_at, one.source, one.position))


def payments(
    merchant_id: UUID,
    filters: data.Filters | None = None,
    *,
    after: str = "",
    before: str = "",
    limit: int = PAGE,
) -> data.PaymentPage:
    """
    Return a stretch of a merchant's payments, newest first.

    `after` and `before` are the marks that an earlier page gave; a mark that is none
    is as good as no mark.
    """
    rows = _narrowed(merchant_id, filters or data.Filters())
    place = _place(before or after)
    backwards = bool(before and place)
    if place:
        rows = _from(rows, place, backwards=backwards)
    order = ("created_at", "id") if backwards else ("-created_at", "-id")
    found = list(rows.order_by(*order)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    if backwards:
        found.reverse()
    return data.PaymentPage(
        lines=tuple(_line(row) for row in found),
        older=_mark(found[-1]) if found and (more or backwards) else "",
        newer=_mark(found[0]) if found and place and (more or not backwards) else "",
    )


def count(merchant_id: UUID, filters: data.Filters, *, most: int) -> int:
    """Return how many payments fit, counting no further than `most`."""
    return _narrowed(merchant_id, filters).order_by()[:most].count()


def has_card(merchant_id: UUID, last4: str) -> bool:
    """Tell whether anybody tried a card with this ending at a merchant."""
    return Payment.objects.filter(merchant_id=merchant_id, last4=last4).exists()


def funnel(
    merchant_id: UUID, *, since: date, until: date, page_id: UUID | None = None
) -> data.Funnel:
    """Return how far payers got at a merchant's hosted pages, or at one, on these days."""
    rows = Funnel.objects.filter(merchant_id=merchant_id, day__gte=since, day__lte=until)
    if page_id is not None:
        rows = rows.filter(page_id=page_id)
    told = rows.aggregate(opened=Sum("opened"), tried=Sum("tried"), paid=Sum("paid"))
    return data.Funnel(**{name: int(count or 0) for name, count in told.items()})


def funnels(merchant_id: UUID, page_ids: Collection[UUID]) -> dict[UUID, data.Funnel]:
    """Return how far payers ever got at each of some hosted pages."""
    rows = Funnel.objects.filter(merchant_id=merchant_id, page_id__in=list(page_ids))
    told = rows.values_list("page_id").annotate(Sum("opened"), Sum("tried"), Sum("paid"))
    return {
        page_id: data.Funnel(opened=int(opened), tried=int(tried), paid=int(paid))
        for page_id, opened, tried, paid in told
    }


def views(merchant_id: UUID, user_id: UUID, listing: str = "payments") -> list[data.View]:
    """Return the views of a list that somebody named, by name."""
    rows = View.objects.filter(merchant_id=merchant_id, user_id=user_id, listing=listing)
    return [row.as_data() for row in rows.order_by("name")]


def exports(merchant_id: UUID, user_id: UUID, *, limit: int = PAGE) -> list[data.Export]:
    """Return what somebody asked to be written, the latest first."""
    rows = Export.objects.filter(merchant_id=merchant_id, user_id=user_id)
    return [row.as_data() for row in rows.order_by("-id")[:limit]]


def export(export_id: UUID, merchant_id: UUID, user_id: UUID) -> data.Export | None:
    """Return somebody's export, or nothing."""
    row = Export.objects.filter(id=export_id, merchant_id=merchant_id, user_id=user_id).first()
    return None if row is None else row.as_data()


def counted(merchant_id: UUID) -> dict[str, int]:
    """Return how many of a merchant's payments are in each state."""
    rows = Payment.objects.filter(merchant_id=merchant_id).values_list("state")
    return dict(rows.annotate(count=Count("id")))


def currencies(merchant_id: UUID) -> list[str]:
    """Return in which currencies a merchant has taken part, the busiest first."""
    rows = Payment.objects.filter(merchant_id=merchant_id).values_list("currency")
    busiest = rows.annotate(count=Count("id")).order_by("-count", "currency")
    return [currency for currency, _ in busiest]


def period(merchant_id: UUID, currency: str, *, until: date, days: int) -> data.Period:
    """Return the days up to and with `until`, each present."""
    first = until - timedelta(days=days - 1)
    rows = DayTotal.objects.filter(
        merchant_id=merchant_id, currency=currency, day__gte=first, day__lte=until
    )
    known = {
        row.day: data.Day(day=row.day, **{name: getattr(row, name) for name in _COUNTS})
        for row in rows
    }
    return data.Period(
        currency=currency,
        days=tuple(
            known.get(day, data.Day(day=day))
            for day in (first + timedelta(days=number) for number in range(days))
        ),
    )


def _narrowed(merchant_id: UUID, filters: data.Filters) -> QuerySet[Payment]:
    rows = Payment.objects.filter(merchant_id=merchant_id)
    if filters.states:
        rows = rows.filter(state__in=filters.states)
    if filters.refunded:
        rows = rows.filter(refunded_minor__gt=0)
    if filters.declined:
        rows = rows.filter(state="created").exclude(decline_code="")
    exact = {
        "currency": filters.currency or None,
        "amount_minor__gte": filters.least_minor,
        "amount_minor__lte": filters.most_minor,
        "customer_id": filters.customer_id,
        "link_id": filters.link_id,
        "last4": filters.last4 or None,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value is not None})
    if filters.since is not None:
        rows = rows.filter(created_at__gte=_midnight(filters.since))
    if filters.until is not None:
        rows = rows.filter(created_at__lt=_midnight(filters.until + timedelta(days=1)))
    return rows


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _from(
    rows: QuerySet[Payment], place: tuple[datetime, UUID], *, backwards: bool
) -> QuerySet[Payment]:
    at, last = place
    if backwards:
        return rows.filter(Q(created_at__gt=at) | Q(created_at=at, id__gt=last))
    # The first condition alone bounds the index; the second keeps equal instants apart.
    return rows.filter(created_at__lte=at).filter(Q(created_at__lt=at) | Q(id__lt=last))


def _mark(row: Payment) -> str:
    micros = (row.created_at - _EPOCH) // timedelta(microseconds=1)
    return f"{micros}-{row.id.hex}"


def _place(mark: str) -> tuple[datetime, UUID] | None:
    micros, _, last = mark.partition("-")
    try:
        at = _EPOCH + timedelta(microseconds=int(micros))
        return at, UUID(last)
    except (ValueError, OverflowError):
        return None


def _line(row: Payment) -> data.PaymentLine:
    return data.PaymentLine(
        id=row.id,
        merchant_id=row.merchant_id,
        state=row.state,
        purpose=row.purpose,
        amount=Money(row.amount_minor, row.currency),
        captured=Money(row.captured_minor, row.currency),
        fee=Money(row.fee_minor, row.currency),
        refunded=Money(row.refunded_minor, row.currency),
        score=row.score,
        decision=row.decision,
        decline_code=row.decline_code,
        customer_id=row.customer_id,
        link_id=row.link_id,
        last4=row.last4,
        created_at=row.created_at,
    )
