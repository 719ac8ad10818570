"""Decisions that were made without knowing all, to be found again."""

from django.db import migrations, models
from django.db.models import Q

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("fraud", "0004_models_and_postures"),
    ]

    operations = [
        InSchema("fraud"),
        migrations.AddField(
            model_name="assessment",
            name="degraded",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.AddIndex(
            model_name="assessment",
            index=models.Index(
                condition=Q(("degraded", ""), _negated=True),
                fields=["created_at"],
                name="fraud_assessment_degraded",
            ),
        ),
    ]
