"""Which settlement files were fetched from processors, and which were not had yet."""

import django.db.models.deletion
from django.db import migrations, models

import fintech.reconciliation.data
from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0003_matching_beyond_names_and_people_who_decide"),
    ]

    operations = [
        InSchema("reconciliation"),
        migrations.CreateModel(
            name="Download",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=60)),
                ("on", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("fetched", "fetched"),
                            ("none_yet", "none yet"),
                            ("unanswered", "unanswered"),
                            ("refused", "refused"),
                        ],
                        max_length=20,
                    ),
                ),
                ("asked", models.IntegerField(default=0)),
                ("asked_at", models.DateTimeField()),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="reconciliation.import",
                    ),
                ),
            ],
            options={
                "ordering": ("-on", "provider", "currency"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "on", "currency"),
                        name="reconciliation_download_is_kept_once_per_day_and_currency",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("file__isnull", False),
                                (
                                    "outcome",
                                    fintech.reconciliation.data.DownloadOutcome["FETCHED"],
                                ),
                            ),
                            models.Q(
                                models.Q(
                                    (
                                        "outcome",
                                        fintech.reconciliation.data.DownloadOutcome["FETCHED"],
                                    ),
                                    _negated=True,
                                ),
                                ("file__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="reconciliation_download_that_was_fetched_names_its_file",
                    ),
                ],
            },
        ),
    ]
