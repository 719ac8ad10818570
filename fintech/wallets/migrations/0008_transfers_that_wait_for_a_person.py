"""Transfers that wait until somebody else agrees."""

import django.contrib.postgres.fields
import django_fsm
from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0007_floors_and_allowances"),
    ]

    operations = [
        InSchema("wallets"),
        migrations.RemoveConstraint(
            model_name="transfer",
            name="wallets_transfer_says_when_and_how_it_was_reversed",
        ),
        migrations.AddField(
            model_name="transfer",
            name="decided_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="transfer",
            name="decided_by",
            field=models.CharField(blank=True, default="", max_length=100),
        ),
        migrations.AddField(
            model_name="transfer",
            name="hold_entry_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="transfer",
            name="made_by",
            field=models.CharField(blank=True, default="", max_length=100),
        ),
        migrations.AddField(
            model_name="transfer",
            name="reasons",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40), blank=True, default=list
            ),
        ),
        migrations.AlterField(
            model_name="transfer",
            name="state",
            field=django_fsm.FSMField(
                choices=[
                    ("awaiting_approval", "awaiting approval"),
                    ("succeeded", "succeeded"),
                    ("reversed", "reversed"),
                    ("canceled", "canceled"),
                ],
                default="succeeded",
                max_length=20,
                protected=True,
            ),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(
                condition=models.Q(("state", "awaiting_approval")),
                fields=["source"],
                name="wallets_transfer_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("reversal_id__isnull", False),
                        ("reversed_at__isnull", False),
                        ("state", "reversed"),
                    ),
                    models.Q(
                        models.Q(("state", "reversed"), _negated=True),
                        ("reversal_id__isnull", True),
                        ("reversed_at__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="wallets_transfer_says_when_and_how_it_was_reversed",
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("decided_at__isnull", True),
                        ("hold_entry_id__isnull", True),
                        ("reasons", []),
                        ("state__in", ["succeeded", "reversed"]),
                    ),
                    models.Q(
                        models.Q(("reasons", []), _negated=True), ("hold_entry_id__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="wallets_transfer_that_waits_says_why_and_is_set_aside",
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("decided_at__isnull", True),
                        ("decided_by", ""),
                        models.Q(("state", "awaiting_approval"), ("reasons", []), _connector="OR"),
                    ),
                    models.Q(
                        ("decided_at__isnull", False),
                        models.Q(("decided_by", ""), _negated=True),
                        models.Q(("state", "awaiting_approval"), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="wallets_transfer_that_waited_says_who_decided_it_and_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("hold_entry_id__isnull", False)),
                fields=("hold_entry_id",),
                name="wallets_transfer_is_set_aside_by_an_entry_of_its_own",
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", ""),
                    models.Q(("decided_by", models.F("made_by")), _negated=True),
                    _connector="OR",
                ),
                name="wallets_transfer_is_decided_by_someone_else",
            ),
        ),
    ]
