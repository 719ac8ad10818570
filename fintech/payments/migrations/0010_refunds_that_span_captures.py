"""A refund may span several captures of its payment: a row for each, which name the first."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import fintech.payments.data.states
from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0009_catalog"),
    ]

    operations = [
        InSchema("payments"),
        migrations.AddField(
            model_name="refund",
            name="whole",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="parts",
                to="payments.refund",
            ),
        ),
        migrations.AlterField(
            model_name="refund",
            name="state",
            field=django_fsm.FSMField(
                choices=[
                    ("created", "created"),
                    ("submitted", "submitted"),
                    ("succeeded", "succeeded"),
                    ("failed", "failed"),
                    ("canceled", "canceled"),
                    ("unknown", "unknown"),
                    ("partially_succeeded", "partially succeeded"),
                ],
                default=fintech.payments.data.states.RefundState["CREATED"],
                max_length=20,
                protected=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(
                condition=models.Q(("whole__isnull", False)),
                fields=("whole", "capture"),
                name="payments_refund_has_one_part_per_capture",
            ),
        ),
    ]
