"""The payments list as a file: exactly what the filters of the address show, all pages of it."""

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from fintech.kernel import clock, ids
from fintech.merchants.data import Right
from fintech.web import formats, queries
from fintech.web.dashboard import desk, payments
from fintech.web.data import Filters

_ROWS = 500  # Read at once.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
HEAD = (
    "id",
    "created_utc",
    "status",
    "amount",
    "currency",
    "captured",
    "refunded",
    "fee",
    "description",
    "card_brand",
    "card_last4",
    "decline_code",
    "risk_score",
    "customer_id",
)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        """Return the line."""
        return line


@require_GET
@desk.page(Right.VIEW_PAYMENTS)
def export(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Send the filtered payments as CSV, row by row, whatever their number."""
    filters, _, problem = payments.filters_of(request)
    if problem:
        return desk.render(
            request,
            at,
            "web/dashboard/nothing_found.html",
            "payments",
            {"search": problem},
            status=400,
        )
    writer = csv.writer(_Echo())
    answer: Any = StreamingHttpResponse(
        (writer.writerow(row) for row in _rows(at, filters)), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="payments-{clock.now():%Y-%m-%d}.csv"'
    result: HttpResponse = answer
    return result


def _rows(at: desk.Desk, filters: Filters) -> Iterator[Sequence[object]]:
    yield HEAD
    after = ""
    while True:
        page = queries.payments(at.merchant.id, filters, after=after, limit=_ROWS)
        for row in payments.rows(at, page.lines):
            yield _row(row)
        if not page.older:
            return
        after = page.older


def _row(row: dict[str, Any]) -> Sequence[object]:
    line, payment = row["line"], row["payment"]
    card = payment.card if payment else None
    return (
        ids.public("pi", line.id),
        line.created_at.isoformat(),
        row["pill"],
        formats.plain_amount(line.amount),
        line.amount.currency,
        formats.plain_amount(line.captured),
        formats.plain_amount(line.refunded),
        formats.plain_amount(line.fee),
        _text(payment.description if payment else ""),
        card.brand if card else "",
        card.last4 if card else "",
        line.decline_code,
        "" if line.score is None else line.score,
        "" if line.customer_id is None else ids.public("cus", line.customer_id),
    )


def _text(typed: str) -> str:
    """Keep what somebody typed from being taken for a formula by a spreadsheet."""
    return f"'{typed}" if typed.startswith(_FORMULA) else typed
