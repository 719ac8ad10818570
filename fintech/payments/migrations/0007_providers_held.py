"""Staff hold circuits of providers; what providers cost has its facts."""

from django.db import migrations, models

import fintech.kernel.ids
from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0006_routes"),
    ]

    operations = [
        InSchema("payments"),
        migrations.AddField(
            model_name="providercost",
            name="version",
            field=models.BigIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="ProviderHold",
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
                ("name", models.CharField(max_length=40, unique=True)),
                (
                    "held",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "by itself"),
                            ("open", "held open"),
                            ("closed", "held closed"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("changed_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "provider",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("held__in", ["", "open", "closed"])),
                        name="payments_providerhold_is_a_way",
                    )
                ],
            },
        ),
    ]
