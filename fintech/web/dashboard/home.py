"""Home: four figures that lead on, what was taken per day, and what waits for somebody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from fintech.kernel import clock
from fintech.kernel.money import Money
from fintech.merchants.data import Right
from fintech.notifications import queries as notification_queries
from fintech.payments import queries as payment_queries
from fintech.web import charts, formats, lists, queries
from fintech.web.dashboard import desk
from fintech.web.data import Period

_DAYS = {"7": 7, "30": 30, "90": 90}
_PERIODS = (("7", "7 days"), ("30", "30 days"), ("90", "90 days"))
_RECENT = 6
_LATEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """Something that waits, and the way to it."""

    tone: str
    words: str
    label: str
    url: str


@require_GET
@desk.page(Right.VIEW_PAYMENTS)
def home(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Tell without a click whether money comes in and whether anything waits."""
    currencies = queries.currencies(at.merchant.id)
    currency = request.GET.get("currency", "").upper()
    if currency not in currencies:
        home_currency = at.merchant.default_currency
        currency = home_currency if home_currency in currencies or not currencies else currencies[0]
    days = _DAYS.get(request.GET.get("days", ""), 30)
    today = clock.now().date()
    both = queries.period(at.merchant.id, currency, until=today, days=days * 2)
    now = Period(currency=currency, days=both.days[days:])
    before = Period(currency=currency, days=both.days[:days])
    change = _change(now.captured.minor, before.captured.minor)
    recent = queries.payments(at.merchant.id, limit=_RECENT)
    balance = payment_queries.balance(at.merchant.id)
    context = {
        "currency": currency,
        "currencies": currencies or [currency],
        "days": str(days),
        "now": now,
        "before": before,
        "periods": _PERIODS,
        "change_words": "" if change is None else formats.change(change),
        "tried": now.authorized + now.refused,
        "refund_count": sum(day.refunds for day in now.days),
        "pending": _in(balance.pending, currency),
        "available": _in(balance.available, currency),
        "chart": charts.volume(now, before),
        "series": charts.series(now, before),
        "attention": _attention(at),
        "funnel": _funnel(at, since=today - timedelta(days=days - 1), until=today),
        "lines": lists.joined(at.merchant.id, recent.lines),
    }
    return desk.render(request, at, "web/dashboard/home.html", "home", context)


def _in(amounts: Sequence[Money], currency: str) -> Money:
    return next((one for one in amounts if one.currency == currency), Money.zero(currency))


def _change(now_minor: int, before_minor: int) -> int | None:
    """Return the change against the period before, in thousandths."""
    if not before_minor:
        return None
    return (now_minor - before_minor) * 1000 // before_minor


def _funnel(at: desk.Desk, *, since: date, until: date) -> list[tuple[str, int, int]]:
    """Return each stage of hosted pages with its count and its share of the widest, in percent."""
    told = queries.funnel(at.merchant.id, since=since, until=until)
    widest = max(told.opened, told.tried)
    return [
        (label, count, count * 100 // widest if widest else 0)
        for label, count in (("Opened", told.opened), ("Tried", told.tried), ("Paid", told.paid))
    ]


def _attention(at: desk.Desk) -> list[Attention]:
    counted = queries.counted(at.merchant.id)
    listing = reverse("web:payments")
    found = []
    for state, tone, one, many, label in (
        ("in_review", "warn", "payment waits", "payments wait", "Look at them"),
        ("conflicted", "bad", "payment is", "payments are", "Look at them"),
        ("authorized", "info", "payment is", "payments are", "Capture"),
    ):
        count = counted.get(state, 0)
        if not count:
            continue
        words = {
            "in_review": "for a review",
            "conflicted": "frozen: the acquirer contradicts us",
            "authorized": "reserved and not yet taken",
        }[state]
        found.append(
            Attention(
                tone=tone,
                words=f"{count} {one if count == 1 else many} {words}",
                label=label,
                url=f"{listing}?state={state}",
            )
        )
    dead = notification_queries.deliveries(
        at.merchant.id, states=("failed", "abandoned"), limit=_LATEST
    ).items
    yesterday = clock.now() - timedelta(days=1)
    failing = {
        one.endpoint_id: one.url
        for one in dead
        if one.endpoint_id is not None and one.created_at >= yesterday
    }
    found += [
        Attention(
            tone="bad",
            words=f"Webhooks to {url} failed today",
            label="Find out why",
            url=reverse("web:webhook", args=[endpoint_id]),
        )
        for endpoint_id, url in failing.items()
    ]
    return found
