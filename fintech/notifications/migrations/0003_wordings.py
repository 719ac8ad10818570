from django.db import migrations, models

import fintech.kernel.ids
from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0002_endpoints_rest_and_recover"),
    ]

    operations = [
        InSchema("notifications"),
        migrations.CreateModel(
            name="Wording",
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
                            ("payment_receipt", "Payment receipt"),
                            ("refund_receipt", "Refund receipt"),
                            ("review_opened", "Review opened"),
                            ("endpoint_paused", "Endpoint paused"),
                            ("endpoint_disabled", "Endpoint disabled"),
                        ],
                        max_length=40,
                    ),
                ),
                ("language", models.CharField(max_length=10)),
                ("number", models.IntegerField()),
                ("subject", models.CharField(max_length=200)),
                ("lead", models.CharField(max_length=1000)),
                ("figure", models.CharField(blank=True, default="", max_length=100)),
                ("rows", models.JSONField(blank=True, default=list)),
                ("closing", models.CharField(blank=True, default="", max_length=1000)),
                ("is_current", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(blank=True, default="", max_length=64)),
            ],
            options={
                "ordering": ("kind", "language", "-number"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "language", "number"),
                        name="notifications_wording_is_numbered_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_current", True)),
                        fields=("kind", "language"),
                        name="notifications_wording_is_current_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)),
                        name="notifications_wording_is_numbered_from_one",
                    ),
                ],
            },
        ),
    ]
