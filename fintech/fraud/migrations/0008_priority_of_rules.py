"""Rules are evaluated, and told, in an order that people choose."""

from django.db import migrations, models
from django.db.models import Q

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("fraud", "0007_snoozed_rules"),
    ]

    operations = [
        InSchema("fraud"),
        migrations.AddField(
            model_name="ruleversion",
            name="priority",
            field=models.IntegerField(default=0, db_default=0),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=Q(priority__gte=0, priority__lte=1000),
                name="fraud_ruleversion_has_a_priority_up_to_1000",
            ),
        ),
    ]
