"""Month-end statements: on the page, as PDF with its proof, and as CSV."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from fintech.kernel import clock
from fintech.merchants.data import Right
from fintech.payments import queries as payment_queries
from fintech.web import statements
from fintech.web.dashboard import desk

_MONTHS = 12


@require_GET
@desk.page(Right.VIEW_REPORTS)
def listing(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """List the last months, for each currency there is."""
    currencies = _currencies(at)
    context = {
        "currencies": currencies,
        "months": _months(clock.now().date()),
    }
    return desk.render(request, at, "web/dashboard/statements.html", "statements", context)


def _currencies(at: desk.Desk) -> list[str]:
    found = [one.currency for one in payment_queries.balance(at.merchant.id).pending]
    return found or [at.merchant.default_currency]


def _months(today: date) -> list[date]:
    found = [today.replace(day=1)]
    while len(found) < _MONTHS:
        year, month = found[-1].year, found[-1].month
        found.append(date(year - (month == 1), month - 1 or 12, 1))
    return found


@require_GET
@desk.page(Right.VIEW_REPORTS)
def page(request: HttpRequest, at: desk.Desk, month: str, currency: str) -> HttpResponse:
    """Show one month, or send it as a file."""
    first = _first(month)
    if currency not in _currencies(at):
        raise Http404
    statement = statements.month(at.merchant.id, currency, first, at=clock.now())
    form = request.GET.get("form", "")
    if form in {"pdf", "csv"}:
        return _file(at, statement, form)
    address = reverse("web:statement", args=[month, currency])
    context = {
        "statement": statement,
        "address": address,
        "moved": statement.closing - statement.opening,
    }
    return desk.render(request, at, "web/dashboard/statement.html", "statements", context)


def _first(month: str) -> date:
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Http404 from None
    if first > clock.now().date():
        raise Http404
    return first


def _file(at: desk.Desk, statement: statements.Statement, form: str) -> HttpResponse:
    content: Any
    if form == "pdf":
        content = statements.as_pdf(statement, merchant=at.merchant.name)
        kind = "application/pdf"
    else:
        content = "".join(statements.as_csv(statement))
        kind = "text/csv; charset=utf-8"
    answer = HttpResponse(content, content_type=kind)
    name = f"statement-{statement.first:%Y-%m}-{statement.currency}.{form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
