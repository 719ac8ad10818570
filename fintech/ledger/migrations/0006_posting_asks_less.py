"""`ledger_post` asks the database for less; the trigger is for who writes around it."""

import re
from importlib import import_module
from pathlib import Path

from django.db import migrations

from fintech.kernel.schema import InSchema

function = import_module("fintech.ledger.migrations.0002_periods_and_accounts_are_closed").function

POSTING = (Path(__file__).parent / "sql" / "posting.sql").read_text()
TRIGGER = re.search(r"CREATE TRIGGER ledger_line_sums_to_zero .*?;", POSTING, re.DOTALL)[0]


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_snapshots_and_archived_months")]

    operations = [
        InSchema("ledger"),
        migrations.RunSQL(function("ledger_post"), migrations.RunSQL.noop),
        migrations.RunSQL(function("ledger_line_sums_to_zero"), migrations.RunSQL.noop),
        migrations.RunSQL(
            f"DROP TRIGGER ledger_line_sums_to_zero ON ledger_line; {TRIGGER}",
            migrations.RunSQL.noop,
        ),
    ]
