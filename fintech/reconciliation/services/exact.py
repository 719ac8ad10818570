"""
The bulk of leg 1: lines that stand alone under their reference and equal what we expect.

Ninety-nine of a hundred lines are such. The database finds them, a chunk at a time, and puts
line, expectation and batch into place in two statements; what is left is judged one by one.
"""

from django.db import connection
from django_subatomic import db

from fintech.reconciliation.data import SOURCES, Place, Rule, Witness
from fintech.reconciliation.models import Run
from fintech.reconciliation.services import forming

CHUNK = 10_000  # Lines per transaction.

# Each line's counterparts are looked up by index. Told so explicitly: just after an import the
# tables' statistics are older than the rows, and a plan that reads a whole table for each chunk
# takes the square of the time.
BY_INDEX = (
    "SET LOCAL enable_seqscan = off",
    "SET LOCAL enable_hashjoin = off",
    "SET LOCAL enable_mergejoin = off",
    "SET LOCAL jit = off",
)
_FIND = """
WITH chunk AS MATERIALIZED (
    SELECT l.id, l.kind, l.reference, l.currency, l.gross_minor, l.fee_minor, l.batch, l.status
    FROM reconciliation_line l
    WHERE l.source = %(source)s AND l.witness = %(witness)s AND l.place = %(open)s
      AND l.id > %(after)s AND EXISTS (
          SELECT FROM reconciliation_import f
          WHERE f.id = l.file_id AND f.sequence <= %(sequence)s)
    ORDER BY l.id LIMIT %(limit)s
)
SELECT c.id, e.id, c.batch, c.currency, c.fee_minor = e.fee_minor
FROM chunk c
LEFT JOIN LATERAL (
    SELECT min(x.id) AS id FROM reconciliation_expectation x
    WHERE x.provider = %(source)s AND x.kind = c.kind AND x.reference = c.reference
      AND c.reference <> ''
    HAVING count(*) = 1
) alone ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS lines FROM reconciliation_line o
    WHERE o.source = %(source)s AND o.kind = c.kind AND o.reference = c.reference
) beside ON alone.id IS NOT NULL
LEFT JOIN reconciliation_expectation e
    ON e.id = alone.id AND beside.lines = 1 AND c.status = '' AND e.place = %(open)s
    AND e.position <= %(position)s AND e.currency = c.currency AND e.amount_minor = c.gross_minor
    AND abs(e.fee_minor - c.fee_minor) <= %(fee)s
ORDER BY c.id
"""


def match(run: Run, after: int) -> int | None:
    """Match what fits exactly among the next open lines; return the last one seen, or None."""
    with db.transaction(), connection.cursor() as cursor:
        for setting in BY_INDEX:
            cursor.execute(setting)
        cursor.execute(
            _FIND,
            {
                "source": run.source,
                "witness": Witness.PROCESSOR,
                "open": Place.OPEN,
                "after": after,
                "sequence": run.import_sequence,
                "position": run.journal_position,
                "fee": SOURCES[run.source].fee.minor,
                "limit": CHUNK,
            },
        )
        rows = cursor.fetchall()
        if not rows:
            return None
        fitting = [row for row in rows if row[1] is not None]
        if fitting:
            lines, expectations, names, currencies, same = (
                list(column) for column in zip(*fitting, strict=True)
            )
            rules = [Rule.EXACT_REFERENCE if one else Rule.FEE_WITHIN_TOLERANCE for one in same]
            settlements = forming.waiting(run, set(zip(names, currencies, strict=True)))
            of = [settlements.get(key) for key in zip(names, currencies, strict=True)]
            cursor.execute(
                "UPDATE reconciliation_line t SET place = %s, rule = u.rule, run_id = %s, "
                "expectation_id = u.expectation, settlement_id = u.settlement "
                "FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::uuid[]) "
                "AS u(id, expectation, rule, settlement) WHERE t.id = u.id",
                [Place.MATCHED, run.id, lines, expectations, rules, of],
            )
            cursor.execute(
                "UPDATE reconciliation_expectation t SET place = %s, rule = u.rule, run_id = %s "
                "FROM unnest(%s::bigint[], %s::text[]) AS u(id, rule) WHERE t.id = u.id",
                [Place.MATCHED, run.id, expectations, rules],
            )
        return int(rows[-1][0])
