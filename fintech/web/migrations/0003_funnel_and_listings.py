"""The funnel of hosted pages, the card of a payment's line, and lists beside payments."""

from django.db import migrations, models

from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("web", "0002_views_and_exports"),
    ]

    operations = [
        InSchema("web"),
        migrations.CreateModel(
            name="Funnel",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "merchant_id",
                        "page_id",
                        "day",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("merchant_id", models.UUIDField()),
                ("page_id", models.UUIDField()),
                ("day", models.DateField()),
                ("opened", models.BigIntegerField(default=0)),
                ("tried", models.BigIntegerField(default=0)),
                ("paid", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="view",
            name="web_view_has_a_name_of_its_own",
        ),
        migrations.AddField(
            model_name="export",
            name="listing",
            field=models.CharField(default="payments", max_length=20),
        ),
        migrations.AddField(
            model_name="payment",
            name="last4",
            field=models.CharField(blank=True, default="", max_length=4),
        ),
        migrations.AddField(
            model_name="payment",
            name="paid",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="payment",
            name="tried",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="view",
            name="listing",
            field=models.CharField(default="payments", max_length=20),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                fields=["merchant_id", "last4", "-created_at", "-id"],
                name="web_payment_list_by_card",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("paid", False), ("tried", True), _connector="OR"),
                name="web_payment_is_tried_before_paid",
            ),
        ),
        migrations.AddConstraint(
            model_name="view",
            constraint=models.UniqueConstraint(
                fields=("merchant_id", "user_id", "listing", "name"),
                name="web_view_has_a_name_of_its_own",
            ),
        ),
        migrations.AddConstraint(
            model_name="funnel",
            constraint=models.CheckConstraint(
                condition=models.Q(("opened__gte", 0), ("paid__gte", 0), ("tried__gte", 0)),
                name="web_funnel_counts",
            ),
        ),
    ]
