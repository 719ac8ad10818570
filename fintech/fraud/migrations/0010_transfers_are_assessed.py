"""Decisions about transfers between wallets."""

from django.db import migrations, models

import fintech.kernel.ids
from fintech.kernel.schema import AppendOnly, InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("fraud", "0009_groups_of_cases"),
    ]

    operations = [
        InSchema("fraud"),
        migrations.CreateModel(
            name="TransferAssessment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.kernel.ids.new,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("transfer_id", models.UUIDField(blank=True, null=True, unique=True)),
                ("merchant_id", models.UUIDField()),
                ("source_wallet_id", models.UUIDField()),
                ("destination_wallet_id", models.UUIDField()),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                ("features", models.JSONField()),
                ("score", models.IntegerField()),
                (
                    "decision",
                    models.CharField(
                        choices=[("allow", "allow"), ("review", "review"), ("block", "block")],
                        max_length=20,
                    ),
                ),
                ("reasons", models.JSONField()),
                ("model_version", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["source_wallet_id", "-created_at"], name="fraud_transfer_by_source"
                    ),
                    models.Index(
                        fields=["destination_wallet_id", "-created_at"],
                        name="fraud_transfer_by_destination",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("score__gte", 0), ("score__lte", 100)),
                        name="fraud_transferassessment_scores_up_to_100",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decision", "block"), ("transfer_id__isnull", True)),
                            models.Q(
                                models.Q(("decision", "block"), _negated=True),
                                ("transfer_id__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="fraud_transferassessment_is_of_a_transfer_unless_blocked",
                    ),
                ],
            },
        ),
        AppendOnly("fraud_transferassessment"),
    ]
