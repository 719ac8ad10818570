"""The pages of lists that `listings` defines: filters, columns, views, pages and files alike."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from fintech.kernel import clock, ids
from fintech.web import filtering, queries
from fintech.web.dashboard import desk
from fintech.web.listings import CUSTOMERS, PAGE, REFUNDS, Listing


def context(request: HttpRequest, at: desk.Desk, listing: Listing) -> dict[str, Any]:
    """Return what `parts/listing.html` shows."""
    told = listing.read(request.GET, at=clock.now())
    after, before = (listing.mark(request.GET.get(name, "")) for name in ("after", "before"))
    found = listing.ask(at.merchant.id, told, PAGE, after, before)
    backwards = before is not None
    columns = [one for one in listing.columns if one.name in _chosen(request, listing)]
    rows = found.items
    return {
        "list": listing,
        "columns": columns,
        "all_columns": [(one.name, one.label, one in columns) for one in listing.columns[1:]],
        "rows": [[(column, column.read(row), _way(column, row)) for column in columns]
                 for row in rows],
        "found": rows,
        "choices": [(one, told.values.get(one.name, "")) for one in listing.choices],
        "periods": filtering.PERIODS,
        "days": request.GET.get("days", ""),
        "chips": told.chips,
        "older": _mark(listing, rows, -1) if found.has_more or backwards else "",
        "newer": _mark(listing, rows, 0) if (found.has_more if backwards else after) else "",
        "views": queries.views(at.merchant.id, at.user.id, listing.name),
        "query": filtering.kept(request.GET),
        "export_url": reverse(f"web:export-{listing.name}"),
    }  # fmt: skip


def _way(column: Any, row: Any) -> str:
    return column.leads(row) if column.leads else ""


def _mark(listing: Listing, rows: Any, place: int) -> str:
    return ids.public(listing.prefix, rows[place].id) if rows else ""


def _chosen(request: HttpRequest, listing: Listing) -> list[str]:
    """Return the columns that are shown: the address's, else those chosen before."""
    kept = f"{listing.name}_columns"
    known = [one.name for one in listing.columns]
    if "cols" in request.GET:
        chosen = {known[0], *request.GET.getlist("cols")}
        request.session[kept] = [name for name in known if name in chosen]
    usual = [one.name for one in listing.columns if one.usual]
    found: list[str] = request.session.get(kept, usual)
    return found


@require_GET
@desk.page(REFUNDS.right)
def refunds(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """List refunds, newest first."""
    shown = context(request, at, REFUNDS)
    return desk.render(request, at, "web/dashboard/refunds.html", "refunds", shown)


@require_GET
@desk.page(CUSTOMERS.right)
def customers(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """List customers, newest first."""
    shown = context(request, at, CUSTOMERS)
    return desk.render(request, at, "web/dashboard/customers.html", "customers", shown)
