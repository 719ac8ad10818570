"""
Read models of the pages: what happened to a payment, and what a day brought.

They hold nothing that the event log and the journal do not say, and may be thrown away
at any time: `manage.py rebuild web` folds the same rows again.
"""

from django.db import models
from django.db.models import Q


class Timeline(models.Model):
    """One thing that happened to a payment. Written once, never changed."""

    pk = models.CompositePrimaryKey("source", "position")
    source = models.CharField(max_length=20)  # The name of the source it was read from.
    position = models.BigIntegerField()
    payment_id = models.UUIDField()
    # None where the journal names no merchant; the payment's page has checked whose it is.
    merchant_id = models.UUIDField(null=True, blank=True)
    kind = models.CharField(max_length=80)
    version = models.BigIntegerField()
    data = models.JSONField()  # Ids, codes and amounts: never a name, mail or free text.
    by = models.CharField(max_length=20, blank=True, default="")
    request_id = models.CharField(max_length=80, blank=True, default="")
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["payment_id", "recorded_at"], name="web_timeline_of_payment"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(position__gte=0), name="web_timeline_says_where_it_was_read"
            ),
        )

    def __str__(self) -> str:
        return f"{self.source}:{self.position} {self.kind}"


class Payment(models.Model):
    """A line of the payments list, folded from the payment's timeline."""

    id = models.UUIDField(primary_key=True, editable=False)
    merchant_id = models.UUIDField()
    state = models.CharField(max_length=20)
    purpose = models.CharField(max_length=10)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    captured_minor = models.BigIntegerField(default=0)
    fee_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    score = models.IntegerField(null=True, blank=True)
    decision = models.CharField(max_length=20, blank=True, default="")
    decline_code = models.CharField(max_length=80, blank=True, default="")
    customer_id = models.UUIDField(null=True, blank=True)
    link_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    version = models.BigIntegerField()

    class Meta:
        indexes = (
            models.Index(fields=["merchant_id", "-created_at", "-id"], name="web_payment_list"),
            models.Index(
                fields=["merchant_id", "state", "-created_at", "-id"],
                name="web_payment_list_by_state",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(version__gte=1), name="web_payment_has_heard_something"
            ),
        )

    def __str__(self) -> str:
        return str(self.id)


class DayTotal(models.Model):
    """What one day brought a merchant in one currency, by the business clock in UTC."""

    pk = models.CompositePrimaryKey("merchant_id", "currency", "day")
    merchant_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    day = models.DateField()
    created = models.BigIntegerField(default=0)
    authorized = models.BigIntegerField(default=0)
    declined = models.BigIntegerField(default=0)
    blocked = models.BigIntegerField(default=0)
    captures = models.BigIntegerField(default=0)
    captured_minor = models.BigIntegerField(default=0)
    fee_minor = models.BigIntegerField(default=0)
    refunds = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"),
                name="web_daytotal_names_its_currency",
            ),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.currency}"
