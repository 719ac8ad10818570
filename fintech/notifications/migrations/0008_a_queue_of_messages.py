from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0007_providers_and_preferences"),
    ]

    operations = [
        InSchema("notifications"),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(
                    ("state", "pending"), models.Q(("channel", "webhook"), _negated=True)
                ),
                fields=["next_attempt_at", "id"],
                name="notifications_delivery_mails",
            ),
        ),
    ]
