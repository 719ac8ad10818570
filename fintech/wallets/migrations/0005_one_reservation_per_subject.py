"""An operation's share of all the limits of a subject is one row."""

import django.contrib.postgres.fields
from django.db import migrations, models

from fintech.kernel.schema import InSchema

_JOINED = """
WITH former AS (DELETE FROM wallets_reservation RETURNING *)
INSERT INTO wallets_reservation (id, operation_id, subject, currency, amount_minor, counterparty,
  state, at, limits, windows, limit_id, begins)
SELECT uuidv7(), operation_id, subject, currency, amount_minor, counterparty, state, at,
  array_agg(limit_id), array_agg(begins), (array_agg(limit_id))[1], min(begins)
FROM former GROUP BY operation_id, subject, currency, amount_minor, counterparty, state, at
"""


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0004_currencies_and_counted_limits"),
    ]

    operations = [
        InSchema("wallets"),
        migrations.AddField(
            model_name="reservation",
            name="limits",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(), default=list
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="reservation",
            name="windows",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DateTimeField(), default=list
            ),
            preserve_default=False,
        ),
        migrations.RemoveConstraint(
            model_name="reservation",
            name="wallets_reservation_is_made_once_per_operation_and_limit",
        ),
        migrations.RemoveIndex(model_name="reservation", name="wallets_reservation_counted"),
        migrations.RunSQL(_JOINED, migrations.RunSQL.noop),
        migrations.RemoveField(model_name="reservation", name="limit"),
        migrations.RemoveField(model_name="reservation", name="begins"),
        migrations.AddIndex(
            model_name="reservation",
            index=models.Index(
                condition=models.Q(("state__in", ["reserved", "confirmed"])),
                fields=["subject", "at"],
                include=("amount_minor", "limits"),
                name="wallets_reservation_counted",
            ),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.UniqueConstraint(
                fields=("operation_id", "subject", "currency"),
                name="wallets_reservation_is_made_once_per_operation_and_subject",
            ),
        ),
    ]
