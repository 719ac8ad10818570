"""Routes, what providers cost, and why an attempt went to its provider."""

import django.contrib.postgres.fields
from django.db import migrations, models

import fintech.kernel.ids
from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0005_adjustments"),
    ]

    operations = [
        InSchema("payments"),
        migrations.AddField(
            model_name="attempt",
            name="route_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="routed_by",
            field=models.CharField(blank=True, default="", max_length=60),
        ),
        migrations.CreateModel(
            name="ProviderCost",
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
                ("provider", models.CharField(max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("basis_points", models.IntegerField()),
                ("fixed_minor", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "currency"), name="payments_providercost_is_agreed_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("basis_points__gte", 0),
                            ("basis_points__lte", 10000),
                            ("fixed_minor__gte", 0),
                        ),
                        name="payments_providercost_is_a_cost",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Route",
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
                ("merchant_id", models.UUIDField(blank=True, null=True)),
                ("position", models.IntegerField()),
                ("name", models.CharField(max_length=60)),
                ("currency", models.CharField(blank=True, default="", max_length=3)),
                ("least_minor", models.BigIntegerField(blank=True, null=True)),
                ("most_minor", models.BigIntegerField(blank=True, null=True)),
                (
                    "brands",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), blank=True, default=list
                    ),
                ),
                (
                    "countries",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=2), blank=True, default=list
                    ),
                ),
                (
                    "providers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40)
                    ),
                ),
                (
                    "order",
                    models.CharField(
                        choices=[
                            ("listed", "listed"),
                            ("cheapest", "cheapest"),
                            ("most_successful", "most successful"),
                        ],
                        default="listed",
                        max_length=20,
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("changed_at", models.DateTimeField()),
                ("version", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("active", True)),
                        fields=("merchant_id", "position"),
                        name="payments_route_has_its_own_position",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("providers__len__gte", 1), ("providers__len__lte", 5)),
                        name="payments_route_leads_to_one_to_five_providers",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("least_minor__isnull", True), ("most_minor__isnull", True)),
                            models.Q(("currency", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="payments_route_with_amounts_names_their_currency",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("least_minor__isnull", True),
                            ("most_minor__isnull", True),
                            ("least_minor__lte", models.F("most_minor")),
                            _connector="OR",
                        ),
                        name="payments_route_begins_below_its_end",
                    ),
                ],
            },
        ),
    ]
