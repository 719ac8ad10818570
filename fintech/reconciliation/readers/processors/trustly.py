"""
Trustly: the P11KFUN funding report. Rows have no header; a letter says what each is.

H the report, I a transaction, F a funding, L the totals: items, their sum, fundings, what is paid.
"""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import BinaryIO

from fintech.reconciliation.readers import decoding, figures, tables
from fintech.reconciliation.readers.reports import Counted, Entry, Report, Stated, Told, kind_of
from fintech.reconciliation.readers.staging import ZERO, Items, RejectedRow, clean
from fintech.reconciliation.readers.tables import Broken, Cells, Row

SOURCE = "trustly"
_KNOWN = {"H", "I", "F", "L"}
# Where a transaction's row has what.
_ID, _CREATED, _TYPE, _STATUS, _PROCESSED, _CURRENCY, _AMOUNT = 1, 2, 10, 11, 12, 14, 15
_ACCOUNT, _REASON, _MERCHANT_REFERENCE, _PTX, _FEE = 16, 17, 20, 21, 22


def recognizes(lines: list[str]) -> str | None:
    """Return the delimiter if the first row is this report's, else None."""
    for delimiter in tables.DELIMITERS:
        first = next(tables.parse(iter(lines[:1]), delimiter), None)
        if first is None or isinstance(first, Broken):
            continue
        cells = [cell.strip().strip("\ufeff") for cell in first[1]]
        if len(cells) >= 5 and cells[0] == "H" and cells[1].upper().startswith("P11K"):  # noqa: PLR2004
            return delimiter
    return None


def read(content: BinaryIO) -> Items:
    """Yield each row, each row set aside, and at the end the report."""
    delimiter = recognizes(list(islice(decoding.lines(content), 1))) or ","
    report = Report(SOURCE)
    currencies: set[str] = set()
    for parsed in tables.parse(decoding.lines(content), delimiter):
        if isinstance(parsed, Broken):
            yield RejectedRow(line=parsed.line, reason=parsed.reason, expected="a row of CSV")
            continue
        line, cells = parsed
        if not any(cell.strip() for cell in cells):
            continue
        yield from report.take(
            line,
            partial(_told, [cell.strip() for cell in cells], currencies),
            Row(line, cells, {}).shown,
        )
    yield report.ended()


def _told(cells: Cells, currencies: set[str]) -> Iterator[Told]:
    match cells[0].strip("\ufeff").upper():
        case "I":
            entry = _transaction(cells)
            currencies.add(entry.currency)
            yield entry
        case "L":
            yield Counted(rows=int(figures.amount(cells[1])))
            if len(currencies) == 1:  # The totals name no currency.
                gross, net = figures.amount(cells[2]), figures.amount(cells[4])
                yield Stated(currency=next(iter(currencies)), gross=gross, net=net)
        case other if other not in _KNOWN:
            message = f"a row begins with {clean(other, 20)!r}"
            raise ValueError(message)


def _transaction(cells: Cells) -> Entry:
    currency = cells[_CURRENCY].upper()
    if len(currency) != 3 or not currency.isalpha():  # noqa: PLR2004 -- ISO 4217.
        message = f"{clean(currency, 20)!r} is no currency"
        raise ValueError(message)
    gross = figures.amount(cells[_AMOUNT])
    charged = cells[_FEE] if len(cells) > _FEE else ""
    fee = -figures.amount(charged) if charged else ZERO
    kind = kind_of(cells[_TYPE])
    return Entry(
        kind="refund" if kind == "capture" and gross < 0 else kind,
        currency=currency,
        net=gross - fee,
        fee=fee,
        gross=gross,
        reference=cells[_ID],
        others=tuple(cells[_MERCHANT_REFERENCE : _PTX + 1]),
        on=figures.day(cells[_PROCESSED] or cells[_CREATED]),
        booked_on=figures.day(cells[_CREATED]),
        text=f"{cells[_STATUS]} {cells[_REASON]}",
    )
