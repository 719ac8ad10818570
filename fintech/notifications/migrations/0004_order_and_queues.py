from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0003_wordings"),
    ]

    operations = [
        InSchema("notifications"),
        migrations.AddField(
            model_name="delivery",
            name="order_key",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="delivery",
            name="order_number",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="endpoint",
            name="is_ordered",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("channel", "webhook"), ("state", "pending")),
                fields=["endpoint", "next_attempt_at", "id"],
                name="notifications_delivery_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(
                    ("channel", "webhook"), ("leased_until__isnull", False), ("state", "pending")
                ),
                fields=["endpoint", "leased_until"],
                name="notifications_delivery_leased",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(
                    ("channel", "webhook"),
                    ("state", "pending"),
                    models.Q(("order_key", ""), _negated=True),
                ),
                fields=["endpoint", "order_key", "order_number"],
                name="notifications_delivery_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("order_key", ""), ("order_number", 0)),
                    models.Q(
                        models.Q(("order_key", ""), _negated=True),
                        ("channel", "webhook"),
                        ("order_number__gte", 1),
                    ),
                    _connector="OR",
                ),
                name="notifications_delivery_in_order_has_a_number",
            ),
        ),
    ]
