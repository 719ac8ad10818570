"""How far a wallet may fall, and how far its merchant may let it."""

from django.db import migrations, models

import fintech.kernel.ids
from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [("wallets", "0006_withdrawals")]

    operations = [
        InSchema("wallets"),
        # Nobody could set one before.
        migrations.RenameField(model_name="wallet", old_name="overdrafts", new_name="floors"),
        migrations.CreateModel(
            name="Allowance",
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
                ("currency", models.CharField(max_length=3)),
                ("most_minor", models.BigIntegerField()),
                ("changed_at", models.DateTimeField()),
                ("version", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant_id", "currency"),
                        name="wallets_allowance_is_one_per_merchant_and_currency",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("most_minor__gte", 0)),
                        name="wallets_allowance_is_not_negative",
                    ),
                ],
            },
        ),
    ]
