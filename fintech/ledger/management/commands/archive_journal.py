"""Archive months of the journal that are old enough, as the database's owner."""

from datetime import UTC, datetime
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = (
        "Detach months older than so many (at least 14) into the schema ledger_archive; they are "
        "still verified, replayed and exported."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--months", type=int, default=24, help="how many to keep; 24")

    def handle(self, *args: Any, **options: Any) -> None:
        with psycopg.connect(settings.DATABASE_OWNER_URL, autocommit=True) as owner:
            found = owner.execute(
                "SELECT substr(relname, 14) FROM pg_class c "
                "JOIN pg_inherits i ON i.inhrelid = c.oid "
                "WHERE i.inhparent = 'ledger.ledger_entry'::regclass "
                "AND relname ~ '^ledger_entry_[0-9]{6}$' ORDER BY 1"
            )
            for (suffix,) in found.fetchall():
                month = datetime(int(suffix[:4]), int(suffix[4:]), 15, tzinfo=UTC)
                if not _is_older(month, options["months"]):
                    break
                told = owner.execute("SELECT ledger.ledger_archive_month(%s)", [month])
                self.stdout.write(f"{month:%Y-%m}: {told.fetchone()[0]}")  # type: ignore[index]


def _is_older(month: datetime, months: int) -> bool:
    now = datetime.now(UTC)
    return (now.year - month.year) * 12 + now.month - month.month > max(months, 14)
