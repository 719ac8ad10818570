"""
PayPal: settlement (STL), transaction (TRR) and subscription (SAR) reports, and its activity export.

Each row of a report begins with what it is: SB a row, SF and RF the totals of a section and
of the report, SC and RC how many rows there are. Amounts are whole minor units with their
sign in a column beside them.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import BinaryIO

from fintech.reconciliation.readers import decoding, figures, tables
from fintech.reconciliation.readers.reports import (
    Adapter,
    Cells,
    Counted,
    Entry,
    Report,
    Stated,
    Told,
    in_minor,
)
from fintech.reconciliation.readers.staging import ZERO, Items, RejectedRow, clean
from fintech.reconciliation.readers.tables import Broken, Row

SOURCE = "paypal"
_KNOWN = {"RH", "FH", "SH", "CH", "SB", "SF", "SC", "RF", "RC", "FF"}
_FIRST = {"RH", "FH", "SH", "CH"}
# The first two digits of an event code are its family.
_FAMILIES = {
    "T00": "capture", "T01": "fee", "T02": "conversion", "T03": "deposit", "T04": "payout",
    "T05": "debit_card", "T06": "credit_card", "T07": "capture", "T08": "bonus",
    "T09": "incentive", "T10": "bill_pay", "T11": "refund", "T12": "chargeback",
    "T13": "authorization", "T14": "dividend", "T15": "hold", "T17": "adjustment",
    "T18": "payout", "T19": "adjustment", "T20": "transfer", "T21": "reserve",
    "T97": "other", "T99": "other",
}  # fmt: skip
_STATED = 6  # Cells of a row that states totals: what it is, currency, and four sums.


def recognizes(lines: list[str]) -> str | None:
    """Return the delimiter if the first rows are a PayPal report's, else None."""
    for delimiter in tables.DELIMITERS:
        first = list(islice(tables.parse(iter(lines), delimiter), 8))
        codes = [_code(row[1]) for row in first if not isinstance(row, Broken) and any(row[1])]
        if codes and codes[0] in _FIRST and set(codes) <= _KNOWN and "CH" in codes:
            return delimiter
    return None


def read(content: BinaryIO) -> Items:
    """Yield each row, each row set aside, and at the end the report."""
    delimiter = recognizes(list(islice(decoding.lines(content), 20))) or ","
    report = Report(SOURCE)
    columns: dict[str, tuple[int, ...]] = {}
    sections: list[tuple[int, Row]] = []
    stated = False
    for parsed in tables.parse(decoding.lines(content), delimiter):
        if isinstance(parsed, Broken):
            yield RejectedRow(line=parsed.line, reason=parsed.reason, expected="a row of CSV")
            continue
        line, cells = parsed
        if not any(cell.strip() for cell in cells):
            continue
        code = _code(cells)
        if code == "CH":
            columns = {}
            for index, cell in enumerate(cells):
                name = tables.normalized(cell)
                columns[name] = (*columns.get(name, ()), index)
        row = Row(line, cells, columns)
        if code == "SF":  # The report's own totals (RF) repeat them; they count where it has none.
            sections.append((line, row))
            continue
        stated = stated or code == "RF"
        yield from report.take(line, partial(_told, row, code), row.shown)
    for line, row in () if stated else sections:
        yield from report.take(line, partial(_totals, row.cells), row.shown)
    yield report.ended()


def _told(row: Row, code: str) -> Iterator[Told]:
    cells = Cells(row, ".", figures.Order.MONTH_FIRST)
    match code:
        case "SB" if row.has("subscription id"):
            yield _subscription(cells)
        case "SB":
            yield _moved(cells)
        case "RF":
            yield from _totals(row.cells)
        case "RC":
            if len(row.cells) > 1:
                yield Counted(rows=int(figures.amount(row.cells[1])))
        case _ if code not in _KNOWN:
            message = f"a row begins with {clean(code, 20)!r}"
            raise ValueError(message)


def _moved(cells: Cells) -> Entry:
    currency = cells.currency("gross transaction currency")
    charged = cells.currency("fee currency")
    if not currency:
        message = "the gross transaction currency is missing"
        raise ValueError(message)
    if charged and charged != currency:
        message = f"the fee is in {charged}, the amount in {currency}"
        raise ValueError(message)
    gross = _signed(cells, "gross transaction amount", "transaction debit or credit", currency)
    fee = -_signed(cells, "fee amount", "fee debit or credit", currency)
    code = cells.text("transaction event code")
    return Entry(
        kind=_FAMILIES.get(code[:3].upper(), code),
        currency=currency,
        net=gross - fee,
        fee=fee,
        gross=gross,
        reference=cells.text("transaction id"),
        others=(
            cells.text("invoice id"), cells.text("paypal reference id"), cells.text("custom field"),
        ),
        batch=cells.text("bank reference id"),
        on=cells.day("transaction completion date", "transaction initiation date"),
        booked_on=cells.day("transaction initiation date"),
        text=code,
        status=cells.text("transactional status"),
    )  # fmt: skip


def _subscription(cells: Cells) -> Entry:
    """A subscription was agreed or ended: nothing has moved."""
    return Entry(
        kind="subscription",
        currency=cells.currency("subscription currency"),
        net=ZERO,
        reference=cells.text("subscription id"),
        on=cells.day("subscription creation date"),
        text=cells.text("subscription action type"),
    )


def _signed(cells: Cells, amount: str, sign: str, currency: str) -> Decimal:
    value = in_minor(cells.whole(amount), currency)
    word = cells.text(sign).upper()
    if value and word not in {"CR", "DR"}:
        message = f"{sign}: {clean(word, 10)!r} is neither CR nor DR"
        raise ValueError(message)
    return -value if word == "DR" else value


def _totals(cells: list[str]) -> Iterator[Told]:
    if len(cells) < _STATED or not cells[1].strip().isalpha():
        return  # Some reports only count their rows there.
    currency = cells[1].strip().upper()
    credit, debit, fee_credit, fee_debit = (
        in_minor(figures.amount(cell or "0"), currency) for cell in cells[2:_STATED]
    )
    gross, fee = credit - debit, fee_debit - fee_credit
    yield Stated(currency=currency, gross=gross, fee=fee, net=gross - fee)


def _code(cells: list[str]) -> str:
    return cells[0].strip().strip("\ufeff\"'").upper() if cells else ""


def _activity(cells: Cells) -> Iterator[Told]:
    currency = cells.currency("currency")
    if not currency:
        message = "the currency is missing"
        raise ValueError(message)
    gross, net = cells.amount("gross"), cells.amount("net")
    yield Entry(
        kind=cells.text("type", "description").lower().replace(" ", "_"),
        currency=currency,
        net=net,
        fee=-cells.amount("fee", "fees"),
        gross=gross,
        reference=cells.text("transaction id"),
        others=(cells.text("reference txn id"), cells.text("invoice number")),
        on=cells.day("date"),
        text=cells.text("name"),
        status=cells.text("status"),
    )


ACTIVITY = Adapter(
    source=SOURCE,
    requires=(frozenset({"transaction id", "gross", "fee", "net", "currency", "date"}),),
    told=_activity,
    amounts=("gross", "fee", "net", "balance"),
    days=("date",),
)
