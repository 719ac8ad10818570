"""Products and one-time prices; a payment link may sell at a price."""

import django.db.models.deletion
from django.db import migrations, models

import fintech.kernel.ids
from fintech.kernel.schema import InSchema


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0008_billing_country"),
    ]

    operations = [
        InSchema("payments"),
        migrations.CreateModel(
            name="Price",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.kernel.ids.new,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("merchant_id", models.UUIDField()),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                ("active", models.BooleanField(default=True)),
                ("nickname", models.CharField(blank=True, default="", max_length=250)),
                ("lookup_key", models.CharField(blank=True, default="", max_length=200)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField()),
                ("version", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.kernel.ids.new,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("merchant_id", models.UUIDField()),
                ("name", models.CharField(max_length=250)),
                ("description", models.CharField(blank=True, default="", max_length=1000)),
                ("active", models.BooleanField(default=True)),
                ("images", models.JSONField(blank=True, default=list)),
                ("url", models.CharField(blank=True, default="", max_length=2048)),
                ("unit_label", models.CharField(blank=True, default="", max_length=40)),
                ("statement_descriptor", models.CharField(blank=True, default="", max_length=22)),
                ("shippable", models.BooleanField(blank=True, null=True)),
                ("default_price_id", models.UUIDField(blank=True, null=True)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="link",
            name="price_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="link",
            name="quantity",
            field=models.IntegerField(default=1),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("quantity__gte", 1),
                    models.Q(
                        ("price_id__isnull", True), ("amount_minor__isnull", False), _connector="OR"
                    ),
                ),
                name="payments_link_of_a_price_asks_for_its_amount",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(fields=["merchant_id", "-id"], name="payments_product_list"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="payments_product_has_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("deleted_at__isnull", True), ("active", False), _connector="OR"
                ),
                name="payments_product_deleted_is_not_sold",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(("version__gte", 1)),
                name="payments_product_counts_its_versions_from_one",
            ),
        ),
        migrations.AddField(
            model_name="price",
            name="product",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="prices",
                to="payments.product",
            ),
        ),
        migrations.AddIndex(
            model_name="price",
            index=models.Index(fields=["merchant_id", "-id"], name="payments_price_list"),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.UniqueConstraint(
                condition=models.Q(("lookup_key", ""), _negated=True),
                fields=("merchant_id", "lookup_key"),
                name="payments_price_is_found_by_its_lookup_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gte", 1), ("amount_minor__lte", 999999999999)),
                name="payments_price_asks_for_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                name="payments_price_names_its_currency",
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(
                condition=models.Q(("version__gte", 1)),
                name="payments_price_counts_its_versions_from_one",
            ),
        ),
    ]
