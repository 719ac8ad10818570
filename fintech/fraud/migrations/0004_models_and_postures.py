"""Trained models, what merchants want of fraud, second looks; cases that wait or hurry."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import fintech.fraud.data
import fintech.kernel.ids
from fintech.kernel.schema import AppendOnly, InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("fraud", "0003_velocity_limits"),
    ]

    operations = [
        InSchema("fraud"),
        migrations.AddField(
            model_name="case", name="due_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="case",
            name="snoozed_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="escalated",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="ruleset",
            name="challenger",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="ruleset",
            name="champion",
            field=models.UUIDField(null=True),
        ),
        migrations.CreateModel(
            name="Posture",
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
                (
                    "mode",
                    models.CharField(
                        choices=[("off", "off"), ("advisory", "advisory"), ("enforce", "enforce")],
                        max_length=20,
                    ),
                ),
                (
                    "fails",
                    models.CharField(
                        choices=[("open", "open"), ("review", "review"), ("closed", "closed")],
                        max_length=20,
                    ),
                ),
                ("ceiling_minor", models.BigIntegerField(default=0)),
                ("challenge_at", models.IntegerField(default=60)),
                ("review_at", models.IntegerField(default=75)),
                ("block_at", models.IntegerField(default=95)),
                ("explore", models.IntegerField(default=0)),
                ("version", models.BigIntegerField(default=1)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant_id",),
                        name="fraud_posture_is_one_a_merchant",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("challenge_at__gte", 1),
                            ("challenge_at__lte", models.F("review_at")),
                            ("block_at__lte", 101),
                            ("review_at__lte", models.F("block_at")),
                        ),
                        name="fraud_posture_is_milder_below",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ceiling_minor__gte", 0), ("explore__gte", 0), ("explore__lte", 10000)
                        ),
                        name="fraud_posture_explores_a_share",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reassessment",
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
                ("score", models.IntegerField()),
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
                ("reasons", models.JSONField()),
                ("features", models.JSONField()),
                ("created_at", models.DateTimeField()),
                (
                    "assessment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, to="fraud.assessment"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TrainedModel",
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
                ("number", models.IntegerField(unique=True)),
                ("schema", models.CharField(max_length=40)),
                (
                    "stage",
                    django_fsm.FSMField(
                        choices=[
                            ("candidate", "candidate"),
                            ("shadow", "shadow"),
                            ("champion", "champion"),
                            ("retired", "retired"),
                        ],
                        default=fintech.fraud.data.ModelStage["CANDIDATE"],
                        max_length=20,
                        protected=True,
                    ),
                ),
                ("source", models.CharField(max_length=40)),
                ("metrics", models.JSONField()),
                ("gates", models.JSONField()),
                ("card", models.TextField()),
                ("data_hash", models.CharField(max_length=64)),
                ("files", models.JSONField()),
                ("slope", models.FloatField()),
                ("offset", models.FloatField()),
                ("signed_by", models.CharField(max_length=16)),
                ("signature", models.CharField(max_length=128)),
                ("trained_by", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField()),
                ("version", models.BigIntegerField(default=1)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("stage", "champion")),
                        fields=("stage",),
                        name="fraud_trainedmodel_one_decides",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("stage", "shadow")),
                        fields=("stage",),
                        name="fraud_trainedmodel_one_watches",
                    ),
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        AppendOnly("fraud_reassessment"),
    ]
