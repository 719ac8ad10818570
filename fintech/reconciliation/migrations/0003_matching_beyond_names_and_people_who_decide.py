"""Matching beyond names, the bank's balances, and people who decide."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import fintech.reconciliation.data
from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0002_formats_and_what_the_payer_saw"),
    ]

    operations = [
        InSchema("reconciliation"),
        migrations.CreateModel(
            name="Anomaly",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("on", models.DateField()),
                ("metric", models.CharField(max_length=40)),
                ("value", models.DecimalField(decimal_places=6, max_digits=20)),
                ("expected", models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ("score", models.DecimalField(decimal_places=3, max_digits=12)),
                ("method", models.CharField(max_length=20)),
                ("found_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "anomalies",
                "ordering": ("-on", "source", "metric"),
            },
        ),
        migrations.CreateModel(
            name="BankProof",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("account", models.CharField(max_length=100)),
                ("currency", models.CharField(max_length=3)),
                ("on", models.DateField(null=True)),
                ("closing_minor", models.BigIntegerField()),
                ("ledger_minor", models.BigIntegerField()),
                ("unbooked_minor", models.BigIntegerField()),
                ("before_minor", models.BigIntegerField()),
                ("unexplained_minor", models.BigIntegerField()),
            ],
            options={
                "ordering": ("-run", "account", "currency"),
            },
        ),
        migrations.RemoveConstraint(
            model_name="batch",
            name="reconciliation_batch_is_paid_by_its_own_bank_line",
        ),
        migrations.AddField(
            model_name="break",
            name="approval_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="break",
            name="assigned_to",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="break",
            name="decided_by",
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name="break",
            name="decided_kind",
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AddField(
            model_name="break",
            name="entry_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="break",
            name="wait_until",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="line",
            name="status",
            field=models.CharField(blank=True, max_length=10),
        ),
        migrations.AddField(
            model_name="statement",
            name="checked_in",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="reconciliation.run",
            ),
        ),
        migrations.AlterField(
            model_name="break",
            name="kind",
            field=models.CharField(
                choices=[
                    ("missing_in_ledger", "missing in ledger"),
                    ("missing_in_processor", "missing in processor"),
                    ("missing_in_bank", "missing in bank"),
                    ("amount_over", "amount over"),
                    ("amount_under", "amount under"),
                    ("fee_variance", "fee variance"),
                    ("fx_variance", "fx variance"),
                    ("currency", "currency"),
                    ("direction", "direction"),
                    ("status", "status"),
                    ("split", "split"),
                    ("duplicate", "duplicate"),
                    ("multiple_candidates", "multiple candidates"),
                    ("unidentified_credit", "unidentified credit"),
                    ("balance", "balance"),
                ],
                max_length=30,
            ),
        ),
        migrations.AlterField(
            model_name="expectation",
            name="difference",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="reconciliation.break",
            ),
        ),
        migrations.AlterField(
            model_name="expectation",
            name="run",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="reconciliation.run",
            ),
        ),
        migrations.AlterField(
            model_name="line",
            name="difference",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="reconciliation.break",
            ),
        ),
        migrations.AlterField(
            model_name="line",
            name="run",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="reconciliation.run",
            ),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["source", "name"], name="recon_batch_name"),
        ),
        migrations.AddIndex(
            model_name="line",
            index=models.Index(
                condition=models.Q(("witness", fintech.reconciliation.data.Witness["BANK"])),
                fields=["reference"],
                name="recon_line_bank_reference",
            ),
        ),
        migrations.AddIndex(
            model_name="statement",
            index=models.Index(fields=["account", "currency"], name="recon_statement_account"),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("rule", fintech.reconciliation.data.Rule["SUBSET_SUM"]), _negated=True
                ),
                fields=("bank_line",),
                name="reconciliation_batch_is_paid_by_its_own_bank_line",
            ),
        ),
        migrations.AddConstraint(
            model_name="anomaly",
            constraint=models.UniqueConstraint(
                fields=("source", "on", "metric"),
                name="reconciliation_anomaly_is_told_once_per_day_and_metric",
            ),
        ),
        migrations.AddField(
            model_name="bankproof",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="bank_proofs",
                to="reconciliation.run",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankproof",
            constraint=models.UniqueConstraint(
                fields=("run", "account", "currency"),
                name="reconciliation_bankproof_is_made_once_per_run_and_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankproof",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "unexplained_minor",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("closing_minor"), "-", models.F("before_minor")
                                ),
                                "-",
                                models.F("ledger_minor"),
                            ),
                            "-",
                            models.F("unbooked_minor"),
                        ),
                    )
                ),
                name="reconciliation_bankproof_names_what_is_unexplained",
            ),
        ),
    ]
