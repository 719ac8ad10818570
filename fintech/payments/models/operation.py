"""What is done to authorized money: taking it. And what providers tell, and links that sell."""

from datetime import datetime

import django_fsm as fsm
from django.db import models
from django.db.models import F, Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.payments import data
from fintech.payments.data import CaptureState
from fintech.payments.models.attempt import Attempt
from fintech.payments.models.payment import Payment, choices


class Capture(fsm.FSMModelMixin, models.Model):
    """
    One taking of authorized money.

    `reference` is the name the provider knows it by: its own id, or the attempt's
    where the money was taken with the authorization. `refunded_minor` counts what was
    given back and what is on its way back. `available_minor` is what of it stands in the
    merchant's available money, less what of it is owed; when that may have to change,
    `available_due_at` says so (a trigger sets it where something is given back later).
    """

    BORN = (CaptureState.SUBMITTED, CaptureState.SUCCEEDED)
    TOGETHER = ()

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="captures")
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="captures")
    merchant_id = models.UUIDField()
    state = fsm.FSMField(
        max_length=20, default=CaptureState.CREATED, choices=choices(CaptureState), protected=True
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    final = models.BooleanField(default=True)
    reference = models.UUIDField(unique=True)
    provider = models.CharField(max_length=40)
    provider_reference = models.CharField(max_length=100, blank=True, default="")
    failure_code = models.CharField(max_length=60, blank=True, default="")
    entry_id = models.UUIDField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    reversal_entry_id = models.UUIDField(null=True, blank=True)
    reversed_at = models.DateTimeField(null=True, blank=True)
    available_due_at = models.DateTimeField(null=True, blank=True)
    became_available_at = models.DateTimeField(null=True, blank=True)
    available_minor = models.BigIntegerField(default=0)
    claim = models.JSONField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    checks = models.IntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["payment"], name="payments_capture_of_payment"),
            models.Index(fields=["merchant_id", "-id"], name="payments_capture_list"),
            models.Index(
                fields=["merchant_id", "currency", "available_due_at"],
                name="payments_capture_becoming",
                condition=Q(available_due_at__isnull=False),
            ),
            models.Index(
                fields=["next_check_at"],
                name="payments_capture_due",
                condition=Q(next_check_at__isnull=False),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(state__in=["created", "submitted", "unknown"]),
                name="payments_capture_is_the_only_open_one_of_its_payment",
            ),
            models.UniqueConstraint(
                fields=["provider", "provider_reference"],
                condition=~Q(provider_reference=""),
                name="payments_capture_is_booked_once_per_provider_reference",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1), name="payments_capture_takes_something"
            ),
            models.CheckConstraint(
                condition=Q(fee_minor__gte=0, fee_minor__lte=F("amount_minor")),
                name="payments_capture_costs_at_most_what_it_takes",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0, refunded_minor__lte=F("amount_minor")),
                name="payments_capture_refunds_at_most_what_it_took",
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(entry_id__isnull=False),
                name="payments_capture_that_succeeded_is_booked",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["succeeded", "reversed"]) ^ Q(succeeded_at__isnull=True),
                name="payments_capture_tells_when_it_succeeded",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="reversed",
                    reversal_entry_id__isnull=False,
                    reversed_at__isnull=False,
                    refunded_minor=0,
                )
                | Q(reversal_entry_id__isnull=True, reversed_at__isnull=True)
                & ~Q(state="reversed"),
                name="payments_capture_reversed_is_booked_and_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["submitted", "unknown"]) | Q(next_check_at__isnull=False),
                name="payments_capture_open_is_asked_about_again",
            ),
            models.CheckConstraint(
                condition=Q(available_minor__lte=0) | Q(became_available_at__isnull=False),
                name="payments_capture_says_when_it_became_available",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["succeeded", "reversed"])
                | Q(available_due_at__isnull=True, became_available_at__isnull=True),
                name="payments_capture_becomes_available_once_it_succeeded",
            ),
        )

    def __str__(self) -> str:
        return str(self.id)

    @fsm.transition(field=state, source=CaptureState.CREATED, target=CaptureState.SUBMITTED)
    def submit(self, *, check_at: datetime) -> None:
        """Be about to ask the provider; ask again at `check_at` if nothing is heard."""
        self.next_check_at = check_at

    @fsm.transition(
        field=state,
        source=[CaptureState.CREATED, CaptureState.SUBMITTED, CaptureState.UNKNOWN],
        target=CaptureState.SUCCEEDED,
    )
    def succeed(self, *, provider_reference: str, fee: Money, at: datetime) -> None:
        """Note that the money was taken, and what of it is ours."""
        self.provider_reference, self.fee_minor = provider_reference, fee.minor
        self.entry_id, self.next_check_at, self.succeeded_at = ids.new(), None, at

    @fsm.transition(
        field=state,
        source=[CaptureState.SUBMITTED, CaptureState.UNKNOWN],
        target=CaptureState.FAILED,
    )
    def fail(self, code: str) -> None:
        """Note that the money was not taken."""
        self.failure_code, self.next_check_at = code, None

    def change_available(self, minor: int, *, at: datetime) -> None:
        """Note what a refund, or one that came back, changed of what may be paid or is owed."""
        if minor:
            self.available_minor += minor
            self.available_due_at = self.available_due_at or at

    @fsm.transition(field=state, source=CaptureState.SUCCEEDED, target=CaptureState.REVERSED)
    def reverse(self, *, at: datetime) -> None:
        """Note that it had not happened: two people have said so."""
        self.reversal_entry_id, self.reversed_at = ids.new(), at

    @fsm.transition(
        field=state,
        source=[CaptureState.SUBMITTED, CaptureState.UNKNOWN],
        target=CaptureState.UNKNOWN,
    )
    def lose_sight(self, *, check_at: datetime) -> None:
        """Note that nobody knows, and when to ask again."""
        self.next_check_at = check_at

    def as_data(self) -> data.Capture:
        """Return the frozen value for the door."""
        return data.Capture(
            id=self.id,
            merchant_id=self.merchant_id,
            payment_id=self.payment_id,
            attempt_id=self.attempt_id,
            amount=Money(self.amount_minor, self.currency),
            fee=Money(self.fee_minor, self.currency),
            refunded=Money(self.refunded_minor, self.currency),
            state=CaptureState(self.state),
            final=self.final,
            reference=self.reference,
            failure_reason=self.failure_code or None,
            entry_id=self.entry_id,
            created_at=self.created_at,
            succeeded_at=self.succeeded_at,
        )


class Callback(models.Model):
    """
    What a provider told us of its own accord: stored once per event of its own.

    Those that match nothing we know of are kept for people to look at.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    provider = models.CharField(max_length=40)
    event_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=40)
    reference = models.CharField(max_length=100)
    status = models.CharField(max_length=20)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    outcome = models.CharField(max_length=20)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["provider", "event_id"],
                name="payments_callback_is_heard_once_per_event",
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"


class Link(models.Model):
    """A page where anyone who has its address may pay."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    token = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    # Where it sells so many pieces at a price of the catalog.
    price_id = models.UUIDField(null=True, blank=True)
    quantity = models.IntegerField(default=1)
    active = models.BooleanField(default=True)
    uses = models.IntegerField(default=0)
    max_uses = models.IntegerField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=["merchant_id", "-id"], name="payments_link_list"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(amount_minor__isnull=True) | Q(amount_minor__gte=1),
                name="payments_link_asks_for_something_or_anything",
            ),
            models.CheckConstraint(
                condition=Q(uses__gte=0) & (Q(max_uses__isnull=True) | Q(uses__lte=F("max_uses"))),
                name="payments_link_is_used_at_most_so_often",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1)
                & (Q(price_id__isnull=True) | Q(amount_minor__isnull=False)),
                name="payments_link_of_a_price_asks_for_its_amount",
            ),
        )

    def __str__(self) -> str:
        return ids.public("plink", self.id)

    def is_open(self, *, at: datetime) -> bool:
        """Whether the link takes payments now."""
        return (
            self.active
            and (self.expires_at is None or at < self.expires_at)
            and (self.max_uses is None or self.uses < self.max_uses)
        )

    def as_data(self) -> data.Link:
        """Return the frozen value for the door."""
        return data.Link(
            id=self.id,
            merchant_id=self.merchant_id,
            token=self.token,
            title=self.title,
            amount=None if self.amount_minor is None else Money(self.amount_minor, self.currency),
            currency=self.currency,
            active=self.active,
            uses=self.uses,
            max_uses=self.max_uses,
            expires_at=self.expires_at,
            created_at=self.created_at,
            price_id=self.price_id,
            quantity=self.quantity,
        )
