"""Rules that people write, and what they say in shadow."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import fintech.fraud.data
import fintech.kernel.ids
from fintech.kernel.schema import AppendOnly, InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("fraud", "0001_assessments_cases_lists_outcomes"),
    ]

    operations = [
        InSchema("fraud"),
        migrations.CreateModel(
            name="Ruleset",
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
                ("active", models.JSONField()),
                ("shadow", models.JSONField()),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="assessment",
            name="shadow",
            field=models.JSONField(default=list),
        ),
        migrations.CreateModel(
            name="Rule",
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
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("draft", "draft"),
                            ("shadow", "shadow"),
                            ("active", "active"),
                            ("archived", "archived"),
                        ],
                        default=fintech.fraud.data.RuleState["DRAFT"],
                        max_length=20,
                        protected=True,
                    ),
                ),
                ("number", models.IntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("version", models.BigIntegerField(default=1)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("name", "merchant_id"),
                        name="fraud_rule_has_a_name_of_its_own",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name__regex", "^[a-z][a-z0-9_]*$")),
                        name="fraud_rule_is_named_by_a_word",
                    ),
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="RuleVersion",
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
                ("condition", models.CharField(max_length=2000)),
                ("points", models.IntegerField(default=0)),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("allow", "allow"),
                            ("challenge", "challenge"),
                            ("review", "review"),
                            ("block", "block"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("author", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField()),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="texts",
                        to="fraud.rule",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("rule", "number"), name="fraud_ruleversion_is_numbered_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("points__gte", -100), ("points__lte", 100)),
                        name="fraud_ruleversion_gives_at_most_100_points",
                    ),
                ],
            },
        ),
        AppendOnly("fraud_ruleversion"),
        AppendOnly("fraud_ruleset"),
    ]
