"""What is out of the ordinary, until it is cleared."""

from django.db import migrations, models

import fintech.kernel.ids
from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("fraud", "0010_transfers_are_assessed"),
    ]

    operations = [
        InSchema("fraud"),
        migrations.CreateModel(
            name="Alert",
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
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("degraded", "degraded"),
                            ("stopping", "stopping"),
                            ("passing", "passing"),
                            ("crying_wolf", "crying wolf"),
                            ("overdue", "overdue"),
                            ("drift", "drift"),
                        ],
                        max_length=20,
                    ),
                ),
                ("said", models.CharField(max_length=200)),
                ("raised_at", models.DateTimeField()),
                ("cleared_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.BigIntegerField(default=1)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("cleared_at", None)),
                        fields=("kind",),
                        name="fraud_alert_of_a_kind_is_open_once",
                    )
                ],
            },
        ),
    ]
