"""Checkout sessions: a page made for one sale, kept on its machine by the database."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import fintech.kernel.ids
import fintech.payments.data.states
from fintech.kernel.schema import InSchema
from fintech.payments.models.transitions import guard_sql, unguard_sql

# Written down as they were on the day of the migration; a test compares them with the models.
PAIRS = {
    "payments_checkoutsession": [
        ("", "open"),
        ("expired", "complete"),
        ("open", "complete"),
        ("open", "expired"),
    ],
}


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0011_liability"),
    ]

    operations = [
        InSchema("payments"),
        migrations.AddField(
            model_name="payment",
            name="session_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="CheckoutSession",
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
                ("token", models.CharField(max_length=60, unique=True)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("open", "open"),
                            ("complete", "complete"),
                            ("expired", "expired"),
                        ],
                        default=fintech.payments.data.states.SessionState["OPEN"],
                        max_length=20,
                        protected=True,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("", ""), ("paid", "paid"), ("failed", "failed")],
                        default=fintech.payments.data.states.SessionOutcome["NONE"],
                        max_length=10,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                ("success_url", models.CharField(max_length=2048)),
                ("cancel_url", models.CharField(blank=True, default="", max_length=2048)),
                ("customer_id", models.UUIDField(blank=True, null=True)),
                ("customer_email", models.CharField(blank=True, default="", max_length=512)),
                ("payer_email", models.CharField(blank=True, default="", max_length=512)),
                ("payer_name", models.CharField(blank=True, default="", max_length=256)),
                ("client_reference_id", models.CharField(blank=True, default="", max_length=200)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                (
                    "capture_method",
                    models.CharField(
                        choices=[("automatic", "automatic"), ("manual", "manual")],
                        default="automatic",
                        max_length=10,
                    ),
                ),
                ("payment_description", models.CharField(blank=True, default="", max_length=1000)),
                ("payment_metadata", models.JSONField(blank=True, default=dict)),
                ("statement_descriptor", models.CharField(blank=True, default="", max_length=22)),
                ("payment_id", models.UUIDField(blank=True, null=True, unique=True)),
                ("expires_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                ("version", models.BigIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["merchant_id", "-id"], name="payments_session_list"),
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["expires_at"],
                        name="payments_session_expiring",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_minor__gte", 1), ("amount_minor__lte", 999999999999)
                        ),
                        name="payments_checkoutsession_asks_for_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="payments_checkoutsession_names_its_currency",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "complete"), _negated=True),
                            ("payment_id__isnull", False),
                            _connector="OR",
                        ),
                        name="payments_checkoutsession_complete_names_its_payment",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome", ""), ("state", "complete"), _connector="OR"),
                        name="payments_checkoutsession_is_paid_or_failed_once_complete",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("version__gte", 1)),
                        name="payments_checkoutsession_counts_its_versions_from_one",
                    ),
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="CheckoutLine",
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
                ("number", models.IntegerField()),
                ("description", models.CharField(max_length=250)),
                ("amount_minor", models.BigIntegerField()),
                ("quantity", models.IntegerField()),
                (
                    "price",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.price",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="payments.checkoutsession",
                    ),
                ),
            ],
            options={
                "ordering": ("session", "number"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("session", "number"),
                        name="payments_checkoutline_stands_in_one_place",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_minor__gte", models.F("quantity")), ("quantity__gte", 1)
                        ),
                        name="payments_checkoutline_sells_something_for_something",
                    ),
                ],
            },
        ),
        *(
            migrations.RunSQL(guard_sql(table, pairs), unguard_sql(table))
            for table, pairs in PAIRS.items()
        ),
    ]
