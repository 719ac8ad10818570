"""Files of lists: sent at once, or written in the background with progress."""

from collections.abc import Callable
from datetime import datetime
from itertools import chain, islice
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from fintech.kernel import clock, objects
from fintech.merchants.data import Right
from fintech.web import exporting, filtering, queries
from fintech.web.dashboard import desk
from fintech.web.data import Export, ExportForm, ExportState
from fintech.web.listings import LISTINGS, Listing

_MOST_NAME = 60


@require_GET
@desk.page(Right.VIEW_PAYMENTS)
def export(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Send the filtered payments as a file, or offer to write it where they are many."""
    told = filtering.read(request.GET, at=clock.now())
    if told.problem:
        return desk.render(
            request,
            at,
            "web/dashboard/nothing_found.html",
            "payments",
            {"search": told.problem},
            status=400,
        )
    return _send(request, at, exporting.PAYMENTS)


def of(listing: Listing) -> Callable[..., HttpResponse]:
    """Return the view that sends a list's rows as a file."""

    @require_GET
    @desk.page(listing.right)
    def send(request: HttpRequest, at: desk.Desk) -> HttpResponse:
        return _send(request, at, listing.name)

    return send


def _send(request: HttpRequest, at: desk.Desk, listing: str) -> HttpResponse:
    form = _form(request.GET.get("form", ""))
    sheet = exporting.sheet(listing, at.merchant.id, request.GET, at=clock.now())
    first = () if sheet.total else tuple(islice(sheet.rows, exporting.AT_ONCE + 1))
    count = sheet.total or len(first)
    if count > exporting.AT_ONCE:
        context = {
            "count": count,
            "is_counted": bool(sheet.total),
            "listing": listing,
            "title": sheet.title,
            "many": _many(listing),
            "form": form,
            "query": filtering.kept(request.GET),
            "too_many": form == ExportForm.XLSX and count >= exporting.SHEET_ROWS,
            "back": _page_of(listing),
        }
        return desk.render(request, at, "web/dashboard/export.html", _section(listing), context)
    found = chain(first, sheet.rows)
    answer: Any
    if form == ExportForm.XLSX:
        content = exporting.workbook(sheet.title, sheet.head, found)
        answer = HttpResponse(content, content_type=exporting.TYPES[form])
    else:
        lines = exporting.csv_lines(sheet.head, found)
        answer = StreamingHttpResponse(lines, content_type=exporting.TYPES[form])
    answer["Content-Disposition"] = _attached(listing, form, clock.now())
    result: HttpResponse = answer
    return result


def _many(listing: str) -> str:
    return LISTINGS[listing].many if listing in LISTINGS else "payments"


def _page_of(listing: str) -> str:
    return LISTINGS[listing].url if listing in LISTINGS else reverse("web:payments")


def _section(listing: str) -> str:
    return LISTINGS[listing].page if listing in LISTINGS else "payments"


def _listing(request: HttpRequest) -> str:
    named = request.POST.get("listing", "")
    return named if named in LISTINGS else exporting.PAYMENTS


def _form(text: str) -> ExportForm:
    return ExportForm.XLSX if text == ExportForm.XLSX else ExportForm.CSV


def _attached(listing: str, form: ExportForm, at: datetime) -> str:
    return f'attachment; filename="{listing}-{at:%Y-%m-%d}.{form}"'


@require_POST
@desk.page(Right.VIEW_PAYMENTS)
def ask(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Ask for a large file."""
    query = request.POST.get("query", "")[:1000]
    listing = _listing(request)
    if listing in LISTINGS and not at.may(LISTINGS[listing].right):
        return desk.forbidden(request, at, LISTINGS[listing].right)
    exporting.ask(
        merchant_id=at.merchant.id,
        user_id=at.user.id,
        listing=listing,
        form=_form(request.POST.get("form", "")),
        query=query,
        at=clock.now(),
    )
    return redirect("web:exports")


@require_GET
@desk.page(Right.VIEW_PAYMENTS)
def listing(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Show the files one asked for, and how far each is."""
    return desk.render(request, at, "web/dashboard/exports.html", "payments", _context(at))


@require_GET
@desk.page(Right.VIEW_PAYMENTS)
def fragment(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Give the list alone, for a page that looks again while something is written."""
    return desk.render(request, at, "web/parts/exports.html", "payments", _context(at))


def _context(at: desk.Desk) -> dict[str, Any]:
    found = queries.exports(at.merchant.id, at.user.id)
    now = clock.now()
    moving = {ExportState.QUEUED, ExportState.RUNNING}
    return {
        "exports": [{"one": one, **_pace(one, now)} for one in found],
        "moving": any(one.state in moving for one in found),
    }


def _pace(one: Export, now: datetime) -> dict[str, int | None]:
    """Return rows per second and seconds left, once there is something to go by."""
    if one.state != ExportState.RUNNING or one.started_at is None or not one.rows_done:
        return {"rate": None, "left": None}
    seconds = max(1, int((now - one.started_at).total_seconds()))
    rate = max(1, one.rows_done // seconds)
    return {"rate": rate, "left": max(0, one.rows_total - one.rows_done) // rate}


@require_GET
@desk.page(Right.VIEW_PAYMENTS)
def file(request: HttpRequest, at: desk.Desk, export_id: UUID) -> HttpResponse:
    """Send a file that was written."""
    one = queries.export(export_id, at.merchant.id, at.user.id)
    if one is None or one.state != ExportState.DONE:
        raise Http404
    if one.listing in LISTINGS and not at.may(LISTINGS[one.listing].right):
        return desk.forbidden(request, at, LISTINGS[one.listing].right)
    answer = HttpResponse(objects.get(one.object_name), content_type=exporting.TYPES[one.form])
    answer["Content-Disposition"] = _attached(one.listing, one.form, one.created_at)
    return answer


@require_POST
@desk.page(Right.VIEW_PAYMENTS)
def cancel(request: HttpRequest, at: desk.Desk, export_id: UUID) -> HttpResponse:
    """Call an export off."""
    known = queries.export(export_id, at.merchant.id, at.user.id)
    if known is None:
        raise Http404
    if exporting.cancel(
        export_id=export_id, merchant_id=at.merchant.id, user_id=at.user.id, at=clock.now()
    ):
        messages.success(request, "The export was called off.")
    return redirect("web:exports")


@require_POST
@desk.page(Right.VIEW_PAYMENTS)
def save_view(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Keep a list's filters and columns under a name, or forget those."""
    listing = _listing(request)
    query = request.POST.get("query", "")[:1000]
    name = request.POST.get("name", "").strip()[:_MOST_NAME]
    forget = request.POST.get("forget", "")
    if forget:
        try:
            view_id = UUID(forget)
        except ValueError:
            raise Http404 from None
        exporting.forget_view(view_id=view_id, merchant_id=at.merchant.id, user_id=at.user.id)
        messages.success(request, "The view is forgotten.")
    elif not name:
        messages.warning(request, "Give the view a name. Nothing was kept.")
    elif exporting.save_view(
        merchant_id=at.merchant.id, user_id=at.user.id, listing=listing, name=name, query=query
    ):
        messages.success(request, f"The view “{name}” is kept.")
    else:
        messages.warning(request, "There are twenty views already. Forget one first.")
    return redirect(f"{_page_of(listing)}?{filtering.kept(QueryDict(query))}")
