"""Who pays, and with what. Personal fields live here and nowhere else."""

from django.db import models
from django.db.models import Q

from fintech.kernel import ids
from fintech.payments import data


class Customer(models.Model):
    """Somebody who pays a merchant."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()  # Another room's row: an id, never a relation.
    email = models.CharField(max_length=512, blank=True, default="")
    name = models.CharField(max_length=256, blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    description = models.CharField(max_length=1000, blank=True, default="")
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        indexes = (models.Index(fields=["merchant_id", "-id"], name="payments_customer_list"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(version__gte=1), name="payments_customer_counts_its_versions_from_one"
            ),
        )

    def __str__(self) -> str:
        return ids.public("cus", self.id)

    def as_data(self) -> data.Customer:
        """Return the frozen value for the door."""
        return data.Customer(
            id=self.id,
            merchant_id=self.merchant_id,
            email=self.email,
            name=self.name,
            phone=self.phone,
            description=self.description,
            metadata=dict(self.metadata),
            created_at=self.created_at,
            deleted=self.deleted_at is not None,
            version=self.version,
        )


class PaymentMethod(models.Model):
    """
    What can be charged: a card, by the provider's token and never a number, or a wallet.

    A wallet has none of a card's columns but a brand and a fingerprint.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.PROTECT)
    card_token = models.CharField(max_length=40, blank=True)
    brand = models.CharField(max_length=20)
    last4 = models.CharField(max_length=4, blank=True)
    exp_month = models.IntegerField()
    exp_year = models.IntegerField()
    country = models.CharField(max_length=2)
    funding = models.CharField(max_length=10)
    fingerprint = models.CharField(max_length=64)
    risk = models.CharField(max_length=10, default="normal")
    wallet_id = models.UUIDField(null=True, blank=True)  # Another room's row.
    billing_name = models.CharField(max_length=256, blank=True, default="")
    billing_email = models.CharField(max_length=512, blank=True, default="")
    billing_phone = models.CharField(max_length=40, blank=True, default="")
    # All of a bill's address that is kept: what fraud compares with the card.
    billing_country = models.CharField(max_length=2, blank=True, default="")
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(fields=["merchant_id", "-id"], name="payments_method_list"),
            models.Index(fields=["customer"], name="payments_method_of_customer"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(wallet_id__isnull=False) | Q(exp_month__gte=1, exp_month__lte=12),
                name="payments_paymentmethod_card_expires_in_a_month",
            ),
            models.CheckConstraint(
                condition=Q(wallet_id__isnull=False, last4="", card_token="")
                | Q(wallet_id__isnull=True, last4__regex=r"^[0-9]{4}$"),
                name="payments_paymentmethod_is_a_card_or_a_wallet",
            ),
        )

    def __str__(self) -> str:
        return f"{self.brand} ···· {self.last4}" if self.wallet_id is None else self.brand

    def card(self) -> data.Card:
        """Return what may be shown of the card, or of the wallet in its place."""
        return data.Card(
            brand=self.brand,
            last4=self.last4,
            exp_month=self.exp_month,
            exp_year=self.exp_year,
            country=self.country,
            funding=self.funding,
            fingerprint=self.fingerprint,
            wallet_id=self.wallet_id,
        )

    def as_data(self) -> data.PaymentMethod:
        """Return the frozen value for the door."""
        return data.PaymentMethod(
            id=self.id,
            merchant_id=self.merchant_id,
            customer_id=self.customer_id,
            card=self.card(),
            created_at=self.created_at,
            billing_name=self.billing_name,
            billing_email=self.billing_email,
            billing_phone=self.billing_phone,
            billing_country=self.billing_country,
            metadata=dict(self.metadata),
        )
