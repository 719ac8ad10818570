"""More formats, and what a payer saw in another currency."""

from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0001_files_runs_breaks"),
    ]

    operations = [
        InSchema("reconciliation"),
        migrations.AddField(
            model_name="line",
            name="original_currency",
            field=models.CharField(blank=True, max_length=3),
        ),
        migrations.AddField(
            model_name="line",
            name="original_minor",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="line",
            name="rate",
            field=models.DecimalField(decimal_places=18, max_digits=38, null=True),
        ),
        migrations.AlterField(
            model_name="import",
            name="format",
            field=models.CharField(blank=True, max_length=40),
        ),
    ]
