"""A line's number in its entry takes one byte, which makes each line eight bytes shorter."""

import re
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.db import migrations

from fintech.kernel.schema import InSchema

ROLE = settings.RUNTIME_ROLE
function = import_module("fintech.ledger.migrations.0002_periods_and_accounts_are_closed").function

GROWING = (Path(__file__).parent / "sql" / "growing.sql").read_text()
SEE_WHOLE = re.search(
    r"CREATE FUNCTION ledger_columns\(.*?CREATE FUNCTION ledger_see_whole\(.*?\nEND \$\$;",
    GROWING,
    re.DOTALL,
)[0].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
# A new database has it since 0001. In others all lines are written anew, under a lock: nothing
# is posted meanwhile.
SHORTER = f"""
DO $$ BEGIN
  IF (SELECT atttypid FROM pg_attribute
      WHERE attrelid = 'ledger_line'::regclass AND attname = 'no') = 'smallint'::regtype THEN
    DROP VIEW ledger_line_whole;
    ALTER TABLE ledger_line ALTER COLUMN no TYPE "char" USING no::integer::"char";
    PERFORM ledger_see_whole();
    GRANT SELECT ON ledger_line_whole TO {ROLE};
    REVOKE INSERT, UPDATE, DELETE ON ledger_line_whole FROM {ROLE};
  END IF;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_one_transfer_alone")]

    operations = [
        InSchema("ledger"),
        migrations.RunSQL(SEE_WHOLE, migrations.RunSQL.noop),
        migrations.RunSQL(SHORTER, migrations.RunSQL.noop),
        migrations.RunSQL(function("ledger_post"), migrations.RunSQL.noop),
    ]
