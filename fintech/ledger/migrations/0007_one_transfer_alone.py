"""`ledger_post` writes a transfer that comes alone without the arrays of a batch."""

import re
from importlib import import_module
from pathlib import Path

from django.db import migrations

from fintech.kernel.schema import InSchema

function = import_module("fintech.ledger.migrations.0002_periods_and_accounts_are_closed").function

CLOSING = (Path(__file__).parent / "sql" / "closing.sql").read_text()
# What a new database has had since 0002.
REGISTER = re.search(
    r"CREATE SEQUENCE ledger_closed_until_second.*?(?=\n-- Close an account)", CLOSING, re.DOTALL
)[0]
REGISTER = REGISTER.replace("CREATE SEQUENCE", "CREATE SEQUENCE IF NOT EXISTS")
REGISTER = re.sub("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", REGISTER)
RAISED = """
SELECT setval('ledger_closed_until_second', ceil(extract(epoch FROM max(closed_before)))::bigint)
FROM ledger_period HAVING max(closed_before) IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_posting_asks_less")]

    operations = [
        InSchema("ledger"),
        migrations.RunSQL(REGISTER, migrations.RunSQL.noop),
        migrations.RunSQL(RAISED, migrations.RunSQL.noop),
        migrations.RunSQL(function("ledger_post"), migrations.RunSQL.noop),
        migrations.RunSQL("DROP INDEX IF EXISTS ledger_period_by_end", migrations.RunSQL.noop),
    ]
