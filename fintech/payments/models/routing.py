"""To which providers attempts go: routes, what providers cost, and what staff hold."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from fintech.kernel import ids
from fintech.payments import data
from fintech.payments.data import RouteOrder
from fintech.payments.models.payment import choices

MOST_PROVIDERS = 5


class Route(models.Model):
    """
    One rule: what it is for, and to which providers that goes.

    Routes are tried by position, a merchant's own before the platform's; the first that
    fits decides. What is left empty fits everything.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField(null=True, blank=True)  # None: for every merchant.
    position = models.IntegerField()
    name = models.CharField(max_length=60)
    currency = models.CharField(max_length=3, blank=True, default="")
    least_minor = models.BigIntegerField(null=True, blank=True)
    most_minor = models.BigIntegerField(null=True, blank=True)
    brands = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    providers = ArrayField(models.CharField(max_length=40))
    order = models.CharField(max_length=20, choices=choices(RouteOrder), default="listed")
    active = models.BooleanField(default=True)
    changed_at = models.DateTimeField()
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["merchant_id", "position"],
                condition=Q(active=True),
                nulls_distinct=False,
                name="payments_route_has_its_own_position",
            ),
            models.CheckConstraint(
                condition=Q(providers__len__gte=1, providers__len__lte=MOST_PROVIDERS),
                name="payments_route_leads_to_one_to_five_providers",
            ),
            models.CheckConstraint(
                condition=Q(least_minor__isnull=True, most_minor__isnull=True) | ~Q(currency=""),
                name="payments_route_with_amounts_names_their_currency",
            ),
            models.CheckConstraint(
                condition=Q(least_minor__isnull=True)
                | Q(most_minor__isnull=True)
                | Q(least_minor__lte=F("most_minor")),
                name="payments_route_begins_below_its_end",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def as_data(self) -> data.Route:
        """Return the frozen value."""
        return data.Route(
            id=self.id,
            merchant_id=self.merchant_id,
            position=self.position,
            name=self.name,
            currency=self.currency,
            least_minor=self.least_minor,
            most_minor=self.most_minor,
            brands=tuple(self.brands),
            countries=tuple(self.countries),
            providers=tuple(self.providers),
            order=RouteOrder(self.order),
            active=self.active,
        )


class ProviderCost(models.Model):
    """What a provider keeps of an amount in one currency, as far as routing reckons with it."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    provider = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    basis_points = models.IntegerField()
    fixed_minor = models.BigIntegerField()
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["provider", "currency"], name="payments_providercost_is_agreed_once"
            ),
            models.CheckConstraint(
                condition=Q(basis_points__gte=0, basis_points__lte=10_000, fixed_minor__gte=0),
                name="payments_providercost_is_a_cost",
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider} in {self.currency}"


class ProviderHold(models.Model):
    """
    Staff's word on one provider's circuit; empty, it goes by what its calls come to.

    The row is what is true. Valkey, where processes read it, is told again by the clock.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    name = models.CharField(max_length=40, unique=True)
    held = models.CharField(
        max_length=10,
        blank=True,
        default="",
        choices=[("", "by itself"), ("open", "held open"), ("closed", "held closed")],
    )
    changed_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = "provider"
        constraints = (
            models.CheckConstraint(
                condition=Q(held__in=["", "open", "closed"]), name="payments_providerhold_is_a_way"
            ),
        )

    def __str__(self) -> str:
        return self.name
