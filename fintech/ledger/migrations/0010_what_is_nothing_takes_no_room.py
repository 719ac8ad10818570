"""Formula 2: a line says one amount where one is all it has; its place stands behind its hash."""

import re
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.db import migrations

from fintech.kernel.schema import InSchema

ROLE = settings.RUNTIME_ROLE
HERE = Path(__file__).parent / "sql"
function = import_module("fintech.ledger.migrations.0002_periods_and_accounts_are_closed").function
SEE_WHOLE = import_module("fintech.ledger.migrations.0008_a_lines_number_is_a_byte").SEE_WHOLE
VIEWS = (HERE / "views.sql").read_text()
JOURNAL = re.search(r"CREATE VIEW ledger_journalrow.*?;", VIEWS, re.DOTALL)[0]
POSTING = (HERE / "posting.sql").read_text()
LINES = re.search(r"CREATE FUNCTION ledger_lines\(.*?\n\$\$;", POSTING, re.DOTALL)[0]
# A new database has it since 0001. In others all lines are written anew, under a lock: nothing
# is posted meanwhile. Entries stay as they are, of formula 1.
SHORTER = f"""
DO $do$ BEGIN
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'ledger_line'::regclass
      AND attname = 'no' AND NOT attisdropped) THEN
    DROP VIEW ledger_line_whole;
    DROP VIEW ledger_journalrow;
    DROP FUNCTION ledger_lines(bytea);
    {LINES}
    {JOURNAL}
    GRANT SELECT ON ledger_journalrow TO {ROLE};
    ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_has_at_least_two_lines;
    ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_has_at_least_two_lines CHECK (
      octet_length(lines) >= 2 * CASE WHEN formula = 1 OR kind = 2 THEN 20 ELSE 12 END
      AND octet_length(lines) % CASE WHEN formula = 1 OR kind = 2 THEN 20 ELSE 12 END = 0);
    ALTER TABLE ledger_line DROP CONSTRAINT ledger_line_moves_something;
    ALTER TABLE ledger_line ALTER COLUMN pending DROP NOT NULL;
    ALTER TABLE ledger_line ALTER COLUMN pending TYPE bigint USING nullif(pending, 0),
      ALTER COLUMN hash TYPE bytea USING hash || substr(int2send(no::integer::smallint), 2);
    ALTER TABLE ledger_line DROP COLUMN no;
    ALTER TABLE ledger_line
      ADD CONSTRAINT ledger_line_moves_something CHECK (amount <> 0 OR coalesce(pending, 0) <> 0),
      ADD CONSTRAINT ledger_line_has_a_hash_and_a_place CHECK (octet_length(hash) = 33);
  END IF;
END $do$
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0009_floors_are_set")]

    operations = [
        InSchema("ledger"),
        migrations.RunSQL(SEE_WHOLE, migrations.RunSQL.noop),
        migrations.RunSQL(SHORTER, migrations.RunSQL.noop),
        migrations.RunSQL(
            "SELECT ledger_see_whole();"
            f"GRANT SELECT ON ledger_line_whole TO {ROLE};"
            f"REVOKE INSERT, UPDATE, DELETE ON ledger_line_whole FROM {ROLE}",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(function("ledger_post"), migrations.RunSQL.noop),
    ]
