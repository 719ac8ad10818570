"""Money from a wallet to a bank account outside; what is reserved is found by its subject."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import fintech.kernel.ids
from fintech.kernel.schema import InSchema

_STATES = [
    ("awaiting_approval", "awaiting approval"),
    ("pending", "pending"),
    ("paid", "paid"),
    ("failed", "failed"),
    ("canceled", "canceled"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0005_one_reservation_per_subject"),
    ]

    operations = [
        InSchema("wallets"),
        migrations.AddIndex(
            model_name="reservation",
            index=models.Index(
                condition=models.Q(("state", "reserved")),
                fields=["subject"],
                name="wallets_reservation_reserved",
            ),
        ),
        migrations.CreateModel(
            name="Withdrawal",
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
                    django_fsm.FSMField(choices=_STATES, max_length=20, protected=True),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                ("account", models.CharField(max_length=64)),
                ("entry_id", models.UUIDField(unique=True)),
                ("end_entry_id", models.UUIDField(blank=True, null=True, unique=True)),
                ("bank_reference", models.CharField(blank=True, default="", max_length=64)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.BigIntegerField(default=1)),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawals",
                        to="wallets.wallet",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["wallet", "-id"], name="wallets_withdrawal_list"),
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["id"],
                        name="wallets_withdrawal_pending",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gte", 1)),
                        name="wallets_withdrawal_moves_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("end_entry_id__isnull", True),
                                ("ended_at__isnull", True),
                                ("state__in", ["awaiting_approval", "pending"]),
                            ),
                            models.Q(
                                models.Q(
                                    ("state__in", ["awaiting_approval", "pending"]), _negated=True
                                ),
                                ("end_entry_id__isnull", False),
                                ("ended_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="wallets_withdrawal_says_when_and_how_it_ended",
                    ),
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
    ]
