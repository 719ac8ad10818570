"""What keeps the journal as it grows: seals over what was posted, partitions for what will be."""

from django.db import connection
from django_subatomic import db

from fintech.ledger import data, queries


def seal() -> data.Seal | None:
    """
    Seal every committed entry that is not sealed yet, up to 20,000 at once.

    Returns the new seal, or None when there is nothing to seal or another sealer is at
    work. Nothing global is written while posting; the order of leaves is decided here.
    """
    return queries.LOG.seal()


def open_partitions(*, months: int = 12) -> None:
    """Make the journal's partitions of the months to come."""
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        cursor.execute("SELECT ledger_open_partitions(%s)", [months])


def take_snapshots(*, every: int = 1_000) -> int:
    """Note what each account holds that has so many lines since its last; return of how many."""
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        cursor.execute("SELECT ledger_take_snapshots(%s)", [every])
        return int(cursor.fetchone()[0])
