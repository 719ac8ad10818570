"""
Lists as files: CSV or XLSX, exactly what the filters show, all pages of it.

Short lists are sent at once. Long ones are written in the background by the clock's task,
which says how far it is, stops when it is told to, and is taken over if it falls silent.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import QueryDict
from django_subatomic import db

from fintech.kernel import clock, ids, money, objects
from fintech.kernel.money import Money
from fintech.web import data, filtering, formats, lists, queries
from fintech.web.data import ExportForm, ExportState
from fintech.web.listings import LISTINGS, Cell
from fintech.web.models import Export, View

PAYMENTS = "payments"  # The list that has read models of its own.
AT_ONCE = 10_000  # Rows; more are written in the background.
SHEET_ROWS = 1_048_000  # What a spreadsheet can hold.
_ROWS = 1_000  # Read at once.
_SILENT = timedelta(seconds=60)  # A writer that says nothing for so long is gone.
_MOST_VIEWS = 20
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
TYPES = {
    ExportForm.CSV: "text/csv; charset=utf-8",
    ExportForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What becomes a file: a head, its rows, and how many there are where that is known."""

    title: str
    head: Sequence[str]
    rows: Iterator[Sequence[Cell]]
    total: int  # 0: nobody has counted them.


class Stopped(Exception):
    """Somebody called the export off while it was written."""


def sheet(listing: str, merchant_id: UUID, query: QueryDict, *, at: datetime) -> Sheet:
    """Return what a list's filters show, to be written."""
    if listing != PAYMENTS:
        source = LISTINGS[listing]
        told = source.read(query, at=at)
        return Sheet(
            title=source.title,
            head=[column.name for column in source.columns],
            rows=(source.cells(row) for row in source.rows(merchant_id, told)),
            total=0,
        )
    filters = filtering.read(query, at=at).filters
    return Sheet(
        title="Payments",
        head=HEAD,
        rows=rows(merchant_id, filters),
        total=queries.count(merchant_id, filters, most=SHEET_ROWS),
    )


def rows(merchant_id: UUID, filters: data.Filters) -> Iterator[Sequence[Cell]]:
    """Return every payment that fits, newest first, a page at a time."""
    after = ""
    while True:
        page = queries.payments(merchant_id, filters, after=after, limit=_ROWS)
        for row in lists.joined(merchant_id, page.lines):
            yield _row(row)
        if not page.older:
            return
        after = page.older


def _row(row: dict[str, Any]) -> Sequence[Cell]:
    line, payment = row["line"], row["payment"]
    card = payment.card if payment else None
    return (
        ids.public("pi", line.id),
        line.created_at.isoformat(),
        row["pill"],
        line.amount,
        line.amount.currency,
        line.captured,
        line.refunded,
        line.fee,
        payment.description if payment else "",
        card.brand if card else "",
        card.last4 if card else "",
        line.decline_code,
        "" if line.score is None else line.score,
        "" if line.customer_id is None else ids.public("cus", line.customer_id),
    )


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        """Return the line."""
        return line


def csv_lines(head: Sequence[str], found: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Return the lines of a CSV file, its head first."""
    writer = csv.writer(_Echo())
    yield writer.writerow(head)
    for row in found:
        yield writer.writerow([_text(cell) for cell in row])


def _text(cell: Cell) -> str:
    """Write a cell; what somebody typed is kept from being taken for a formula."""
    if isinstance(cell, Money):
        return formats.plain_amount(cell)
    if isinstance(cell, datetime):
        return cell.isoformat()
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def workbook(title: str, head: Sequence[str], found: Iterable[Sequence[Cell]]) -> bytes:
    """Return an XLSX file: amounts are numbers with their currency's decimals, all else is text."""
    import xlsxwriter

    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"constant_memory": True})
    sheet = book.add_worksheet(title)
    bold = book.add_format({"bold": True})
    amounts = {
        decimals: book.add_format({"num_format": "0." + "0" * decimals if decimals else "0"})
        for decimals in (0, 2, 3, 4)
    }
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(head) - 1, 14)
    for column, name in enumerate(head):
        sheet.write_string(0, column, name, bold)
    for at, row in enumerate(found, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, Money):
                # Written with sixteen digits: every amount that a bank can hold, exactly.
                exact = Fraction(cell.decimal())
                sheet.write_number(at, column, exact, amounts[money.exponent(cell.currency)])
            elif isinstance(cell, int):
                sheet.write_number(at, column, cell)
            elif cell:
                sheet.write_string(
                    at, column, cell.isoformat() if isinstance(cell, datetime) else cell
                )
    book.close()
    return written.getvalue()


# -- large exports -----------------------------------------------------------------------


def ask(
    *,
    merchant_id: UUID,
    user_id: UUID,
    listing: str = PAYMENTS,
    form: ExportForm,
    query: str,
    at: datetime,
) -> data.Export:
    """Ask for a file that is written in the background."""
    total = sheet(listing, merchant_id, QueryDict(query), at=at).total
    with db.transaction():
        row = Export.objects.create(
            merchant_id=merchant_id,
            user_id=user_id,
            listing=listing,
            form=form,
            query=query,
            state=ExportState.QUEUED,
            rows_total=total,
            created_at=at,
        )
    return row.as_data()


def cancel(*, export_id: UUID, merchant_id: UUID, user_id: UUID, at: datetime) -> bool:
    """Call an export off; False if it has ended already or is none of theirs."""
    with db.transaction():
        return bool(
            Export.objects.filter(
                id=export_id,
                merchant_id=merchant_id,
                user_id=user_id,
                state__in=[ExportState.QUEUED, ExportState.RUNNING],
            ).update(state=ExportState.CANCELED, finished_at=at)
        )


def write_due() -> int:
    """Write every file that waits, and return how many were written."""
    count = 0
    while (row := _take()) is not None:
        count += _write(row)
    return count


def _take() -> Export | None:
    """Take the oldest export that nobody writes."""
    at = clock.now()
    with db.transaction():
        row = (
            Export.objects.select_for_update(skip_locked=True)
            .filter(
                Q(state=ExportState.QUEUED)
                | Q(state=ExportState.RUNNING, heard_at__lt=at - _SILENT)
            )
            .order_by("created_at")
            .first()
        )
        if row is not None:
            row.state, row.started_at, row.heard_at = ExportState.RUNNING, at, at
            row.rows_done = 0
            row.save()
    return row


def _write(row: Export) -> bool:
    told = sheet(row.listing, row.merchant_id, QueryDict(row.query), at=row.created_at)
    found = _counted(row, told.rows)
    try:
        if row.form == ExportForm.XLSX:
            content = workbook(told.title, told.head, found)
        else:
            content = "".join(csv_lines(told.head, found)).encode()
        name = objects.put(content)
    except Stopped:
        return False
    except Exception:
        _end(row, ExportState.FAILED)
        raise
    return _end(row, ExportState.DONE, object_name=name)


def _counted(row: Export, found: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    """Pass rows on, and say after each page how many there were."""
    number = 0
    for number, cells in enumerate(found, start=1):
        yield cells
        if number % _ROWS == 0:
            _say(row, number)
    _say(row, number)


def _say(row: Export, number: int) -> None:
    total = row.rows_total and max(row.rows_total, number)
    with db.transaction():
        heard = Export.objects.filter(id=row.id, state=ExportState.RUNNING).update(
            rows_done=number, rows_total=total, heard_at=clock.now()
        )
    if not heard:
        raise Stopped


def _end(row: Export, state: ExportState, *, object_name: str = "") -> bool:
    with db.transaction():
        return bool(
            Export.objects.filter(id=row.id, state=ExportState.RUNNING).update(
                state=state, object_name=object_name, finished_at=clock.now()
            )
        )


# -- views -------------------------------------------------------------------------------


def save_view(
    *, merchant_id: UUID, user_id: UUID, listing: str = PAYMENTS, name: str, query: str
) -> bool:
    """Keep a list's filters and columns under a name; False if there are too many already."""
    with db.transaction():
        theirs = View.objects.filter(merchant_id=merchant_id, user_id=user_id, listing=listing)
        if theirs.exclude(name=name).count() >= _MOST_VIEWS:
            return False
        View.objects.update_or_create(
            merchant_id=merchant_id,
            user_id=user_id,
            listing=listing,
            name=name,
            defaults={"query": query},
        )
    return True


def forget_view(*, view_id: UUID, merchant_id: UUID, user_id: UUID) -> None:
    """Forget a view."""
    with db.transaction():
        View.objects.filter(id=view_id, merchant_id=merchant_id, user_id=user_id).delete()
