"""Limits, and what operations have reserved of them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from fintech.kernel import ids
from fintech.wallets import data
from fintech.wallets.data import LimitKind, LimitWindow, OnReversal
from fintech.wallets.models.words import choices


class Limit(models.Model):
    """How much, or how often, within a time: of a merchant, customers, cards or wallets."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    scope = models.CharField(max_length=20, choices=choices(data.LimitScope))
    subject = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=20, choices=choices(LimitKind))
    window = models.CharField(max_length=20, choices=choices(LimitWindow))
    seconds = models.IntegerField(null=True, blank=True)
    zone = models.CharField(max_length=60, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    maximum = models.BigIntegerField()
    tier = models.CharField(max_length=40, blank=True, default="")
    channel = models.CharField(max_length=40, blank=True, default="")
    category = models.CharField(max_length=40, blank=True, default="")
    operation = models.CharField(max_length=40, blank=True, default="")
    reversal = models.CharField(
        max_length=20, default=OnReversal.GIVES_BACK, choices=choices(OnReversal)
    )
    converts = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=1)

    class Meta:
        indexes = (
            models.Index(
                fields=["merchant_id"], name="wallets_limit_active", condition=Q(active=True)
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(maximum__gte=0), name="wallets_limit_is_not_negative"
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["amount", "balance"]) | ~Q(currency=""),
                name="wallets_limit_of_an_amount_has_a_currency",
            ),
            models.CheckConstraint(
                condition=Q(converts=False) | Q(kind="amount"),
                name="wallets_limit_that_converts_is_of_an_amount",
            ),
            models.CheckConstraint(
                condition=Q(window="rolling", seconds__gte=1)
                | ~Q(window="rolling") & Q(seconds__isnull=True),
                name="wallets_limit_that_rolls_says_how_long",
            ),
            models.CheckConstraint(
                condition=Q(window__in=["day", "week", "month"]) & ~Q(zone="")
                | ~Q(window__in=["day", "week", "month"]) & Q(zone=""),
                name="wallets_limit_of_a_date_says_in_which_zone",
            ),
            models.CheckConstraint(
                condition=~Q(kind="balance") | Q(scope="wallet", window="per_transaction"),
                name="wallets_limit_of_a_balance_is_a_wallets",
            ),
        )

    def __str__(self) -> str:
        return ids.public("lim", self.id)

    def as_data(self) -> data.Limit:
        """Return the frozen value for the door."""
        return data.Limit(
            id=self.id,
            merchant_id=self.merchant_id,
            scope=data.LimitScope(self.scope),
            subject=self.subject,
            kind=LimitKind(self.kind),
            window=LimitWindow(self.window),
            seconds=self.seconds,
            zone=self.zone,
            currency=self.currency,
            maximum=self.maximum,
            active=self.active,
            created_at=self.created_at,
            version=self.version,
            tier=self.tier,
            channel=self.channel,
            category=self.category,
            operation=self.operation,
            reversal=OnReversal(self.reversal),
            converts=self.converts,
        )


class Reservation(models.Model):
    """
    An operation's share of the limits of one subject: reserved, then confirmed or given back.

    One row for all of them that do the same on a reversal, however many there are: `limits`
    says which, and `windows` where the counter of each begins that it is counted in. What was
    converted for them has a row of its own, with the rate: so many `units` of its currency
    are `of_units` of the original's. It is the working copy of what the operation's own facts
    say, so it has none of its own.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    operation_id = models.UUIDField()
    subject = models.CharField(max_length=80)
    limits = ArrayField(models.UUIDField())
    windows = ArrayField(models.DateTimeField())
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    original_minor = models.BigIntegerField(null=True, blank=True)
    original_currency = models.CharField(max_length=3, blank=True, default="")
    units = models.DecimalField(max_digits=40, decimal_places=0, null=True, blank=True)
    of_units = models.DecimalField(max_digits=40, decimal_places=0, null=True, blank=True)
    reversal = models.CharField(
        max_length=20, default=OnReversal.GIVES_BACK, choices=choices(OnReversal)
    )
    counterparty = models.CharField(max_length=80, blank=True, default="")
    state = models.CharField(
        max_length=20,
        default=data.ReservationState.RESERVED,
        choices=choices(data.ReservationState),
    )
    at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(
                fields=["subject", "at"],
                name="wallets_reservation_counted",
                include=["amount_minor", "limits"],
                condition=Q(state__in=["reserved", "confirmed"]),
            ),
            models.Index(
                fields=["subject"],
                name="wallets_reservation_reserved",
                condition=Q(state="reserved"),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["operation_id", "subject", "currency", "original_currency", "reversal"],
                name="wallets_reservation_is_made_once_per_operation_and_subject",
            ),
            models.CheckConstraint(
                condition=Q(
                    original_currency="",
                    original_minor__isnull=True,
                    units__isnull=True,
                    of_units__isnull=True,
                )
                | ~Q(original_currency="")
                & Q(original_minor__gte=0, units__gte=1, of_units__gte=1),
                name="wallets_reservation_that_was_converted_says_at_which_rate",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0), name="wallets_reservation_is_not_negative"
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency} ({self.state})"


class Usage(models.Model):
    """
    What is used of a limit by one subject in one window: a counter, kept with reservations.

    A calendar window has a counter of its own from `begins` on. A rolling one has a single
    counter, of reservations after `counted_from`.
    """

    limit = models.ForeignKey(
        Limit, on_delete=models.PROTECT, related_name="usages", db_constraint=False, db_index=False
    )
    subject = models.CharField(max_length=80)
    begins = models.DateTimeField()
    amount_minor = models.BigIntegerField()
    count = models.BigIntegerField()
    counted_from = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["limit", "subject", "begins"],
                name="wallets_usage_is_counted_once_per_window",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0, count__gte=0),
                name="wallets_usage_is_not_negative",
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount_minor} in {self.count}"
