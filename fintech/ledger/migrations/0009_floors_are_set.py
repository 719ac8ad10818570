"""An account's floor can be set: an overdraft, or what must stay in it."""

from pathlib import Path

from django.conf import settings
from django.db import migrations

from fintech.kernel.schema import AppendOnly, InSchema

FLOORS = (Path(__file__).parent / "sql" / "floors.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("ledger", "0008_a_lines_number_is_a_byte")]

    operations = [
        InSchema("ledger"),
        migrations.RunSQL(FLOORS, "DROP FUNCTION ledger_set_floor; DROP TABLE ledger_floor"),
        AppendOnly("ledger_floor"),
        migrations.RunSQL(
            f"REVOKE INSERT ON ledger_floor FROM {settings.RUNTIME_ROLE}", migrations.RunSQL.noop
        ),
    ]
