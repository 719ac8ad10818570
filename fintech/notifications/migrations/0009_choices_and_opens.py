from django.db import migrations, models
from django.db.models import Q

from fintech.kernel.schema import InSchema

_KINDS = [
    ("payment_receipt", "Payment receipt"),
    ("refund_receipt", "Refund receipt"),
    ("review_opened", "Review opened"),
    ("reviews_opened", "Reviews opened"),
    ("endpoint_paused", "Endpoint paused"),
    ("endpoint_disabled", "Endpoint disabled"),
    ("api_key_changed", "Api key changed"),
    ("opens", "Opens"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0008_a_queue_of_messages"),
    ]

    operations = [
        InSchema("notifications"),
        migrations.AddField(
            model_name="delivery",
            name="opened_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=Q(("template", ""), _negated=True),
                fields=["template", "-id"],
                name="notifications_delivery_kinds",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=Q(("opened_at__isnull", True), ("channel", "mail"), _connector="OR"),
                name="notifications_delivery_opened_is_a_mail",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="preference", name="notifications_preference_is_said_once"
        ),
        migrations.AddField(
            model_name="preference",
            name="merchant_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="preference",
            name="kind",
            field=models.CharField(choices=_KINDS, max_length=40),
        ),
        migrations.AddConstraint(
            model_name="preference",
            constraint=models.UniqueConstraint(
                fields=["recipient", "channel", "kind", "merchant_id"],
                name="notifications_preference_is_said_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="preference",
            constraint=models.CheckConstraint(
                condition=Q(
                    ("merchant_id__isnull", True),
                    Q(("kind", "opens"), _negated=True),
                    _connector="OR",
                ),
                name="notifications_preference_about_opens_is_the_readers_own",
            ),
        ),
    ]
