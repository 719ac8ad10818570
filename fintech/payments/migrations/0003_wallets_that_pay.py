"""A wallet may stand in a card's place."""

from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0002_machines"),
    ]

    operations = [
        InSchema("payments"),
        migrations.RemoveConstraint(
            model_name="paymentmethod",
            name="payments_paymentmethod_expires_in_a_month_of_the_year",
        ),
        migrations.RemoveConstraint(
            model_name="paymentmethod",
            name="payments_paymentmethod_shows_four_digits",
        ),
        migrations.AddField(
            model_name="paymentmethod",
            name="wallet_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="paymentmethod",
            name="card_token",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AlterField(
            model_name="paymentmethod",
            name="last4",
            field=models.CharField(blank=True, max_length=4),
        ),
        migrations.AddConstraint(
            model_name="paymentmethod",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("wallet_id__isnull", False),
                    models.Q(("exp_month__gte", 1), ("exp_month__lte", 12)),
                    _connector="OR",
                ),
                name="payments_paymentmethod_card_expires_in_a_month",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentmethod",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("card_token", ""), ("last4", ""), ("wallet_id__isnull", False)),
                    models.Q(("last4__regex", "^[0-9]{4}$"), ("wallet_id__isnull", True)),
                    _connector="OR",
                ),
                name="payments_paymentmethod_is_a_card_or_a_wallet",
            ),
        ),
    ]
