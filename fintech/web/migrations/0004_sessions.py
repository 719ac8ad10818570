"""A line of the payments list names the checkout session it was paid in, for the funnel."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("web", "0003_funnel_and_listings"),
    ]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="session_id",
            field=models.UUIDField(blank=True, null=True),
        ),
    ]
