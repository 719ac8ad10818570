"""Periods and accounts are closed, and posting refuses what falls into them."""

import re
from pathlib import Path

from django.conf import settings
from django.db import migrations

from fintech.kernel.schema import AppendOnly, InSchema

ROLE = settings.RUNTIME_ROLE
HERE = Path(__file__).parent / "sql"


def function(name: str) -> str:
    """Return a function as it stands in `posting.sql` now, to be put in place of the old one."""
    text = (HERE / "posting.sql").read_text()
    found = re.search(rf"CREATE (OR REPLACE )?FUNCTION {name}\(.*?\nEND \$\$;", text, re.DOTALL)
    return re.sub("^CREATE (OR REPLACE )?", "CREATE OR REPLACE ", found[0])


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_books_that_only_grow")]

    operations = [
        InSchema("ledger"),
        migrations.RunSQL(
            (HERE / "closing.sql").read_text(),
            """
            DROP FUNCTION ledger_close_account;
            DROP FUNCTION ledger_late;
            DROP FUNCTION ledger_close_period;
            DROP FUNCTION ledger_closed_until;
            DROP SEQUENCE ledger_closed_until_second;
            DROP FUNCTION ledger_period_lock;
            DROP TABLE ledger_closing, ledger_period;
            """,
        ),
        AppendOnly("ledger_period"),
        AppendOnly("ledger_closing"),
        migrations.RunSQL(
            f"REVOKE INSERT ON ledger_period, ledger_closing FROM {ROLE}", migrations.RunSQL.noop
        ),
        migrations.RunSQL(function("ledger_post"), migrations.RunSQL.noop),
    ]
