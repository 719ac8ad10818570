"""Velocity limits, and how many attempts they have seen."""

import django.db.models.deletion
from django.db import migrations, models

import fintech.kernel.ids
from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("fraud", "0002_rules_that_people_write"),
    ]

    operations = [
        InSchema("fraud"),
        migrations.AddField(
            model_name="ruleset",
            name="limits",
            field=models.JSONField(default=list),
        ),
        migrations.CreateModel(
            name="VelocityLimit",
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
                ("name", models.CharField(max_length=60)),
                (
                    "of",
                    models.CharField(
                        choices=[
                            ("card", "card"),
                            ("customer", "customer"),
                            ("email", "email"),
                            ("ip", "ip"),
                        ],
                        max_length=20,
                    ),
                ),
                ("seconds", models.IntegerField()),
                ("maximum", models.IntegerField()),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("allow", "allow"),
                            ("challenge", "challenge"),
                            ("review", "review"),
                            ("block", "block"),
                        ],
                        max_length=20,
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                ("version", models.BigIntegerField(default=1)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("maximum__gte", 0), ("seconds__gte", 1)),
                        name="fraud_velocitylimit_is_some_number_in_some_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("decision", "allow"), _negated=True),
                        name="fraud_velocitylimit_stops_something",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VelocityCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject", models.CharField(max_length=80)),
                ("begins_at", models.DateTimeField()),
                ("count", models.IntegerField()),
                (
                    "limit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="fraud.velocitylimit"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("limit", "subject", "begins_at"),
                        name="fraud_velocitycount_is_one_per_limit_subject_and_window",
                    )
                ],
            },
        ),
    ]
