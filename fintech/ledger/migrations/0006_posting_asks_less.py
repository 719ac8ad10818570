"""`ledger_post` asks the database for less, and its trigger never reads all balances."""

from importlib import import_module

from django.db import migrations

from fintech.kernel.schema import InSchema

function = import_module("fintech.ledger.migrations.0002_periods_and_accounts_are_closed").function


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_snapshots_and_archived_months")]

    operations = [
        InSchema("ledger"),
        migrations.RunSQL(function("ledger_post"), migrations.RunSQL.noop),
        migrations.RunSQL(function("ledger_line_sums_to_zero"), migrations.RunSQL.noop),
    ]
