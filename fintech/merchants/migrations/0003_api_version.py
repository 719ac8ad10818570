from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("merchants", "0002_signing_keys"),
    ]

    operations = [
        InSchema("merchants"),
        migrations.AddField(
            model_name="merchant",
            name="api_version",
            field=models.CharField(blank=True, db_default="", default="", max_length=10),
        ),
    ]
