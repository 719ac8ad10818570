"""A batch may hold entries of many posters: `ledger_post` takes one for all or one for each."""

from importlib import import_module

from django.db import migrations

from fintech.kernel.schema import InSchema

function = import_module("fintech.ledger.migrations.0002_periods_and_accounts_are_closed").function
# As it was called before; a new database never had it.
BEFORE = """
DROP FUNCTION IF EXISTS ledger_post(
  smallint, text, boolean, uuid[], uuid[], text[], text[], smallint[], smallint[], bigint[], uuid[],
  integer[], smallint[], text[], smallint[], uuid[], timestamptz[], uuid[], boolean[],
  timestamptz[], jsonb[], smallint[], integer[], bigint[]
)
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_merchants_keep_books")]

    operations = [
        InSchema("ledger"),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(function("ledger_post"), migrations.RunSQL.noop),
    ]
