"""Wallets of any number of currencies; limits with counters, conditions and balances."""

from datetime import UTC, datetime

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import fintech.wallets.data
from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0003_limits_of_weeks_months_and_counterparties"),
    ]

    operations = [
        InSchema("wallets"),
        migrations.CreateModel(
            name="Usage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject", models.CharField(max_length=80)),
                ("begins", models.DateTimeField()),
                ("amount_minor", models.BigIntegerField()),
                ("count", models.BigIntegerField()),
                ("counted_from", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="limit",
            name="wallets_limit_of_an_amount_has_a_currency",
        ),
        migrations.RemoveConstraint(
            model_name="transfer",
            name="wallets_transfer_is_between_two",
        ),
        migrations.RemoveIndex(
            model_name="reservation",
            name="wallets_reservation_used",
        ),
        migrations.AddField(
            model_name="limit",
            name="category",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="limit",
            name="channel",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="limit",
            name="operation",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="limit",
            name="reversal",
            field=models.CharField(
                choices=[("gives_back", "gives back"), ("keeps", "keeps")],
                default=fintech.wallets.data.OnReversal["GIVES_BACK"],
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="limit",
            name="tier",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="reservation",
            name="begins",
            field=models.DateTimeField(default=datetime(1970, 1, 1, tzinfo=UTC)),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="wallet",
            name="currencies",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=3), default=list
            ),
        ),
        migrations.RunSQL(
            "UPDATE wallets_wallet SET currencies = ARRAY[currency]", migrations.RunSQL.noop
        ),
        migrations.AddField(
            model_name="wallet",
            name="overdrafts",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="wallet",
            name="tier",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="wallet",
            name="type",
            field=models.CharField(
                choices=[("customer", "customer"), ("merchant", "merchant")],
                default=fintech.wallets.data.WalletType["CUSTOMER"],
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="wallet",
            name="zone",
            field=models.CharField(blank=True, default="", max_length=60),
        ),
        migrations.AlterField(
            model_name="limit",
            name="kind",
            field=models.CharField(
                choices=[
                    ("amount", "amount"),
                    ("count", "count"),
                    ("counterparties", "counterparties"),
                    ("balance", "balance"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="reservation",
            name="limit",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reservations",
                to="wallets.limit",
            ),
        ),
        migrations.AlterField(
            model_name="reservation",
            name="state",
            field=models.CharField(
                choices=[
                    ("reserved", "reserved"),
                    ("confirmed", "confirmed"),
                    ("released", "released"),
                    ("expired", "expired"),
                ],
                default=fintech.wallets.data.ReservationState["RESERVED"],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="reservation",
            index=models.Index(
                condition=models.Q(("state__in", ["reserved", "confirmed"])),
                fields=["limit", "subject", "at"],
                include=("amount_minor",),
                name="wallets_reservation_counted",
            ),
        ),
        migrations.AddConstraint(
            model_name="limit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ["amount", "balance"]), _negated=True),
                    models.Q(("currency", ""), _negated=True),
                    _connector="OR",
                ),
                name="wallets_limit_of_an_amount_has_a_currency",
            ),
        ),
        migrations.AddConstraint(
            model_name="limit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "balance"), _negated=True),
                    models.Q(("scope", "wallet"), ("window", "per_transaction")),
                    _connector="OR",
                ),
                name="wallets_limit_of_a_balance_is_a_wallets",
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("source", models.F("destination")), _negated=True),
                    models.Q(("currency", models.F("received_currency")), _negated=True),
                    _connector="OR",
                ),
                name="wallets_transfer_is_between_two_wallets_or_currencies",
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.CheckConstraint(
                condition=models.Q(("currencies__contains", [models.F("currency")])),
                name="wallets_wallet_keeps_its_own_currency",
            ),
        ),
        migrations.AddField(
            model_name="usage",
            name="limit",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="usages",
                to="wallets.limit",
            ),
        ),
        migrations.AddConstraint(
            model_name="usage",
            constraint=models.UniqueConstraint(
                fields=("limit", "subject", "begins"),
                name="wallets_usage_is_counted_once_per_window",
            ),
        ),
        migrations.AddConstraint(
            model_name="usage",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gte", 0), ("count__gte", 0)),
                name="wallets_usage_is_not_negative",
            ),
        ),
        # Counters change with every operation; half empty pages keep each where it is.
        migrations.RunSQL(
            "ALTER TABLE wallets_usage SET (fillfactor = 50)", migrations.RunSQL.noop
        ),
    ]
