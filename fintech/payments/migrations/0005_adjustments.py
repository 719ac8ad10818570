"""What is reserved may change; an attempt names its first capture's journal entry."""

from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0004_corrections"),
    ]

    operations = [
        InSchema("payments"),
        migrations.AddField(
            model_name="attempt",
            name="adjust_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="adjust_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="adjust_minor",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="capture_entry_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("adjust_id__isnull", False)),
                fields=["adjust_id"],
                name="payments_attempt_adjusting",
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("adjust_minor__isnull", True),
                    ("next_check_at__isnull", False),
                    _connector="OR",
                ),
                name="payments_attempt_adjusting_is_asked_about_again",
            ),
        ),
    ]
