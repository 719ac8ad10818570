"""The list of payments, and one payment with its timeline."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from fintech.kernel import clock, ids
from fintech.kernel.errors import NotFound
from fintech.merchants.data import Right
from fintech.payments import data as payment_data
from fintech.payments import queries as payment_queries
from fintech.payments.errors import PaymentNotFound
from fintech.web import filtering, fold, formats, forms, lists, pills, queries
from fintech.web.dashboard import desk, story
from fintech.web.data import Item
from fintech.wire import json as wire_json
from fintech.wire import payment_intents

COLUMNS = (
    ("for", "For"),
    ("customer", "Customer"),
    ("card", "Card"),
    ("risk", "Risk"),
    ("fee", "Fee"),
    ("refunded", "Refunded"),
    ("id", "Id"),
    ("created", "Created"),
)
_USUAL = ("for", "card", "risk", "created")
_CHOSEN = "payment_columns"  # The session's columns of the list.
# States in which nothing more happens by itself.
_RESTING = frozenset({"captured", "canceled", "authorized", "partially_captured"})
_POLLS = (1, 2, 2, 3, 5, 8, 13, 21, 34)  # Seconds to the next look, by how often we looked.


@require_GET
@desk.page(Right.VIEW_PAYMENTS)
def listing(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Show payments, newest first, narrowed by what the address says."""
    told = filtering.read(request.GET, at=clock.now())
    page = queries.payments(
        at.merchant.id,
        told.filters,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    columns = _columns(request)
    context = {
        "lines": lists.joined(at.merchant.id, page.lines),
        "periods": filtering.PERIODS,
        "page": page,
        "tabs": [(name, label) for name, label, _ in filtering.TABS],
        "tab": request.GET.get("state", ""),
        "chips": told.chips,
        "problem": told.problem,
        "days": request.GET.get("days", ""),
        "currencies": queries.currencies(at.merchant.id),
        "filtered": bool(told.chips or request.GET.get("state")),
        "columns": columns,
        "all_columns": [(name, label, name in columns) for name, label in COLUMNS],
        "views": queries.views(at.merchant.id, at.user.id),
        "query": filtering.kept(request.GET),
        "view_form": forms.Once(),
    }
    return desk.render(request, at, "web/dashboard/payments.html", "payments", context)


def _columns(request: HttpRequest) -> tuple[str, ...]:
    """Return the columns that are shown: the address's, else those chosen before."""
    known = [name for name, _ in COLUMNS]
    if "cols" in request.GET:
        chosen = request.GET.getlist("cols")
        request.session[_CHOSEN] = [name for name in known if name in chosen]
    kept: list[str] = request.session.get(_CHOSEN, list(_USUAL))
    return ("amount", *(name for name in known if name in kept))


@require_GET
@desk.page(Right.VIEW_PAYMENTS)
def search(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Go where a search most likely wants to: a payment by id, or the narrowed list."""
    wanted = request.GET.get("q", "").strip()
    named = _named(at, wanted)
    if named is not None:
        return named
    if "@" in wanted and at.may(Right.VIEW_CUSTOMERS):
        known = payment_queries.customers(at.merchant.id, limit=2, email=wanted).items
        if len(known) == 1:
            return redirect("web:customer", customer_id=known[0].id)
        if known:
            return redirect(f"{reverse('web:customers')}?{urlencode({'email': wanted})}")
    last4 = filtering.last_four(wanted)
    query = filtering.understood(
        wanted,
        currency=at.merchant.default_currency,
        today=clock.now().date(),
        is_card=bool(last4) and queries.has_card(at.merchant.id, last4),
    )
    if not query:
        context = {"search": wanted}
        return desk.render(request, at, "web/dashboard/nothing_found.html", "payments", context)
    return redirect(f"{reverse('web:payments')}?{query}")


def _named(at: desk.Desk, wanted: str) -> HttpResponse | None:
    """Return the way to what an id names; what is another merchant's answers as unknown there."""
    try:
        prefix, _, _ = wanted.rpartition("_")
        named = ids.parse(prefix, wanted)
    except ids.NotAnId:
        return None
    match prefix:
        case "pi":
            return redirect("web:payment", payment_id=named)
        case "cus":
            return redirect("web:customer", customer_id=named)
        case "re":
            return _payment_behind(lambda: payment_queries.refund(named, at.merchant.id).payment_id)
        case "ch":
            return _payment_behind(lambda: payment_queries.charge(named, at.merchant.id).payment_id)
        case _:
            return None


def _payment_behind(find: Callable[[], UUID]) -> HttpResponse | None:
    try:
        return redirect("web:payment", payment_id=find())
    except NotFound:
        return None


@require_GET
@desk.page(Right.VIEW_PAYMENTS)
def page(request: HttpRequest, at: desk.Desk, payment_id: UUID) -> HttpResponse:
    """Show one payment and everything that happened to it."""
    payment = payment_of(at, payment_id)
    context = {
        "payment": payment,
        "pill": _pill(payment),
        "sentence": pills.pill("payment", _pill(payment)).sentence,
        "attempts": payment_queries.attempts_of(payment.id),
        **_proof(payment.latest_attempt),
        "minus_fee": -payment.fee,
        "minus_refunded": -payment.refunded,
        "minus_pending": -payment.refund_pending,
        "net": payment.captured - payment.refunded - payment.fee,
        "available": _available(payment),
        "may_take": at.may(Right.TAKE_PAYMENTS),
        "may_refund": at.may(Right.REFUND_PAYMENTS),
        "once": forms.Once(),
        "tab": "timeline",
        **timeline(request, at, payment),
    }
    return desk.render(request, at, "web/dashboard/payment.html", "payments", context)


@require_GET
@desk.page(Right.VIEW_PAYMENTS)
def fragment(request: HttpRequest, at: desk.Desk, payment_id: UUID) -> HttpResponse:
    """Give the timeline alone, for a page that looks again while the payment moves."""
    payment = payment_of(at, payment_id)
    context = {"payment": payment, **timeline(request, at, payment)}
    answer = desk.render(request, at, "web/parts/timeline.html", "payments", context)
    seen = request.GET.get("seen")
    if seen is not None and seen != _seen(payment):
        answer["HX-Refresh"] = "true"  # What stands around the timeline has changed as well.
    return answer


@require_GET
@desk.page(Right.VIEW_PAYMENTS)
def raw(request: HttpRequest, at: desk.Desk, payment_id: UUID) -> HttpResponse:
    """Show the payment as the API answers it: the same bytes, set out for reading."""
    payment = payment_of(at, payment_id)
    sent = wire_json.dumps(payment_intents.render(payment))
    context = {
        "payment": payment,
        "pill": _pill(payment),
        "sent": sent.decode(),
        "readable": orjson.dumps(
            orjson.loads(sent), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
        ).decode(),
        "size": len(sent),
        "tab": "raw",
    }
    return desk.render(request, at, "web/dashboard/raw.html", "payments", context)


_PROVED = {
    "asked": "Not yet: the bank has asked",
    "passed": "Yes, with their bank",
    "failed": "No, they failed",
    "timed_out": "No, not in time",
}
_LIABLE = {
    "issuer": "The bank that issued the card: the payer has confirmed",
    "merchant": "You, if the payer says it was somebody else",
}


def _proof(attempt: payment_data.Attempt | None) -> dict[str, str]:
    """Return whether the payer proved who they are and who answers for it, in words."""
    if attempt is None:
        return {}
    return {
        "authentication": _PROVED.get(str(attempt.authentication), ""),
        "liability": _LIABLE.get(str(attempt.liability), ""),
    }


def head(payment: payment_data.Payment) -> dict[str, Any]:
    """Return what every tab of a payment's page shows at its top."""
    return {"payment": payment, "pill": _pill(payment)}


def _available(payment: payment_data.Payment) -> str:
    """Say since when, or from which day on, all that was taken may be paid out."""
    if not payment.captured or payment.purpose != payment_data.Purpose.SALE:
        return ""
    if str(payment.state) == "conflicted":
        return ""  # It waits until people have decided.
    taken = [one.succeeded_at for one in payment_queries.captures_of(payment.id)]
    on = max((payment_data.available_on(at) for at in taken if at is not None), default=None)
    if on is None:
        return ""
    return f"{'since' if on <= clock.now() else 'from'} {formats.day(on)}"


def payment_of(at: desk.Desk, payment_id: UUID) -> payment_data.Payment:
    """Return the merchant's payment; anybody else's is as unknown as none."""
    try:
        return payment_queries.payment(payment_id, at.merchant.id)
    except PaymentNotFound:
        raise Http404 from None


def timeline(request: HttpRequest, at: desk.Desk, payment: payment_data.Payment) -> dict[str, Any]:
    """Return the payment's steps, and when to look again."""
    told = story.of(payment.id, at.merchant.id)
    looked = _looked(request)
    moving = (
        str(payment.state) not in _RESTING
        or bool(payment.refund_pending)
        or _is_behind(payment, told.items)
        or told.is_being_told
    )
    return {
        "steps": told.steps,
        "look_again": _POLLS[looked] if moving and looked < len(_POLLS) else None,
        "looked": looked + 1,
        "seen": _seen(payment),
    }


def _seen(payment: payment_data.Payment) -> str:
    return f"{payment.state}-{payment.captured.minor}-{payment.refunded.minor}"


def _is_behind(payment: payment_data.Payment, items: Sequence[Item]) -> bool:
    """Tell whether the timeline has yet to hear something that the payment already knows."""
    heard = max((one.version for one in items if one.kind.startswith("payment_")), default=0)
    return heard < payment.version or fold.refunded(items) != payment.refunded.minor


def _looked(request: HttpRequest) -> int:
    text = request.GET.get("looked", "0")
    return min(int(text), len(_POLLS)) if text.isdecimal() else 0


def _pill(payment: payment_data.Payment) -> str:
    return pills.of_payment(
        state=str(payment.state),
        captured_minor=payment.captured.minor,
        refunded_minor=payment.refunded.minor,
        decline_code=payment.last_error.decline_code if payment.last_error else "",
    )
