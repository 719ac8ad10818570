"""Accounts that merchants open in books of their own; seals are found by what they hold."""

from uuid import UUID

from django.db import migrations, models

from fintech.kernel.schema import InSchema

TYPES = ("asset", "liability", "equity", "income", "expense")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_periods_and_accounts_are_closed")]

    operations = [
        InSchema("ledger"),
        migrations.CreateModel(
            name="BookAccount",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("book", models.UUIDField()),
                ("type", models.CharField(choices=[(one, one) for one in TYPES], max_length=9)),
                ("currency", models.CharField(max_length=3)),
                ("code", models.CharField(max_length=40)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("floor", models.BigIntegerField(blank=True, null=True)),
                ("closed", models.BooleanField(default=False)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("opened_at", models.DateTimeField()),
                ("version", models.BigIntegerField(default=1)),
            ],
            options={
                "verbose_name": "merchants' account",
                "ordering": ("book", "code"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("book", "code"), name="ledger_bookaccount_has_a_code_of_its_own"
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(book=UUID(int=0)),
                        name="ledger_bookaccount_is_never_the_platforms",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            "CREATE INDEX ledger_seal_by_window ON ledger_seal (to_xid)",
            "DROP INDEX ledger_seal_by_window",
        ),
    ]
