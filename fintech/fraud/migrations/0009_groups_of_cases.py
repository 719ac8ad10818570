"""Open cases of one card, device or customer are a group."""

from django.db import migrations, models
from django.db.models import Q

from fintech.kernel.schema import InSchema

_NAME = """
UPDATE fraud_case c SET card_fingerprint = a.card_fingerprint, device_hash = a.device_hash,
  customer_id = a.customer_id, group_id = g.first
FROM fraud_assessment a,
  (SELECT id, first_value(id) OVER (
     PARTITION BY merchant_id, pivot_kind, pivot_value ORDER BY id) AS first FROM fraud_case) g
WHERE a.id = c.assessment_id AND g.id = c.id
"""
_OPEN = ~Q(state="closed")


class Migration(migrations.Migration):
    dependencies = [
        ("fraud", "0008_priority_of_rules"),
    ]

    operations = [
        InSchema("fraud"),
        migrations.AddField(
            model_name="case",
            name="card_fingerprint",
            field=models.CharField(default="", max_length=80),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="case",
            name="device_hash",
            field=models.CharField(blank=True, max_length=80, null=True),
        ),
        migrations.AddField(
            model_name="case", name="customer_id", field=models.UUIDField(blank=True, null=True)
        ),
        migrations.AddField(model_name="case", name="group_id", field=models.UUIDField(null=True)),
        migrations.RunSQL(_NAME, migrations.RunSQL.noop),
        migrations.AlterField(model_name="case", name="group_id", field=models.UUIDField()),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["group_id"], name="fraud_case_group"),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["merchant_id", "card_fingerprint"],
                name="fraud_case_open_of_card",
                condition=_OPEN,
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["merchant_id", "device_hash"],
                name="fraud_case_open_of_device",
                condition=_OPEN & Q(device_hash__isnull=False),
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["merchant_id", "customer_id"],
                name="fraud_case_open_of_customer",
                condition=_OPEN & Q(customer_id__isnull=False),
            ),
        ),
    ]
