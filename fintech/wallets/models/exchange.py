"""What currencies are worth, and conversions that were offered."""

from datetime import datetime

import django_fsm as fsm
from django.db import models
from django.db.models import F, Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.wallets import data
from fintech.wallets.data import QuoteState
from fintech.wallets.models.words import choices


class Rate(models.Model):
    """How many units of a currency a euro was worth on a day, as published. Never changed."""

    currency = models.CharField(max_length=3)
    published_on = models.DateField()
    per_euro = models.DecimalField(max_digits=24, decimal_places=10)
    source = models.CharField(max_length=20)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["currency", "published_on", "source"],
                name="wallets_rate_is_published_once_a_day",
            ),
            models.CheckConstraint(
                condition=Q(per_euro__gt=0), name="wallets_rate_is_more_than_nothing"
            ),
        )

    def __str__(self) -> str:
        return f"{self.currency} {self.per_euro} on {self.published_on}"


class Quote(fsm.FSMModelMixin, models.Model):
    """
    A conversion that is offered for a short while, worked out to the last fraction.

    `residue` is what the destination's minor unit was too coarse for, exactly; it stays
    with the platform's position.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    state = fsm.FSMField(
        max_length=20, default=QuoteState.OPEN, choices=choices(QuoteState), protected=True
    )
    source_currency = models.CharField(max_length=3)
    source_minor = models.BigIntegerField()
    spread_basis_points = models.IntegerField()
    spread_minor = models.BigIntegerField()
    destination_currency = models.CharField(max_length=3)
    destination_minor = models.BigIntegerField()
    residue = models.DecimalField(max_digits=40, decimal_places=18)
    rate = models.DecimalField(max_digits=30, decimal_places=12)
    rate_on = models.DateField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    version = models.BigIntegerField(default=1)

    class Meta:
        indexes = (models.Index(fields=["merchant_id", "-id"], name="wallets_quote_list"),)
        constraints = (
            models.CheckConstraint(
                condition=~Q(source_currency=F("destination_currency")),
                name="wallets_quote_is_between_two_currencies",
            ),
            models.CheckConstraint(
                condition=Q(source_minor__gte=1, destination_minor__gte=1),
                name="wallets_quote_gives_something_for_something",
            ),
            models.CheckConstraint(
                condition=Q(spread_minor__gte=0, spread_minor__lt=F("source_minor")),
                name="wallets_quote_leaves_something_to_convert",
            ),
            models.CheckConstraint(
                condition=Q(residue__gte=0, residue__lt=1),
                name="wallets_quote_keeps_aside_less_than_a_minor_unit",
            ),
        )

    def __str__(self) -> str:
        return ids.public("wqt", self.id)

    @fsm.transition(field=state, source=QuoteState.OPEN, target=QuoteState.USED)
    def use(self) -> None:
        """Note that a transfer was made at these terms."""

    def as_data(self) -> data.Quote:
        """Return the frozen value for the door."""
        return data.Quote(
            id=self.id,
            merchant_id=self.merchant_id,
            state=QuoteState(self.state),
            source=Money(self.source_minor, self.source_currency),
            spread=Money(self.spread_minor, self.source_currency),
            destination=Money(self.destination_minor, self.destination_currency),
            rate=format(self.rate.normalize(), "f"),
            rate_on=self.rate_on,
            residue=format(self.residue.normalize(), "f"),
            created_at=self.created_at,
            expires_at=self.expires_at,
            version=self.version,
        )

    def is_open(self, at: datetime) -> bool:
        """Whether a transfer may still be made at these terms."""
        return self.state == QuoteState.OPEN and at < self.expires_at
