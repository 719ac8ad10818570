"""
The simulated acquirer's settlement report.

    type,reference,original_reference,occurred_at,currency,gross_minor,fee_minor,net_minor,batch

One that also tells what became of a row, or pays in another currency than the payer's, adds
`status`, `original_currency` and `original_minor`. One row per capture or refund, then a
trailer `TOTAL` whose sums the body must tie out to. Signs follow the money: a refund's gross
is negative.
"""

from datetime import datetime
from decimal import Decimal
from typing import BinaryIO

from fintech.kernel import money
from fintech.reconciliation.errors import FileRejected
from fintech.reconciliation.readers import decoding, tables
from fintech.reconciliation.readers.reports import status_of
from fintech.reconciliation.readers.staging import (
    Items,
    Line,
    ProcessorReport,
    RejectedRow,
    ReportSums,
    clean,
)
from fintech.reconciliation.readers.tables import Broken

COLUMNS = (
    "type",
    "reference",
    "original_reference",
    "occurred_at",
    "currency",
    "gross_minor",
    "fee_minor",
    "net_minor",
    "batch",
)
MORE = ("status", "original_currency", "original_minor")
HEADER = ",".join(COLUMNS)
SOURCE = "simulator"
DIGITS_MAX = 18


def read(content: BinaryIO) -> Items:
    """
    Yield each row, each row set aside, and at the end the report.

    Raises:
        FileRejected: the header is not this report's.
    """
    rows = tables.parse(decoding.lines(content), ",")
    begun = next(rows, None)
    header = [] if begun is None or isinstance(begun, Broken) else begun[1]
    columns = tuple(column.strip() for column in header)
    if columns not in {COLUMNS, COLUMNS + MORE}:
        raise FileRejected("the header is not the simulated acquirer's", line=1)
    sums: dict[str, ReportSums] = {}
    stated: dict[str, ReportSums] = {}
    for parsed in rows:
        if isinstance(parsed, Broken):
            yield RejectedRow(line=parsed.line, reason=parsed.reason, expected=HEADER)
            continue
        number, row = parsed
        if not any(cell.strip() for cell in row):
            continue
        try:
            line = _row(number, row, columns)
        except ValueError as refused:
            yield RejectedRow(
                line=number,
                reason=str(refused),
                text=clean(",".join(row[:12]), 200),
                expected=HEADER,
            )
            continue
        into = stated if line.kind == "total" else sums
        so_far = into.get(line.currency, ReportSums())
        into[line.currency] = ReportSums(
            rows=so_far.rows + 1,
            gross=so_far.gross + line.gross,
            fee=so_far.fee + line.fee,
            net=so_far.net + line.net,
        )
        if line.kind != "total":
            yield line
    yield _report(sums, stated)


def _row(number: int, row: list[str], columns: tuple[str, ...]) -> Line:
    if len(row) != len(columns):
        msg = f"{len(row)} columns, not {len(columns)}"
        raise ValueError(msg)
    kind, reference, original, occurred_at, currency, gross, fee, net, batch = (
        cell.strip() for cell in row[: len(COLUMNS)]
    )
    status, seen, original_minor = (cell.strip() for cell in (row[len(COLUMNS) :] or ("", "", "")))
    if seen and not money.is_known(seen):
        msg = f"currency {clean(seen, 20)!r} is not known"
        raise ValueError(msg)
    if not money.is_known(currency):
        msg = f"currency {clean(currency, 20)!r} is not known"
        raise ValueError(msg)
    total = kind.upper() == "TOTAL"
    if not total and not reference:
        msg = "the reference is missing"
        raise ValueError(msg)
    on = None
    if not total:
        try:
            on = datetime.fromisoformat(occurred_at).date()
        except ValueError:
            msg = f"occurred_at {clean(occurred_at, 40)!r} is not an ISO 8601 time"
            raise ValueError(msg) from None
    amounts = [
        _minor(name, text, currency)
        for name, text in (("gross", gross), ("fee", fee), ("net", net))
    ]
    if not total and amounts[0] - amounts[1] != amounts[2]:
        msg = f"net_minor is {net}, but gross_minor - fee_minor is {int(gross) - int(fee)}"
        raise ValueError(msg)
    return Line(
        statement=0,
        line=number,
        kind="total" if total else clean(kind.lower(), 40),
        currency=currency,
        gross=amounts[0],
        fee=amounts[1],
        net=amounts[2],
        value_on=on,
        booked_on=on,
        reference=clean(reference, 200),
        other_references=(clean(original, 200),) if original else (),
        batch=clean(batch, 200),
        details=1,
        status=status_of(status),
        original=_minor("original", original_minor, seen) if seen else None,
        original_currency=seen,
    )


def _minor(name: str, text: str, currency: str) -> Decimal:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > DIGITS_MAX:
        msg = f"{name}_minor {clean(text, 40)!r} is not a whole number of minor units"
        raise ValueError(msg)
    return Decimal(int(text)).scaleb(-money.exponent(currency))


def _report(sums: dict[str, ReportSums], stated: dict[str, ReportSums]) -> ProcessorReport:
    differences = {
        currency: stated.get(currency, ReportSums()).net - sums.get(currency, ReportSums()).net
        for currency in {*sums, *stated}
    }
    tell = [
        f"{currency}: the report states a net total of {stated[currency].net}, its rows add up to "
        f"{sums.get(currency, ReportSums()).net}"
        if currency in stated
        else f"{currency}: the report states no total"
        for currency, difference in sorted(differences.items())
        if difference or currency not in stated
    ]
    return ProcessorReport(
        ordinal=0,
        source=SOURCE,
        rows=sum(part.rows for part in sums.values()),
        by_currency=sums,
        ties_out=not tell if stated else None,
        differences={currency: by for currency, by in sorted(differences.items()) if by}
        if stated
        else None,
        notes=tuple(tell),
    )
