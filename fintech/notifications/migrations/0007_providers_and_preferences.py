from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0006_api_key_notices"),
    ]

    operations = [
        InSchema("notifications"),
        migrations.CreateModel(
            name="Preference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("recipient", models.CharField(max_length=64)),
                (
                    "channel",
                    models.CharField(
                        choices=[("webhook", "Webhook"), ("mail", "Mail"), ("sms", "Sms")],
                        max_length=10,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("payment_receipt", "Payment receipt"),
                            ("refund_receipt", "Refund receipt"),
                            ("review_opened", "Review opened"),
                            ("reviews_opened", "Reviews opened"),
                            ("endpoint_paused", "Endpoint paused"),
                            ("endpoint_disabled", "Endpoint disabled"),
                            ("api_key_changed", "Api key changed"),
                        ],
                        max_length=40,
                    ),
                ),
                ("is_wanted", models.BooleanField()),
                ("source", models.CharField(max_length=20)),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ProviderHealth",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("failures", models.IntegerField(default=0)),
                ("rests", models.IntegerField(default=0)),
                ("rests_until", models.DateTimeField(blank=True, null=True)),
                ("slow_until", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "health of providers",
            },
        ),
        migrations.CreateModel(
            name="QuietHours",
            fields=[
                ("recipient", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("time_zone", models.CharField(max_length=64)),
                ("begins", models.TimeField()),
                ("ends", models.TimeField()),
            ],
            options={
                "verbose_name_plural": "quiet hours",
            },
        ),
        migrations.AlterModelOptions(
            name="wording",
            options={"ordering": ("kind", "channel", "language", "-number")},
        ),
        migrations.RemoveConstraint(
            model_name="delivery",
            name="notifications_delivery_has_a_known_state",
        ),
        migrations.RemoveConstraint(
            model_name="delivery",
            name="notifications_delivery_given_up_says_why",
        ),
        migrations.RemoveConstraint(
            model_name="delivery",
            name="notifications_delivery_is_one_per_event_and_template",
        ),
        migrations.RemoveConstraint(
            model_name="delivery",
            name="notifications_delivery_goes_to_one_kind_of_address",
        ),
        migrations.RemoveConstraint(
            model_name="wording",
            name="notifications_wording_is_numbered_once",
        ),
        migrations.RemoveConstraint(
            model_name="wording",
            name="notifications_wording_is_current_once",
        ),
        migrations.AddField(
            model_name="attempt",
            name="provider",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="delivery",
            name="failure",
            field=models.CharField(
                blank=True,
                choices=[
                    ("temporary", "Temporary"),
                    ("permanent", "Permanent"),
                    ("technical", "Technical"),
                ],
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="provider",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="delivery",
            name="reference",
            field=models.CharField(blank=True, default="", max_length=120),
        ),
        migrations.AddField(
            model_name="wording",
            name="channel",
            field=models.CharField(
                choices=[("webhook", "Webhook"), ("mail", "Mail"), ("sms", "Sms")],
                default="mail",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="channel",
            field=models.CharField(
                choices=[("webhook", "Webhook"), ("mail", "Mail"), ("sms", "Sms")], max_length=10
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "Pending"),
                    ("sent", "Sent"),
                    ("delivered", "Delivered"),
                    ("failed", "Failed"),
                    ("abandoned", "Abandoned"),
                ],
                default="pending",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="wording",
            name="kind",
            field=models.CharField(
                choices=[
                    ("payment_receipt", "Payment receipt"),
                    ("refund_receipt", "Refund receipt"),
                    ("review_opened", "Review opened"),
                    ("reviews_opened", "Reviews opened"),
                    ("endpoint_paused", "Endpoint paused"),
                    ("endpoint_disabled", "Endpoint disabled"),
                    ("api_key_changed", "Api key changed"),
                ],
                max_length=40,
            ),
        ),
        migrations.AlterField(
            model_name="wording",
            name="subject",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("reference", ""), _negated=True),
                fields=["provider", "reference"],
                name="notifications_delivery_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("channel__in", ["mail", "sms"])),
                fields=("event", "channel", "template", "endpoint"),
                name="notifications_delivery_is_one_per_event_and_template",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("channel", "webhook"), ("endpoint__isnull", False), ("template", "")),
                    models.Q(
                        ("channel__in", ["mail", "sms"]), models.Q(("template", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="notifications_delivery_goes_to_one_kind_of_address",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["pending", "sent", "delivered", "failed", "abandoned"])
                ),
                name="notifications_delivery_has_a_known_state",
            ),
        ),
        migrations.RunSQL(
            "UPDATE notifications_delivery SET failure = CASE state WHEN 'failed' THEN 'permanent' "
            "ELSE 'temporary' END WHERE state IN ('failed', 'abandoned')",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["pending", "sent", "delivered"]),
                    models.Q(
                        models.Q(("last_error", ""), _negated=True),
                        models.Q(("failure", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="notifications_delivery_given_up_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="wording",
            constraint=models.UniqueConstraint(
                fields=("kind", "channel", "language", "number"),
                name="notifications_wording_is_numbered_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="wording",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_current", True)),
                fields=("kind", "channel", "language"),
                name="notifications_wording_is_current_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="preference",
            constraint=models.UniqueConstraint(
                fields=("recipient", "channel", "kind"),
                name="notifications_preference_is_said_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="preference",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("channel__in", ["mail", "sms"]), models.Q(("source", ""), _negated=True)
                ),
                name="notifications_preference_is_about_people_and_says_whence",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerhealth",
            constraint=models.CheckConstraint(
                condition=models.Q(("failures__gte", 0), ("rests__gte", 0)),
                name="notifications_providerhealth_counts",
            ),
        ),
        migrations.AddConstraint(
            model_name="quiethours",
            constraint=models.CheckConstraint(
                condition=models.Q(("begins", models.F("ends")), _negated=True),
                name="notifications_quiethours_last_a_while",
            ),
        ),
    ]
