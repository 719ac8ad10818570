"""Snapshots of accounts, and months that are archived and can still be verified."""

from pathlib import Path

from django.conf import settings
from django.db import migrations

from fintech.kernel.schema import AppendOnly, InSchema

ROLE = settings.RUNTIME_ROLE
SQL = (Path(__file__).parent / "sql" / "growing.sql").read_text().replace("@ROLE@", ROLE)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_each_entry_names_its_poster")]

    operations = [
        InSchema("ledger"),
        migrations.RunSQL(
            f"CREATE SCHEMA ledger_archive; GRANT USAGE ON SCHEMA ledger_archive TO {ROLE}",
            "DROP SCHEMA ledger_archive",
        ),
        migrations.RunSQL(
            SQL,
            """
            DROP VIEW ledger_entry_whole;
            DROP VIEW ledger_line_whole;
            DROP FUNCTION ledger_archive_month;
            DROP FUNCTION ledger_see_whole;
            DROP FUNCTION ledger_columns;
            DROP FUNCTION ledger_take_snapshots;
            DROP TABLE ledger_archived, ledger_snapshot;
            """,
        ),
        AppendOnly("ledger_snapshot"),
        AppendOnly("ledger_archived"),
        migrations.RunSQL(
            f"REVOKE INSERT ON ledger_snapshot, ledger_archived FROM {ROLE};"
            # Partitions are detached by the owner alone.
            f"REVOKE ALL ON FUNCTION ledger_archive_month, ledger_see_whole FROM PUBLIC;"
            "SELECT ledger_see_whole();"
            f"GRANT SELECT ON ledger_entry_whole, ledger_line_whole TO {ROLE};"
            f"REVOKE INSERT, UPDATE, DELETE ON ledger_entry_whole, ledger_line_whole FROM {ROLE}",
            migrations.RunSQL.noop,
        ),
    ]
