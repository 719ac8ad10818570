"""Batches: what a processor says it pays at once, made of the lines that name it."""

from uuid import UUID

from django.db import connection
from django_subatomic import db

from fintech.kernel import ids
from fintech.reconciliation.data import Place, Witness
from fintech.reconciliation.models import Run
from fintech.reconciliation.services.placing import CHUNK


def form(run: Run) -> None:
    """
    Put every line that was placed in leg 1 into its processor's batch, and add them up.

    What comes for a batch that was paid already makes a batch of its own. Interrupted,
    it goes on where it stopped.
    """
    while _join(run):
        pass
    with db.transaction(), connection.cursor() as cursor:
        cursor.execute(
            _ADD_UP, [Place.MATCHED, Place.IGNORED, run.source, Place.OPEN, Place.BROKEN]
        )


_ADD_UP = """
UPDATE reconciliation_batch b
SET rows = t.rows, gross_minor = t.gross, fee_minor = t.fee, net_minor = t.net,
    fee_difference_minor = t.fee_difference, last_on = t.last_on
FROM (
    SELECT l.settlement_id, count(*) AS rows, sum(l.gross_minor) AS gross,
           sum(l.fee_minor) AS fee, sum(l.net_minor) AS net, max(l.value_on) AS last_on,
           coalesce(sum(l.fee_minor - e.fee_minor)
             FILTER (WHERE l.place = %s AND l.currency = e.currency), 0) AS fee_difference
    FROM reconciliation_line l
    LEFT JOIN reconciliation_expectation e ON e.id = l.expectation_id
    WHERE l.place <> %s AND l.settlement_id IN (
        SELECT id FROM reconciliation_batch WHERE source = %s AND place IN (%s, %s)
    )
    GROUP BY 1
) t
WHERE b.id = t.settlement_id
"""


def _join(run: Run) -> int:
    """Put a chunk of lines into their batches; tell how many. What failed is not paid."""
    with db.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.id, l.batch, l.currency FROM reconciliation_line l "
            "JOIN reconciliation_import f ON f.id = l.file_id AND f.sequence <= %s "
            "WHERE l.source = %s AND l.witness = %s AND l.settlement_id IS NULL "
            "AND l.batch <> '' AND l.status = '' AND l.place IN (%s, %s) LIMIT %s",
            [
                run.import_sequence,
                run.source,
                Witness.PROCESSOR,
                Place.MATCHED,
                Place.BROKEN,
                CHUNK,
            ],
        )
        rows = cursor.fetchall()
        if not rows:
            return 0
        settlements = waiting(run, {(name, currency) for _, name, currency in rows})
        cursor.execute(
            "UPDATE reconciliation_line t SET settlement_id = u.settlement "
            "FROM unnest(%s::bigint[], %s::uuid[]) AS u(id, settlement) WHERE t.id = u.id",
            [
                [line_id for line_id, _, _ in rows],
                [settlements[name, currency] for _, name, currency in rows],
            ],
        )
        return len(rows)


def waiting(run: Run, named: set[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    """Return the waiting batches that lines name, made where there are none yet."""
    wanted = sorted(key for key in named if key[0])
    if not wanted:
        return {}
    names, currencies = ([*column] for column in zip(*wanted, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO reconciliation_batch (id, source, name, currency, rows, gross_minor, "
            "fee_minor, net_minor, fee_difference_minor, place, rule) "
            "SELECT u.id, %s, u.name, u.currency, 0, 0, 0, 0, 0, %s, '' "
            "FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS u(id, name, currency) "
            "WHERE NOT EXISTS (SELECT FROM reconciliation_batch b WHERE b.source = %s "
            "AND b.name = u.name AND b.currency = u.currency AND b.place IN (%s, %s))",
            [
                run.source,
                Place.OPEN,
                [ids.new() for _ in wanted],
                names,
                currencies,
                run.source,
                Place.OPEN,
                Place.BROKEN,
            ],
        )
        cursor.execute(
            "SELECT b.name, b.currency, b.id FROM unnest(%s::text[], %s::text[]) "
            "AS u(name, currency) JOIN reconciliation_batch b ON b.source = %s "
            "AND b.name = u.name AND b.currency = u.currency AND b.place IN (%s, %s)",
            [names, currencies, run.source, Place.OPEN, Place.BROKEN],
        )
        return {(name, currency): batch for name, currency, batch in cursor.fetchall()}
