"""
Nothing gets lost: what a run began with is what it matched, broke, ignored and left waiting.

The beginning is measured before the run places anything, the end afterwards from where
the rows then are; a CHECK on the row that is stored refuses a sum that is not kept.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db import connection

from fintech.ledger.data import at_bank
from fintech.reconciliation.data import SOURCES, Place, Witness
from fintech.reconciliation.models import Run, RunTotal

type Measured = dict[tuple[str, str], "Sum"]


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows, and what they add up to in minor units."""

    count: int = 0
    minor: int = 0


_ROWS = {
    Witness.LEDGER: (
        "SELECT currency, place, run_id, amount_minor AS minor FROM reconciliation_expectation "
        "WHERE provider IN (%(source)s, %(at_bank)s) AND position <= %(position)s"
    ),
    Witness.PROCESSOR: (
        "SELECT l.currency, l.place, l.run_id, l.gross_minor AS minor FROM reconciliation_line l "
        "JOIN reconciliation_import f ON f.id = l.file_id AND f.sequence <= %(sequence)s "
        "WHERE l.source = %(source)s AND l.witness = 'processor'"
    ),
    Witness.BATCH: (
        "SELECT currency, place, run_id, net_minor AS minor FROM reconciliation_batch "
        "WHERE source = %(source)s"
    ),
    Witness.BANK: (
        "SELECT l.currency, l.place, l.run_id, l.net_minor AS minor FROM reconciliation_line l "
        "JOIN reconciliation_import f ON f.id = l.file_id AND f.sequence <= %(sequence)s "
        "JOIN reconciliation_statement s ON s.file_id = l.file_id AND s.ordinal = l.statement "
        "AND s.account = %(account)s WHERE l.witness = 'bank'"
    ),
}


def measure(run: Run, *witnesses: Witness) -> Measured:
    """Add up the rows that have no final place yet."""
    found: Measured = {}
    for witness in witnesses:
        for currency, count, minor in _query(
            f"SELECT currency, count(*), coalesce(sum(minor), 0) FROM ({_ROWS[witness]}) r "
            "WHERE place IN (%(open)s, %(broken)s) GROUP BY currency",
            run,
        ):
            found[witness, currency] = Sum(count, int(minor))
    return found


def store(run: Run, begun: Measured) -> list[RunTotal]:
    """Measure where the rows of a run have ended, and store it beside what it began with."""
    ended: defaultdict[tuple[str, str], dict[str, Sum]] = defaultdict(dict)
    for witness in Witness:
        for currency, place, count, minor in _query(
            "SELECT currency, place, count(*), coalesce(sum(minor), 0) "
            f"FROM ({_ROWS[witness]}) r WHERE place IN (%(open)s, %(broken)s) OR run_id = %(run)s "
            "GROUP BY currency, place",
            run,
        ):
            ended[witness, currency][place] = Sum(count, int(minor))
    nothing = Sum()
    totals = []
    for named, currency in sorted({*begun, *ended}):
        places = ended[named, currency]
        sums = {
            "input": begun.get((named, currency), nothing),
            "matched": places.get(Place.MATCHED, nothing),
            "broken": places.get(Place.BROKEN, nothing),
            "ignored": places.get(Place.IGNORED, nothing),
            "waiting": places.get(Place.OPEN, nothing),
        }
        totals.append(
            RunTotal(
                run=run,
                witness=named,
                currency=currency,
                **{f"{name}_count": found.count for name, found in sums.items()},
                **{f"{name}_minor": found.minor for name, found in sums.items()},
            )
        )
    return RunTotal.objects.bulk_create(totals)


def _query(sql: str, run: Run) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            {
                "source": run.source,
                "account": SOURCES[run.source].account,
                "at_bank": at_bank(SOURCES[run.source].account),
                "position": run.journal_position,
                "sequence": run.import_sequence,
                "run": run.id,
                "open": Place.OPEN,
                "broken": Place.BROKEN,
            },
        )
        return list(cursor.fetchall())
