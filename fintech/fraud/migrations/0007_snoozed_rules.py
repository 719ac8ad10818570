"""Live rules that do nothing for a while."""

from django.db import migrations, models
from django.db.models import Q

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("fraud", "0006_velocity_of_devices_and_banks"),
    ]

    operations = [
        InSchema("fraud"),
        migrations.AddField(
            model_name="rule",
            name="snoozed_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="rule",
            constraint=models.CheckConstraint(
                condition=Q(snoozed_until=None) | Q(state__in=["shadow", "active"]),
                name="fraud_rule_is_snoozed_while_live",
            ),
        ),
    ]
