"""Reading from the journal, in its order, what the ledger expects to be seen outside."""

import time
from collections.abc import Sequence

from django.db import connection
from django_subatomic import db

from fintech.ledger import queries as ledger
from fintech.ledger.data import Expectation
from fintech.reconciliation.data import Place, Rule
from fintech.reconciliation.models import Cursor

CHUNK = 5_000
_COPY = (
    "COPY reconciliation_expectation (ledger_line, position, entry_id, provider, kind, reference, "
    "currency, amount_minor, fee_minor, due_on, occurred_at, place, rule) FROM STDIN"
)
_JOURNAL = "journal"
_PATIENCE_S = 10  # A transaction of the runtime role ends within 5 seconds.
_POLL_S = 0.02


def read() -> int:
    """
    Read every new expectation, and return the position up to which all are known.

    A chunk and the position after it are committed together, so each is read once. What
    was committed before this call is among them: the journal is read below the oldest
    open transaction, so those that are open now are waited for.
    """
    _wait_for_open_transactions()
    while True:
        with db.transaction():
            cursor, _ = Cursor.objects.select_for_update().get_or_create(name=_JOURNAL)
            found = ledger.expectations(cursor.position, CHUNK)
            if not found:
                return cursor.position
            _copy(found)
            cursor.position = max(line.position for line in found)
            cursor.save()


def _copy(found: Sequence[Expectation]) -> None:
    """Send expectations by COPY, several times as fast as an INSERT of as many values."""
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for line in found:
            copy.write_row(
                (
                    line.line_id,
                    line.position,
                    line.entry_id,
                    line.provider,
                    line.kind.value,
                    line.reference,
                    line.amount.currency,
                    line.amount.minor,
                    line.fee_estimate.minor,
                    line.due_on,
                    line.at,
                    Place.OPEN.value,
                    Rule.NONE.value,
                )
            )


def _wait_for_open_transactions() -> None:
    if connection.in_atomic_block:
        return  # We would wait for ourselves.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        (open_now,) = cursor.fetchone()
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            if cursor.fetchone()[0] >= open_now:
                return
            time.sleep(_POLL_S)
