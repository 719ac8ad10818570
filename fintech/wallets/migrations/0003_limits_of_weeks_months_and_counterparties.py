"""Limits of weeks and months, and of how many are paid."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0002_transfers_quotes_rates"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="limit",
            name="wallets_limit_of_a_day_says_in_which_zone",
        ),
        migrations.AddField(
            model_name="reservation",
            name="counterparty",
            field=models.CharField(blank=True, default="", max_length=80),
        ),
        migrations.AlterField(
            model_name="limit",
            name="kind",
            field=models.CharField(
                choices=[
                    ("amount", "amount"),
                    ("count", "count"),
                    ("counterparties", "counterparties"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="limit",
            name="window",
            field=models.CharField(
                choices=[
                    ("per_transaction", "per transaction"),
                    ("rolling", "rolling"),
                    ("day", "day"),
                    ("week", "week"),
                    ("month", "month"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="limit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("window__in", ["day", "week", "month"]),
                        models.Q(("zone", ""), _negated=True),
                    ),
                    models.Q(
                        models.Q(("window__in", ["day", "week", "month"]), _negated=True),
                        ("zone", ""),
                    ),
                    _connector="OR",
                ),
                name="wallets_limit_of_a_date_says_in_which_zone",
            ),
        ),
    ]
