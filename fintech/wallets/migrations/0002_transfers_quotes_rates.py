"""Transfers between wallets, quotes, and the rates they are made from."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import fintech.kernel.ids
import fintech.wallets.data
from fintech.kernel.schema import AppendOnly, InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0001_wallets_holds_limits"),
    ]

    operations = [
        InSchema("wallets"),
        migrations.CreateModel(
            name="Quote",
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
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[("open", "open"), ("used", "used")],
                        default=fintech.wallets.data.QuoteState["OPEN"],
                        max_length=20,
                        protected=True,
                    ),
                ),
                ("source_currency", models.CharField(max_length=3)),
                ("source_minor", models.BigIntegerField()),
                ("spread_basis_points", models.IntegerField()),
                ("spread_minor", models.BigIntegerField()),
                ("destination_currency", models.CharField(max_length=3)),
                ("destination_minor", models.BigIntegerField()),
                ("residue", models.DecimalField(decimal_places=18, max_digits=40)),
                ("rate", models.DecimalField(decimal_places=12, max_digits=30)),
                ("rate_on", models.DateField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("version", models.BigIntegerField(default=1)),
            ],
            options={
                "indexes": [models.Index(fields=["merchant_id", "-id"], name="wallets_quote_list")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("source_currency", models.F("destination_currency")), _negated=True
                        ),
                        name="wallets_quote_is_between_two_currencies",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("destination_minor__gte", 1), ("source_minor__gte", 1)),
                        name="wallets_quote_gives_something_for_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("spread_minor__gte", 0), ("spread_minor__lt", models.F("source_minor"))
                        ),
                        name="wallets_quote_leaves_something_to_convert",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("residue__gte", 0), ("residue__lt", 1)),
                        name="wallets_quote_keeps_aside_less_than_a_minor_unit",
                    ),
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="Rate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("published_on", models.DateField()),
                ("per_euro", models.DecimalField(decimal_places=10, max_digits=24)),
                ("source", models.CharField(max_length=20)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("currency", "published_on", "source"),
                        name="wallets_rate_is_published_once_a_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("per_euro__gt", 0)),
                        name="wallets_rate_is_more_than_nothing",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Transfer",
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
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[("succeeded", "succeeded"), ("reversed", "reversed")],
                        default=fintech.wallets.data.TransferState["SUCCEEDED"],
                        max_length=20,
                        protected=True,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                ("received_currency", models.CharField(max_length=3)),
                ("received_minor", models.BigIntegerField()),
                ("entry_id", models.UUIDField(unique=True)),
                ("reversal_id", models.UUIDField(blank=True, null=True, unique=True)),
                ("created_at", models.DateTimeField()),
                ("reversed_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.BigIntegerField(default=1)),
                (
                    "destination",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="received",
                        to="wallets.wallet",
                    ),
                ),
                (
                    "quote",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="wallets.quote",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sent",
                        to="wallets.wallet",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["merchant_id", "-id"], name="wallets_transfer_list")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("source", models.F("destination")), _negated=True),
                        name="wallets_transfer_is_between_two",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gte", 1), ("received_minor__gte", 1)),
                        name="wallets_transfer_moves_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("quote__isnull", False),
                            models.Q(
                                ("amount_minor", models.F("received_minor")),
                                ("currency", models.F("received_currency")),
                            ),
                            _connector="OR",
                        ),
                        name="wallets_transfer_without_a_quote_arrives_as_it_left",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("reversal_id__isnull", False),
                                ("reversed_at__isnull", False),
                                ("state", "reversed"),
                            ),
                            models.Q(
                                ("reversal_id__isnull", True),
                                ("reversed_at__isnull", True),
                                ("state", "succeeded"),
                            ),
                            _connector="OR",
                        ),
                        name="wallets_transfer_says_when_and_how_it_was_reversed",
                    ),
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        AppendOnly("wallets_rate"),
    ]
