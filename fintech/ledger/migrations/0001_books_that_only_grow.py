"""The books: tables that only grow, the one function that writes them, and their seals."""

from pathlib import Path

from django.conf import settings
from django.db import migrations, models

from fintech.kernel.schema import AppendOnly, InSchema

ROLE = settings.RUNTIME_ROLE
HERE = Path(__file__).parent / "sql"


def sql(name):
    return (HERE / f"{name}.sql").read_text().replace("@ROLE@", ROLE)


WRITTEN_BY_THE_FUNCTION = (
    "ledger_account",
    "ledger_balance",
    "ledger_entry",
    "ledger_line",
    "ledger_pending",
)
TABLES_GONE = f"DROP TABLE {', '.join(WRITTEN_BY_THE_FUNCTION)} CASCADE"
FUNCTIONS_GONE = """
DROP FUNCTION ledger_post;
DROP FUNCTION ledger_lines;
DROP FUNCTION ledger_line_hash;
DROP FUNCTION ledger_entry_hash;
DROP FUNCTION ledger_genesis;
DROP FUNCTION ledger_line_sums_to_zero CASCADE;
DROP FUNCTION ledger_open_partitions;
DROP FUNCTION ledger_open_partition;
DROP FUNCTION ledger_id_at;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [("kernel", "0001_initial")]

    operations = [
        InSchema("ledger"),
        migrations.RunSQL(sql("tables"), TABLES_GONE),
        AppendOnly("ledger_account"),
        AppendOnly("ledger_entry"),
        AppendOnly("ledger_line"),
        migrations.RunSQL(sql("posting"), FUNCTIONS_GONE),
        migrations.RunSQL(
            "SELECT ledger_open_partition('default', NULL, NULL); SELECT ledger_open_partitions(12)",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            # Nobody writes around the function: it runs with its owner's rights.
            f"REVOKE INSERT, UPDATE, DELETE ON {', '.join(WRITTEN_BY_THE_FUNCTION)} FROM {ROLE}",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            sql("views"), "DROP VIEW ledger_journalrow; DROP VIEW ledger_accountrow"
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("no", models.BigIntegerField(primary_key=True, serialize=False)),
                ("epoch", models.CharField(max_length=40)),
                ("floor_position", models.BigIntegerField()),
                ("from_xid", models.BigIntegerField()),
                ("to_xid", models.BigIntegerField()),
                ("count", models.BigIntegerField()),
                ("size", models.BigIntegerField()),
                ("root", models.BinaryField()),
                ("frontier", models.BinaryField()),
                ("leaves", models.BinaryField()),
                ("previous", models.BinaryField(unique=True)),
                ("sealed_at_us", models.BigIntegerField()),
                ("key_id", models.CharField(max_length=16)),
                ("signature", models.BinaryField()),
            ],
            options={
                "ordering": ("no",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("from_xid__lt", models.F("to_xid"))),
                        name="ledger_seal_windows_run_forward",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("count__gte", 1), ("size__gte", models.F("count"))),
                        name="ledger_seal_holds_at_least_one_entry",
                    ),
                ],
            },
        ),
        AppendOnly("ledger_seal"),
        migrations.CreateModel(
            name="JournalRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("position", models.BigIntegerField()),
                ("template", models.TextField()),
                ("kind", models.TextField()),
                ("subject", models.UUIDField(null=True)),
                ("pending_id", models.UUIDField(null=True)),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("by", models.TextField()),
                ("lines", models.TextField()),
            ],
            options={
                "verbose_name": "journal entry",
                "verbose_name_plural": "journal entries",
                "ordering": ("-position",),
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="AccountRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("code", models.SmallIntegerField()),
                ("address", models.TextField()),
                ("currency", models.CharField(max_length=3)),
                ("posted_minor", models.BigIntegerField()),
                ("available_minor", models.BigIntegerField()),
                ("pending_debit_minor", models.BigIntegerField()),
                ("pending_credit_minor", models.BigIntegerField()),
                ("floor", models.BigIntegerField(null=True)),
                ("lines", models.BigIntegerField()),
                ("closed", models.BooleanField()),
                ("opened_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "account",
                "ordering": ("code", "address"),
                "managed": False,
            },
        ),
    ]
