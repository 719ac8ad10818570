"""Views that people name, and files that are written in the background."""

from django.db import migrations, models

import fintech.kernel.ids
from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("web", "0001_read_models"),
    ]

    operations = [
        InSchema("web"),
        migrations.CreateModel(
            name="Export",
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
                ("merchant_id", models.UUIDField()),
                ("user_id", models.UUIDField()),
                ("form", models.CharField(max_length=4)),
                ("query", models.CharField(blank=True, max_length=1000)),
                ("state", models.CharField(max_length=8)),
                ("rows_done", models.BigIntegerField(default=0)),
                ("rows_total", models.BigIntegerField()),
                ("object_name", models.CharField(blank=True, default="", max_length=64)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("heard_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=["created_at"],
                        name="web_export_to_be_written",
                    ),
                    models.Index(fields=["merchant_id", "user_id", "-id"], name="web_export_list"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("rows_done__gte", 0), ("rows_total__gte", 0)),
                        name="web_export_counts_rows",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "done"), ("object_name", ""), _connector="XOR"
                        ),
                        name="web_export_has_a_file_once_done",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["queued", "running"]),
                            ("finished_at__isnull", False),
                            _connector="XOR",
                        ),
                        name="web_export_says_when_it_ended",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="View",
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
                ("merchant_id", models.UUIDField()),
                ("user_id", models.UUIDField()),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(blank=True, max_length=1000)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant_id", "user_id", "name"),
                        name="web_view_has_a_name_of_its_own",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="web_view_has_a_name"
                    ),
                ],
            },
        ),
    ]
