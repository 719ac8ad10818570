"""The checkout session: its columns, the rules the database keeps, and the moves it may make."""

import django_fsm as fsm
from django.db import models
from django.db.models import Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.payments import data
from fintech.payments.data import SessionOutcome as Outcome
from fintech.payments.data import SessionState as State
from fintech.payments.models.catalog import Price
from fintech.payments.models.payment import choices


class CheckoutSession(fsm.FSMModelMixin, models.Model):
    """
    A page made for one sale.

    It has at most one payment. Once it has one, it changes only under the payment's lock.
    """

    BORN = (State.OPEN,)
    TOGETHER = ()

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()  # Another room's row: an id, never a relation.
    token = models.CharField(max_length=60, unique=True)
    state = fsm.FSMField(max_length=20, default=State.OPEN, choices=choices(State), protected=True)
    outcome = models.CharField(
        max_length=10, choices=choices(Outcome), default=Outcome.NONE, blank=True
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    success_url = models.CharField(max_length=2048)
    cancel_url = models.CharField(max_length=2048, blank=True, default="")
    customer_id = models.UUIDField(null=True, blank=True)
    customer_email = models.CharField(max_length=512, blank=True, default="")
    payer_email = models.CharField(max_length=512, blank=True, default="")
    payer_name = models.CharField(max_length=256, blank=True, default="")
    client_reference_id = models.CharField(max_length=200, blank=True, default="")
    metadata = models.JSONField(default=dict, blank=True)
    # How the payment is made once somebody pays.
    capture_method = models.CharField(
        max_length=10, choices=choices(data.CaptureMethod), default="automatic"
    )
    payment_description = models.CharField(max_length=1000, blank=True, default="")
    payment_metadata = models.JSONField(default=dict, blank=True)
    statement_descriptor = models.CharField(max_length=22, blank=True, default="")
    payment_id = models.UUIDField(null=True, blank=True, unique=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(fields=["merchant_id", "-id"], name="payments_session_list"),
            models.Index(
                fields=["expires_at"],
                name="payments_session_expiring",
                condition=Q(state="open"),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1, amount_minor__lte=999_999_999_999),
                name="payments_checkoutsession_asks_for_something",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"),
                name="payments_checkoutsession_names_its_currency",
            ),
            models.CheckConstraint(
                condition=~Q(state="complete") | Q(payment_id__isnull=False),
                name="payments_checkoutsession_complete_names_its_payment",
            ),
            models.CheckConstraint(
                condition=Q(outcome="") | Q(state="complete"),
                name="payments_checkoutsession_is_paid_or_failed_once_complete",
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1),
                name="payments_checkoutsession_counts_its_versions_from_one",
            ),
        )

    def __str__(self) -> str:
        return ids.public("cs", self.id)

    @fsm.transition(field=state, source=[State.OPEN, State.EXPIRED], target=State.COMPLETE)
    def complete(self, *, paid: bool) -> None:
        """
        Note that the payer is done.

        What had expired is completed too: people may find out later that it was paid.
        """
        self.outcome = Outcome.PAID if paid else Outcome.NONE

    @fsm.transition(field=state, source=State.COMPLETE, target=State.COMPLETE)
    def settle(self, outcome: Outcome) -> None:
        """Note what became of money that was only reserved, or given up, until now."""
        self.outcome = outcome

    @fsm.transition(field=state, source=State.OPEN, target=State.EXPIRED)
    def expire(self) -> None:
        """Take no payment any more."""

    def as_data(self) -> data.CheckoutSession:
        """Return the frozen value for the door; needs its lines and their prices at hand."""
        return data.CheckoutSession(
            id=self.id,
            merchant_id=self.merchant_id,
            token=self.token,
            state=State(self.state),
            outcome=Outcome(self.outcome),
            amount=Money(self.amount_minor, self.currency),
            items=tuple(line.as_data(self.currency) for line in self.lines.all()),
            success_url=self.success_url,
            cancel_url=self.cancel_url,
            customer_id=self.customer_id,
            customer_email=self.customer_email,
            payer_email=self.payer_email,
            payer_name=self.payer_name,
            client_reference_id=self.client_reference_id,
            metadata=dict(self.metadata),
            payment_id=self.payment_id,
            expires_at=self.expires_at,
            created_at=self.created_at,
            version=self.version,
        )


class CheckoutLine(models.Model):
    """So many pieces of one thing; its words and its amount stay as they were."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    session = models.ForeignKey(CheckoutSession, on_delete=models.PROTECT, related_name="lines")
    number = models.IntegerField()
    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="+")
    description = models.CharField(max_length=250)
    amount_minor = models.BigIntegerField()  # Of all pieces.
    quantity = models.IntegerField()

    class Meta:
        ordering = ("session", "number")
        constraints = (
            models.UniqueConstraint(
                fields=["session", "number"], name="payments_checkoutline_stands_in_one_place"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, amount_minor__gte=models.F("quantity")),
                name="payments_checkoutline_sells_something_for_something",
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.description}"

    def as_data(self, currency: str) -> data.LineItem:
        """Return the frozen value for the door."""
        return data.LineItem(
            id=self.id,
            description=self.description,
            amount=Money(self.amount_minor, currency),
            quantity=self.quantity,
            price=self.price.as_data(),
        )
