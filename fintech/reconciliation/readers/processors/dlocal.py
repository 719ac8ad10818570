"""
dLocal: the settlement report (a HEADER row with totals, then a table), and the older export.

The settlement report's amounts are finer than a cent; its totals are rounded.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from fintech.reconciliation.readers import figures, tables
from fintech.reconciliation.readers.reports import (
    Adapter,
    Cells,
    Entry,
    Report,
    Stated,
    Told,
    kind_of,
)
from fintech.reconciliation.readers.staging import ZERO, Items, RejectedRow
from fintech.reconciliation.readers.tables import Broken, Table

SOURCE = "dlocal"
_KINDS = {"payment": "capture", "capture": "capture", "settlement_fee": "fee"}
_TOTALS = frozenset({"row type", "settlement currency", "net total amount"})


def knows(header: frozenset[str]) -> bool:
    """Whether a header is the settlement report's."""
    return header >= _TOTALS


def read(content: BinaryIO, table: Table) -> Items:
    """Yield each row, each row set aside, and at the end the report."""
    report, currency, batch = Report(SOURCE), "", ""
    columns = table.columns
    for row in table.rows(content):
        if isinstance(row, Broken):
            yield RejectedRow(line=row.line, reason=row.reason, expected="a row of CSV")
            continue
        first = row.cells[0].strip().upper()
        if first == "ROW_TYPE":
            header = [tables.normalized(cell) for cell in row.cells]
            columns = {name: (index,) for index, name in enumerate(header) if name}
            continue
        cells = Cells(replace(row, columns=columns), ".", figures.Order.MONTH_FIRST)
        if first == "HEADER":
            currency, batch = cells.text("settlement currency").upper(), cells.text("transfer id")
            yield from report.take(row.line, partial(_stated, cells), row.shown)
            continue
        yield from report.take(row.line, partial(_settled, cells, currency, batch), row.shown)
    yield report.ended()


def _stated(cells: Cells) -> Iterator[Told]:
    yield Stated(
        currency=cells.currency("settlement currency"),
        gross=cells.amount_or_none("gross total amount"),
        fee=-cells.amount("fee total amount"),
        net=cells.amount_or_none("net total amount"),
    )


def _settled(cells: Cells, currency: str, batch: str) -> Iterator[Told]:
    if not currency:
        message = "there is no HEADER row that names the settlement currency before it"
        raise ValueError(message)
    word = cells.text("row type").lower()
    yield Entry(
        kind=_KINDS.get(word, kind_of(word)),
        currency=currency,
        net=cells.amount("net amount"),
        fee=-cells.amount("fee amount"),
        gross=cells.amount("gross amount"),
        reference=cells.text("dlocal transaction id"),
        others=(cells.text("transaction id"), cells.text("description")),
        batch=batch,
        on=cells.day("approved date", "creation date"),
        booked_on=cells.day("creation date"),
        text=cells.text("description"),
        status=cells.text("status"),
    )


def _export(cells: Cells) -> Iterator[Told]:
    kind = kind_of(cells.text("type"))
    sign = -1 if kind in {"refund", "chargeback"} else 1
    local, currency = abs(cells.amount("net amount (local)")) * sign, cells.currency("currency")
    paid = cells.amount_or_none("amount (usd)")
    fee = ZERO
    if paid is not None:  # Fees and the tax on changing money are told in dollars.
        fee = cells.amount("fee") + cells.amount("iof")
    yield Entry(
        kind=kind,
        currency=currency if paid is None else "USD",
        net=local if paid is None else abs(paid) * sign - fee,
        fee=fee,
        gross=local if currency != "USD" or paid is None else abs(paid) * sign,
        gross_currency=currency,
        reference=cells.text("reference"),
        others=(
            cells.text("invoice"), cells.text("transaction reference"),
            cells.text("transaction invoice"),
        ),
        on=cells.day("settlement date", "creation date"),
        booked_on=cells.day("creation date"),
        text=cells.text("payment method"),
    )  # fmt: skip


EXPORT = Adapter(
    source=SOURCE,
    requires=(frozenset({"type", "net amount (local)", "amount (usd)", "currency"}),),
    told=_export,
    amounts=("net amount (local)", "amount (usd)", "fee", "iof"),
    days=("creation date", "settlement date"),
)
