"""Two people may say where a frozen payment stands: columns, rules and moves for it."""

from importlib import import_module

import django_fsm
from django.db import migrations, models

import fintech.payments.data
from fintech.kernel.schema import InSchema
from fintech.payments.models.transitions import guard_sql, unguard_sql

PREVIOUS = import_module("fintech.payments.migrations.0002_machines").PAIRS
# Written down as they were on the day of the migration; a test compares them with the models.
PAIRS = {
    **PREVIOUS,
    "payments_payment": sorted(
        [
            *PREVIOUS["payments_payment"],
            ("conflicted", "authorized"),
            ("conflicted", "canceled"),
            ("conflicted", "captured"),
        ]
    ),
    "payments_attempt": sorted(
        [
            *PREVIOUS["payments_attempt"],
            ("declined", "authorized"),
            ("errored", "authorized"),
        ]
    ),
    "payments_capture": sorted([*PREVIOUS["payments_capture"], ("succeeded", "reversed")]),
}
_CHANGED = ("payments_payment", "payments_attempt", "payments_capture")


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0003_wallets_that_pay"),
    ]

    operations = [
        InSchema("payments"),
        migrations.RemoveConstraint(
            model_name="capture",
            name="payments_capture_says_when_it_succeeded",
        ),
        migrations.AddField(
            model_name="capture",
            name="reversal_entry_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="capture",
            name="reversed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="payment",
            name="conflict_operation_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="payment",
            name="corrected_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="capture",
            name="state",
            field=django_fsm.FSMField(
                choices=[
                    ("created", "created"),
                    ("submitted", "submitted"),
                    ("succeeded", "succeeded"),
                    ("failed", "failed"),
                    ("unknown", "unknown"),
                    ("reversed", "reversed"),
                ],
                default=fintech.payments.data.CaptureState["CREATED"],
                max_length=20,
                protected=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="capture",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["succeeded", "reversed"]),
                    ("succeeded_at__isnull", True),
                    _connector="XOR",
                ),
                name="payments_capture_tells_when_it_succeeded",
            ),
        ),
        migrations.AddConstraint(
            model_name="capture",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("refunded_minor", 0),
                        ("reversal_entry_id__isnull", False),
                        ("reversed_at__isnull", False),
                        ("state", "reversed"),
                    ),
                    models.Q(
                        ("reversal_entry_id__isnull", True),
                        ("reversed_at__isnull", True),
                        models.Q(("state", "reversed"), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="payments_capture_reversed_is_booked_and_says_when",
            ),
        ),
        *(
            migrations.RunSQL(
                unguard_sql(table) + guard_sql(table, PAIRS[table]),
                unguard_sql(table) + guard_sql(table, PREVIOUS[table]),
            )
            for table in _CHANGED
        ),
    ]
