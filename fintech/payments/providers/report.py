"""
A settlement file for processors that list their movements but give no file of them.

It is the plain report that reconciliation also knows of the simulated acquirer: whole
minor units, one row per movement, and a total that the rows must add up to.
"""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from fintech.payments.data import AnswerStatus, SettlementFile

_COLUMNS = (
    *("type", "reference", "original_reference", "occurred_at", "currency"),
    *("gross_minor", "fee_minor", "net_minor", "batch"),
)
_DAY_SECONDS = 86_400


class Movement(NamedTuple):
    """
    Money that a processor has moved, in minor units: positive is money coming to us.

    `kind` is `capture`, `refund`, `refund_returned`, or the processor's own word for what
    we know nothing of; `reference` is ours, `original` the processor's. `at` is Unix time.
    """

    kind: str
    reference: str
    original: str
    at: int
    gross_minor: int
    fee_minor: int


def seconds_of(on: date) -> dict[str, int]:
    """Return a day (UTC) as a range of Unix time."""
    begin = int(datetime.combine(on, time(), UTC).timestamp())
    return {"gte": begin, "lt": begin + _DAY_SECONDS}


def written(movements: Iterable[Movement], *, currency: str) -> SettlementFile:
    """Return the file of a day's movements in one currency."""
    out = io.StringIO(newline="")
    write = csv.writer(out, lineterminator="\n").writerow
    write(_COLUMNS)
    gross = fee = 0
    for one in movements:
        when = datetime.fromtimestamp(one.at, UTC).isoformat()
        net = one.gross_minor - one.fee_minor
        row = (one.kind, one.reference, one.original, when, currency)
        write((*row, one.gross_minor, one.fee_minor, net, ""))
        gross, fee = gross + one.gross_minor, fee + one.fee_minor
    write(("TOTAL", "", "", "", currency, gross, fee, gross - fee, ""))
    return SettlementFile(status=AnswerStatus.SUCCEEDED, content=out.getvalue().encode())
