"""The payment: its columns, the rules the database keeps, and the moves it may make."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import django_fsm as fsm
from django.db import models
from django.db.models import F, Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.payments import data
from fintech.payments.data import PaymentState as State
from fintech.payments.models.people import PaymentMethod

_OPEN: Final = [State.CREATED, State.AWAITING_PAYER, State.PROCESSING]


def choices(states: type[StrEnum]) -> list[tuple[str, str]]:
    """Return an enum as Django's choices."""
    return [(str(state), str(state).replace("_", " ")) for state in states]


class Payment(fsm.FSMModelMixin, models.Model):
    """What a payer owes a merchant for one sale, or puts into a wallet."""

    BORN = (State.CREATED, State.PROCESSING, State.AWAITING_PAYER)
    TOGETHER = (
        (State.CREATED, State.AWAITING_PAYER),  # confirm, challenge
        (State.PROCESSING, State.CAPTURED),  # authorize, capture_rest
        (State.PROCESSING, State.CANCELED),  # fail_attempt, cancel
    )

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()  # Another room's row: an id, never a relation.
    purpose = models.CharField(max_length=10, choices=choices(data.Purpose), default="sale")
    wallet_id = models.UUIDField(null=True, blank=True)
    state = fsm.FSMField(
        max_length=20, default=State.CREATED, choices=choices(State), protected=True
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    authorized_minor = models.BigIntegerField(default=0)
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    refund_pending_minor = models.BigIntegerField(default=0)
    fee_minor = models.BigIntegerField(default=0)
    # The merchant's price on the day of the sale; a later price does not reach back.
    fee_basis_points = models.IntegerField(default=0)
    fee_fixed_minor = models.BigIntegerField(default=0)
    capture_method = models.CharField(
        max_length=10, choices=choices(data.CaptureMethod), default="automatic"
    )
    customer_id = models.UUIDField(null=True, blank=True)
    payment_method = models.ForeignKey(
        PaymentMethod, null=True, blank=True, on_delete=models.PROTECT
    )
    attempts = models.IntegerField(default=0)
    description = models.CharField(max_length=1000, blank=True, default="")
    metadata = models.JSONField(default=dict, blank=True)
    receipt_email = models.CharField(max_length=512, blank=True, default="")
    return_url = models.CharField(max_length=2048, blank=True, default="")
    statement_descriptor = models.CharField(max_length=22, blank=True, default="")
    cancellation_reason = models.CharField(max_length=40, blank=True, default="")
    error_code = models.CharField(max_length=60, blank=True, default="")
    decline_code = models.CharField(max_length=60, blank=True, default="")
    error_message = models.CharField(max_length=200, blank=True, default="")
    error_attempt_id = models.UUIDField(null=True, blank=True)
    next_action_url = models.CharField(max_length=2048, blank=True, default="")
    review_id = models.UUIDField(null=True, blank=True)
    conflicted_from = models.CharField(max_length=20, blank=True, default="")
    conflict_reason = models.CharField(max_length=60, blank=True, default="")
    conflict_operation_id = models.UUIDField(null=True, blank=True)
    corrected_at = models.DateTimeField(null=True, blank=True)
    link_id = models.UUIDField(null=True, blank=True)
    session_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField()
    captured_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(fields=["merchant_id", "-id"], name="payments_payment_list"),
            models.Index(fields=["customer_id", "-id"], name="payments_payment_of_customer"),
            models.Index(
                fields=["expires_at"],
                name="payments_payment_expiring",
                condition=Q(
                    state__in=[
                        "created",
                        "awaiting_payer",
                        "in_review",
                        "authorized",
                        "partially_captured",
                    ]
                ),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1, amount_minor__lte=999_999_999_999),
                name="payments_payment_asks_for_something",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"),
                name="payments_payment_names_its_currency",
            ),
            models.CheckConstraint(
                condition=Q(authorized_minor__gte=0, authorized_minor__lte=F("amount_minor")),
                name="payments_payment_authorizes_at_most_what_is_asked",
            ),
            models.CheckConstraint(
                condition=Q(captured_minor__gte=0, captured_minor__lte=F("authorized_minor")),
                name="payments_payment_captures_at_most_what_is_authorized",
            ),
            models.CheckConstraint(
                condition=Q(
                    refunded_minor__gte=0,
                    refund_pending_minor__gte=0,
                    captured_minor__gte=F("refunded_minor") + F("refund_pending_minor"),
                ),
                name="payments_payment_refunds_at_most_what_is_captured",
            ),
            models.CheckConstraint(
                condition=Q(fee_minor__gte=0, fee_minor__lte=F("captured_minor")),
                name="payments_payment_costs_at_most_what_is_captured",
            ),
            models.CheckConstraint(
                condition=Q(captured_minor=0) ^ Q(captured_at__isnull=False),
                name="payments_payment_says_when_it_captured",
            ),
            models.CheckConstraint(
                condition=~Q(state="canceled") | Q(canceled_at__isnull=False, captured_minor=0),
                name="payments_payment_canceled_takes_nothing_and_says_when",
            ),
            models.CheckConstraint(
                condition=Q(purpose="top_up", wallet_id__isnull=False)
                | Q(purpose="sale", wallet_id__isnull=True),
                name="payments_payment_tops_up_a_wallet_or_none",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["created", "awaiting_payer", "processing", "in_review"])
                | Q(captured_minor=0),
                name="payments_payment_takes_nothing_before_it_is_authorized",
            ),
            models.CheckConstraint(
                condition=~Q(state="authorized") | Q(authorized_minor__gt=0, captured_minor=0),
                name="payments_payment_authorized_has_reserved_and_not_taken",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["captured", "partially_captured"])
                | Q(captured_minor__gt=0),
                name="payments_payment_captured_has_taken_something",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["in_review", "conflicted"]) | Q(review_id__isnull=False),
                name="payments_payment_held_for_people_names_its_review",
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1), name="payments_payment_counts_its_versions_from_one"
            ),
        )

    def __str__(self) -> str:
        return ids.public("pi", self.id)

    # -- moves ---------------------------------------------------------------------------

    @fsm.transition(field=state, source=State.CREATED, target=State.PROCESSING)
    def confirm(self, method: PaymentMethod) -> None:
        """Begin an attempt with this card; what went wrong before is forgotten."""
        self.payment_method = method
        self.attempts += 1
        self.error_code = self.decline_code = self.error_message = ""
        self.error_attempt_id = None

    @fsm.transition(field=state, source=State.PROCESSING, target=State.AWAITING_PAYER)
    def challenge(self, *, url: str, until: datetime) -> None:
        """Wait for the payer to prove who they are."""
        self.next_action_url, self.expires_at = url, until

    @fsm.transition(field=state, source=State.AWAITING_PAYER, target=State.PROCESSING)
    def answer_challenge(self) -> None:
        """Go on, now that the payer is known."""
        self.next_action_url = ""

    @fsm.transition(field=state, source=State.PROCESSING, target=State.PROCESSING)
    def wait(self) -> None:
        """Stay, because the outcome is unknown; we shall ask again."""

    @fsm.transition(field=state, source=State.PROCESSING, target=State.PROCESSING)
    def reroute(self) -> None:
        """Begin an attempt at another provider, because this one did nothing."""
        self.attempts += 1

    @fsm.transition(
        field=state, source=[State.PROCESSING, State.AWAITING_PAYER], target=State.CREATED
    )
    def fail_attempt(self, *, attempt_id: UUID, code: str, decline_code: str, message: str) -> None:
        """Go back for another attempt, remembering why this one came to nothing."""
        self.error_code, self.decline_code, self.error_message = code, decline_code, message
        self.error_attempt_id = attempt_id
        self.next_action_url = ""

    @fsm.transition(field=state, source=State.PROCESSING, target=State.AUTHORIZED)
    def authorize(self, amount: Money, *, until: datetime) -> None:
        """Note what the payer's bank has reserved, and until when."""
        self.authorized_minor, self.expires_at = self._minor(amount), until

    @fsm.transition(field=state, source=State.PROCESSING, target=State.IN_REVIEW)
    def open_review(self, amount: Money, *, review_id: UUID, until: datetime) -> None:
        """Hold what was reserved until a person decides."""
        self.authorized_minor, self.expires_at = self._minor(amount), until
        self.review_id = review_id

    @fsm.transition(field=state, source=State.AUTHORIZED, target=State.AUTHORIZED)
    def adjust(self, amount: Money) -> None:
        """Note that the payer's bank now reserves another amount; as much is owed."""
        self.amount_minor = self.authorized_minor = self._minor(amount)

    @fsm.transition(field=state, source=State.IN_REVIEW, target=State.AUTHORIZED)
    def approve_review(self) -> None:
        """Go on, because a person said yes."""
        self.review_id = None

    @fsm.transition(field=state, source=State.CREATED, target=State.CREATED)
    def change(self, *, amount: Money | None, card: PaymentMethod | None) -> None:
        """Change what is owed or with which card, before anyone was asked to pay."""
        if amount is not None:
            self.amount_minor, self.currency = amount.minor, amount.currency
        if card is not None:
            self.payment_method = card

    @fsm.transition(field=state, source=State.IN_REVIEW, target=State.CANCELED)
    def decline_review(self, *, at: datetime) -> None:
        """End, because a person said no or nobody did in time."""
        self.cancellation_reason, self.canceled_at = "fraudulent", at
        self.review_id = None

    @fsm.transition(
        field=state,
        source=[State.AUTHORIZED, State.PARTIALLY_CAPTURED],
        target=State.PARTIALLY_CAPTURED,
    )
    def capture_part(self, amount: Money, *, fee: Money, at: datetime) -> None:
        """Note what was taken; more may follow."""
        self._take(amount, fee, at)

    @fsm.transition(
        field=state, source=[State.AUTHORIZED, State.PARTIALLY_CAPTURED], target=State.CAPTURED
    )
    def capture_rest(self, amount: Money, *, fee: Money, at: datetime) -> None:
        """Note what was taken; nothing follows, and what is left is let go."""
        self._take(amount, fee, at)
        self.expires_at = None

    @fsm.transition(field=state, source=State.CONFLICTED, target=State.CONFLICTED)
    def capture_in_conflict(self, amount: Money, *, fee: Money, at: datetime, final: bool) -> None:
        """Note what was taken although the payment is frozen: the money has moved."""
        self._take(amount, fee, at)
        self.conflicted_from = State.CAPTURED if final else State.PARTIALLY_CAPTURED

    @fsm.transition(field=state, source=State.PARTIALLY_CAPTURED, target=State.CAPTURED)
    def release_remainder(self) -> None:
        """End with what was taken; the rest was let go."""
        self.expires_at = None

    @fsm.transition(
        field=state,
        source=[State.CREATED, State.AWAITING_PAYER, State.AUTHORIZED],
        target=State.CANCELED,
    )
    def cancel(self, *, reason: str, at: datetime) -> None:
        """End without taking anything."""
        self.cancellation_reason, self.canceled_at = reason, at
        self.next_action_url, self.expires_at = "", None

    @fsm.transition(
        field=state,
        source=[
            *_OPEN,
            State.IN_REVIEW,
            State.AUTHORIZED,
            State.PARTIALLY_CAPTURED,
            State.CAPTURED,
            State.CANCELED,
        ],
        target=State.CONFLICTED,
    )
    def conflict(self, *, was: str, review_id: UUID, reason: str, operation_id: UUID) -> None:
        """Freeze, because the provider contradicts us; `was` is what the public saw last."""
        self.conflicted_from, self.conflict_reason = was, reason
        self.conflict_operation_id, self.corrected_at = operation_id, None
        self.review_id = review_id
        self.expires_at = None

    @fsm.transition(field=state, source=State.CONFLICTED, target=State.CONFLICTED)
    def take_back(self, amount: Money, *, fee: Money) -> None:
        """Note that what was booked as taken had not been."""
        self.captured_minor -= self._minor(amount)
        self.fee_minor -= self._minor(fee)
        if not self.captured_minor:
            self.captured_at = None

    @fsm.transition(field=state, source=State.CONFLICTED, target=State.CAPTURED)
    def correct_to_captured(self, *, at: datetime) -> None:
        """Go on with what was taken, as two people have found at the provider."""
        self._agree(at)
        self.expires_at = None

    @fsm.transition(field=state, source=State.CONFLICTED, target=State.AUTHORIZED)
    def correct_to_authorized(self, amount: Money, *, until: datetime, at: datetime) -> None:
        """Go on with what is reserved, as two people have found at the provider."""
        self._agree(at)
        self.authorized_minor, self.expires_at = self._minor(amount), until

    @fsm.transition(field=state, source=State.CONFLICTED, target=State.CANCELED)
    def correct_to_canceled(self, *, reason: str, at: datetime) -> None:
        """End with nothing, as two people have found at the provider."""
        self._agree(at)
        self.cancellation_reason = self.cancellation_reason or reason
        self.canceled_at = self.canceled_at or at

    def _agree(self, at: datetime) -> None:
        self.conflicted_from, self.review_id, self.corrected_at = "", None, at

    def _take(self, amount: Money, fee: Money, at: datetime) -> None:
        self.captured_minor += self._minor(amount)
        self.fee_minor += self._minor(fee)
        self.captured_at = self.captured_at or at

    def _minor(self, amount: Money) -> int:
        return (Money.zero(self.currency) + amount).minor  # Refuses another currency.

    # -- values --------------------------------------------------------------------------

    def money(self, minor: int) -> Money:
        """Return minor units in the payment's own currency."""
        return Money(minor, self.currency)

    @property
    def refundable_minor(self) -> int:
        """Return what was taken and is neither given back nor on its way back."""
        return self.captured_minor - self.refunded_minor - self.refund_pending_minor

    def fee_for(self, amount: Money, *, first: bool) -> Money:
        """
        Price a capture: percent rounded half up, plus the fixed part once per payment.

        Never more than the capture itself.
        """
        if self.purpose == data.Purpose.TOP_UP:
            return self.money(0)
        part = (amount.minor * self.fee_basis_points * 2 + 10_000) // 20_000
        fixed = self.fee_fixed_minor if first else 0
        return self.money(min(part + fixed, amount.minor))

    def actions(self) -> tuple[str, ...]:
        """Return what may be done to the payment next, as its machine allows."""
        allowed = []
        if fsm.can_proceed(self.confirm):
            allowed.append("confirm")
        if fsm.can_proceed(self.capture_rest):
            allowed.append("capture")
        if fsm.can_proceed(self.adjust):
            allowed.append("adjust")
        if fsm.can_proceed(self.cancel) or fsm.can_proceed(self.release_remainder):
            allowed.append("cancel")
        if fsm.can_proceed(self.approve_review):
            allowed += ["approve", "decline"]
        taken = self.state in {State.CAPTURED, State.PARTIALLY_CAPTURED}
        if taken and self.purpose == data.Purpose.SALE and self.refundable_minor > 0:
            allowed.append("refund")
        return tuple(allowed)

    def as_data(self, latest: data.Attempt | None) -> data.Payment:
        """Return the frozen value for the door; needs `payment_method` at hand."""
        method = self.payment_method
        error = None
        if self.error_attempt_id is not None:
            error = data.Declined(
                code=self.error_code,
                decline_code=self.decline_code,
                message=self.error_message,
                attempt_id=self.error_attempt_id,
            )
        return data.Payment(
            id=self.id,
            merchant_id=self.merchant_id,
            purpose=data.Purpose(self.purpose),
            wallet_id=self.wallet_id,
            state=State(self.state),
            amount=self.money(self.amount_minor),
            authorized=self.money(self.authorized_minor),
            captured=self.money(self.captured_minor),
            refunded=self.money(self.refunded_minor),
            refund_pending=self.money(self.refund_pending_minor),
            fee=self.money(self.fee_minor),
            capture_method=data.CaptureMethod(self.capture_method),
            customer_id=self.customer_id,
            payment_method_id=self.payment_method_id,
            card=method.card() if method else None,
            description=self.description,
            metadata=dict(self.metadata),
            receipt_email=self.receipt_email,
            return_url=self.return_url,
            statement_descriptor=self.statement_descriptor,
            cancellation_reason=self.cancellation_reason or None,
            last_error=error,
            latest_attempt=latest,
            next_action_url=self.next_action_url or None,
            review_id=self.review_id,
            created_at=self.created_at,
            canceled_at=self.canceled_at,
            version=self.version,
            link_id=self.link_id,
            actions=self.actions(),
            conflicted_from=State(self.conflicted_from) if self.conflicted_from else None,
            session_id=self.session_id,
        )


class Review(Payment):
    """A payment that waits for a person: the back office's queue, no table of its own."""

    class Meta:
        proxy = True
        verbose_name = "review"
        ordering = ("id",)
