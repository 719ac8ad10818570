from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0009_choices_and_opens"),
    ]

    operations = [
        InSchema("notifications"),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=["merchant_id", "created_at"], name="notifications_delivery_made"
            ),
        ),
    ]
