from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_telling"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="delivery",
            name="notifications_delivery_is_one_per_event_and_template",
        ),
        migrations.RemoveConstraint(
            model_name="delivery",
            name="notifications_delivery_goes_to_one_kind_of_address",
        ),
        migrations.AddField(
            model_name="endpoint",
            name="failing_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="endpoint",
            name="failures",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="endpoint",
            name="paused_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="endpoint",
            name="pauses",
            field=models.IntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("channel", "mail")),
                fields=("event", "template", "endpoint"),
                name="notifications_delivery_is_one_per_event_and_template",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("channel", "webhook"), ("endpoint__isnull", False), ("template", "")),
                    models.Q(("channel", "mail"), models.Q(("template", ""), _negated=True)),
                    _connector="OR",
                ),
                name="notifications_delivery_goes_to_one_kind_of_address",
            ),
        ),
        migrations.AddConstraint(
            model_name="endpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("failures", 0), ("failing_since__isnull", False), _connector="XOR"
                ),
                name="notifications_endpoint_failing_says_since_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="endpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("pauses", 0), ("paused_until__isnull", False), _connector="XOR"
                ),
                name="notifications_endpoint_paused_says_until_when",
            ),
        ),
    ]
