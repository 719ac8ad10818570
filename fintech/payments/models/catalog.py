"""What a merchant sells, and for how much."""

from django.db import models
from django.db.models import Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.payments import data


class Product(models.Model):
    """Something a merchant sells."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()  # Another room's row: an id, never a relation.
    name = models.CharField(max_length=250)
    description = models.CharField(max_length=1000, blank=True, default="")
    active = models.BooleanField(default=True)
    images = models.JSONField(default=list, blank=True)
    url = models.CharField(max_length=2048, blank=True, default="")
    unit_label = models.CharField(max_length=40, blank=True, default="")
    statement_descriptor = models.CharField(max_length=22, blank=True, default="")
    shippable = models.BooleanField(null=True, blank=True)
    # The row of a price names its product; back again it is an id, so that neither waits.
    default_price_id = models.UUIDField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=["merchant_id", "-id"], name="payments_product_list"),)
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="payments_product_has_a_name"),
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True) | Q(active=False),
                name="payments_product_deleted_is_not_sold",
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1), name="payments_product_counts_its_versions_from_one"
            ),
        )

    def __str__(self) -> str:
        return ids.public("prod", self.id)

    def as_data(self) -> data.Product:
        """Return the frozen value for the door."""
        return data.Product(
            id=self.id,
            merchant_id=self.merchant_id,
            name=self.name,
            description=self.description,
            active=self.active,
            images=tuple(self.images),
            url=self.url,
            unit_label=self.unit_label,
            statement_descriptor=self.statement_descriptor,
            shippable=self.shippable,
            default_price_id=self.default_price_id,
            metadata=dict(self.metadata),
            created_at=self.created_at,
            updated_at=self.updated_at,
            deleted=self.deleted_at is not None,
            version=self.version,
        )


class Price(models.Model):
    """What one piece of a product costs. The amount is never changed: orders rest on it."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="prices")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    active = models.BooleanField(default=True)
    nickname = models.CharField(max_length=250, blank=True, default="")
    lookup_key = models.CharField(max_length=200, blank=True, default="")
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=["merchant_id", "-id"], name="payments_price_list"),)
        constraints = (
            models.UniqueConstraint(
                fields=["merchant_id", "lookup_key"],
                condition=~Q(lookup_key=""),
                name="payments_price_is_found_by_its_lookup_key",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1, amount_minor__lte=999_999_999_999),
                name="payments_price_asks_for_something",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"),
                name="payments_price_names_its_currency",
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1), name="payments_price_counts_its_versions_from_one"
            ),
        )

    def __str__(self) -> str:
        return ids.public("price", self.id)

    def as_data(self) -> data.Price:
        """Return the frozen value for the door."""
        return data.Price(
            id=self.id,
            merchant_id=self.merchant_id,
            product_id=self.product_id,
            amount=Money(self.amount_minor, self.currency),
            active=self.active,
            nickname=self.nickname,
            lookup_key=self.lookup_key,
            metadata=dict(self.metadata),
            created_at=self.created_at,
            version=self.version,
        )
