"""Reading from the journal, in its order, what the ledger expects to be seen outside."""

from django_subatomic import db

from fintech.ledger import queries as ledger
from fintech.reconciliation.models import Cursor, Expectation

CHUNK = 2_000
_JOURNAL = "journal"


def read() -> int:
    """
    Read every new expectation, and return the position up to which all are known.

    A chunk and the position after it are committed together, so each is read once.
    """
    while True:
        with db.transaction():
            cursor, _ = Cursor.objects.select_for_update().get_or_create(name=_JOURNAL)
            found = ledger.expectations(cursor.position, CHUNK)
            if not found:
                return cursor.position
            Expectation.objects.bulk_create(
                Expectation(
                    ledger_line=line.line_id,
                    position=line.position,
                    entry_id=line.entry_id,
                    provider=line.provider,
                    kind=line.kind,
                    reference=line.reference,
                    currency=line.amount.currency,
                    amount_minor=line.amount.minor,
                    fee_minor=line.fee_estimate.minor,
                    due_on=line.due_on,
                    occurred_at=line.at,
                )
                for line in found
            )
            cursor.position = max(line.position for line in found)
            cursor.save()
