"""A source over time: match rate, fees, delay and mix of breaks per business day."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from fintech.kernel.money import Money
from fintech.reconciliation import data

_SIX = Decimal("0.000001")
_DAYS = """
SELECT l.booked_on, count(*), count(*) FILTER (WHERE l.place = 'matched'),
       coalesce(sum(abs(l.fee_minor)), 0), coalesce(sum(abs(l.gross_minor)), 0),
       avg(p.value_on - l.booked_on)
FROM reconciliation_line l
JOIN reconciliation_import f ON f.id = l.file_id AND f.state = 'imported'
LEFT JOIN reconciliation_batch b ON b.id = l.settlement_id AND b.place = 'matched'
LEFT JOIN reconciliation_line p ON p.id = b.bank_line_id
WHERE l.source = %s AND l.witness = 'processor' AND l.booked_on BETWEEN %s AND %s
  AND l.rule <> 'already_reported'
GROUP BY 1 ORDER BY 1
"""
_BREAKS = """
SELECT coalesce(l.booked_on, b.opened_at::date), b.kind, count(*)
FROM reconciliation_break b
LEFT JOIN LATERAL (
    SELECT min(x.booked_on) AS booked_on FROM reconciliation_line x WHERE x.difference_id = b.id
) l ON true
WHERE b.source = %s AND coalesce(l.booked_on, b.opened_at::date) BETWEEN %s AND %s
GROUP BY 1, 2
"""


def day_figures(*, source: str, begin: date, end: date) -> list[data.DayFigures]:
    """Return what each business day of a source looked like, in order."""
    mixes: defaultdict[date, dict[str, int]] = defaultdict(dict)
    for on, kind, count in _rows(_BREAKS, source, begin, end):
        mixes[on][kind] = count
    return [
        data.DayFigures(
            on=on,
            lines=lines,
            match_rate=(Decimal(matched) / lines).quantize(_SIX),
            fee_rate=(Decimal(fees) / Decimal(gross)).quantize(_SIX) if gross else Decimal(0),
            delay_days=Decimal(delay or 0).quantize(_SIX),
            breaks=sum(mixes[on].values()),
            mix=mixes[on],
        )
        for on, lines, matched, fees, gross, delay in _rows(_DAYS, source, begin, end)
    ]


def days_of_run(run_id: UUID) -> list[date]:
    """List the business days whose lines a run has placed, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT booked_on FROM reconciliation_line WHERE run_id = %s "
            "AND witness = 'processor' AND booked_on IS NOT NULL ORDER BY 1",
            [run_id],
        )
        return [on for (on,) in cursor.fetchall()]


def settlement_ageing(*, source: str, today: date) -> list[data.Age]:
    """Add up what a processor has reported and not paid yet, by days since its last row."""
    buckets: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT currency, last_on, net_minor FROM reconciliation_batch "
            "WHERE source = %s AND place IN ('open', 'broken')",
            [source],
        )
        for currency, last_on, net in cursor.fetchall():
            days = (today - last_on).days if last_on else 0
            name = "0-1" if days <= 1 else "2-3" if days <= 3 else "4-7" if days <= 7 else "8+"  # noqa: PLR2004 -- the buckets.
            part = buckets[name, currency]
            part[0] += 1
            part[1] += net
    return [
        data.Age(days=days, currency=currency, count=count, minor=minor)
        for (days, currency), (count, minor) in sorted(buckets.items())
    ]


def fee_report(*, source: str, begin: date, end: date) -> list[data.Fees]:
    """Compare per currency what a processor charged with what was expected of matched lines."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.currency, count(*), sum(l.gross_minor), sum(l.fee_minor), "
            "sum(e.fee_minor) FROM reconciliation_line l "
            "JOIN reconciliation_expectation e ON e.id = l.expectation_id "
            "AND e.currency = l.currency "
            "WHERE l.source = %s AND l.place = 'matched' AND l.booked_on BETWEEN %s AND %s "
            "GROUP BY 1 ORDER BY 1",
            [source, begin, end],
        )
        return [
            data.Fees(
                currency=currency,
                lines=lines,
                gross=Money(int(gross), currency),
                charged=Money(int(charged), currency),
                expected=Money(int(expected), currency),
            )
            for currency, lines, gross, charged, expected in cursor.fetchall()
        ]


def _rows(sql: str, source: str, begin: date, end: date) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [source, begin, end])
        return list(cursor.fetchall())
