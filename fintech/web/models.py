"""
Read models of the pages: what happened to a payment, and what a day brought.

They hold nothing that the event log and the journal do not say, and may be thrown away
at any time: `manage.py rebuild web` folds the same rows again. Beside them, what people
keep here: views of a list that they named, and large exports.
"""

from django.db import models
from django.db.models import Q

from fintech.kernel import ids
from fintech.web import data


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
    session_id = models.UUIDField(null=True, blank=True)
    last4 = models.CharField(max_length=4, blank=True, default="")  # Of the card that was tried.
    tried = models.BooleanField(default=False)  # The payer said yes at least once.
    paid = models.BooleanField(default=False)  # A bank said yes at least once.
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
            models.Index(
                fields=["merchant_id", "last4", "-created_at", "-id"],
                name="web_payment_list_by_card",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(version__gte=1), name="web_payment_has_heard_something"
            ),
            models.CheckConstraint(
                condition=Q(paid=False) | Q(tried=True), name="web_payment_is_tried_before_paid"
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


class Funnel(models.Model):
    """
    How far payers got at one hosted page on one day, in UTC.

    An opening counts on the day it happened, a try and a success on the day the payment began.
    """

    pk = models.CompositePrimaryKey("merchant_id", "page_id", "day")
    merchant_id = models.UUIDField()
    page_id = models.UUIDField()  # The link, or the checkout session, that was opened.
    day = models.DateField()
    opened = models.BigIntegerField(default=0)
    tried = models.BigIntegerField(default=0)
    paid = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(opened__gte=0, tried__gte=0, paid__gte=0), name="web_funnel_counts"
            ),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.opened} {self.tried} {self.paid}"


class View(models.Model):
    """Filters and columns of a list that somebody gave a name."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    user_id = models.UUIDField()
    listing = models.CharField(max_length=20, default="payments")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["merchant_id", "user_id", "listing", "name"],
                name="web_view_has_a_name_of_its_own",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="web_view_has_a_name"),
        )

    def __str__(self) -> str:
        return self.name

    def as_data(self) -> data.View:
        """Return it as a value."""
        return data.View(id=self.id, listing=self.listing, name=self.name, query=self.query)


class Export(models.Model):
    """A file that is written in the background, for the person who asked for it."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    user_id = models.UUIDField()
    listing = models.CharField(max_length=20, default="payments")
    form = models.CharField(max_length=4)
    query = models.CharField(max_length=1000, blank=True)
    state = models.CharField(max_length=8)
    rows_done = models.BigIntegerField(default=0)
    rows_total = models.BigIntegerField()
    object_name = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    heard_at = models.DateTimeField(null=True, blank=True)  # When its writer last said something.
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["queued", "running"]),
                name="web_export_to_be_written",
            ),
            models.Index(fields=["merchant_id", "user_id", "-id"], name="web_export_list"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(rows_done__gte=0, rows_total__gte=0), name="web_export_counts_rows"
            ),
            models.CheckConstraint(
                condition=Q(state="done") ^ Q(object_name=""),
                name="web_export_has_a_file_once_done",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"]) ^ Q(finished_at__isnull=False),
                name="web_export_says_when_it_ended",
            ),
        )

    def __str__(self) -> str:
        return f"{self.form} {self.rows_done}/{self.rows_total}"

    def as_data(self) -> data.Export:
        """Return it as a value."""
        return data.Export(
            id=self.id,
            merchant_id=self.merchant_id,
            listing=self.listing,
            form=data.ExportForm(self.form),
            state=data.ExportState(self.state),
            query=self.query,
            rows_done=self.rows_done,
            rows_total=self.rows_total,
            object_name=self.object_name,
            created_at=self.created_at,
            started_at=self.started_at,
            finished_at=self.finished_at,
        )
