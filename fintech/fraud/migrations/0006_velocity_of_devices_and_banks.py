"""Velocity of devices and of banks' cards; what became of a customer's payments."""

from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("fraud", "0005_degraded_decisions"),
    ]

    operations = [
        InSchema("fraud"),
        migrations.AddField(
            model_name="assessment",
            name="card_bin",
            field=models.CharField(blank=True, max_length=8, null=True),
        ),
        migrations.AddField(
            model_name="assessment",
            name="device_hash",
            field=models.CharField(blank=True, max_length=80, null=True),
        ),
        migrations.AddField(
            model_name="outcome",
            name="customer_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="assessment",
            index=models.Index(
                condition=models.Q(("device_hash__isnull", False)),
                fields=["device_hash", "-created_at"],
                name="fraud_by_device",
            ),
        ),
        migrations.AddIndex(
            model_name="assessment",
            index=models.Index(
                condition=models.Q(("card_bin__isnull", False)),
                fields=["card_bin", "-created_at"],
                name="fraud_by_bin",
            ),
        ),
        migrations.AddIndex(
            model_name="outcome",
            index=models.Index(
                condition=models.Q(
                    ("customer_id__isnull", False), ("kind__in", ["disputed", "fraud"])
                ),
                fields=["customer_id", "-at"],
                name="fraud_outcome_of_customer",
            ),
        ),
    ]
