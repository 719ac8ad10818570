"""Captured money on its way back to the payer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import django_fsm as fsm
from django.db import models
from django.db.models import F, Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.payments import data
from fintech.payments.data import RefundState
from fintech.payments.models.attempt import Attempt
from fintech.payments.models.operation import Capture
from fintech.payments.models.payment import Payment, choices

_IN_VAIN = (RefundState.FAILED, RefundState.CANCELED)
OPEN = (RefundState.CREATED, RefundState.SUBMITTED, RefundState.UNKNOWN)


class Refund(fsm.FSMModelMixin, models.Model):
    """
    What of one capture is on its way back to the payer.

    A refund that spans several captures is a row for each, all of which name the first as
    their `whole`; merchants see them as one, under the first one's id.
    """

    BORN = (RefundState.SUBMITTED,)
    TOGETHER = ()

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="refunds")
    capture = models.ForeignKey(Capture, on_delete=models.PROTECT, related_name="refunds")
    whole = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="parts"
    )
    merchant_id = models.UUIDField()
    state = fsm.FSMField(
        max_length=20, default=RefundState.CREATED, choices=choices(RefundState), protected=True
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=40, blank=True, default="")
    metadata = models.JSONField(default=dict, blank=True)
    failure_code = models.CharField(max_length=60, blank=True, default="")
    provider = models.CharField(max_length=40)
    provider_reference = models.CharField(max_length=100, blank=True, default="")
    entry_id = models.UUIDField(null=True, blank=True)
    return_entry_id = models.UUIDField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    claim = models.JSONField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    checks = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(fields=["payment"], name="payments_refund_of_payment"),
            models.Index(fields=["merchant_id", "-id"], name="payments_refund_list"),
            models.Index(
                fields=["next_check_at"],
                name="payments_refund_due",
                condition=Q(next_check_at__isnull=False),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["whole", "capture"],
                condition=Q(whole__isnull=False),
                name="payments_refund_has_one_part_per_capture",
            ),
            models.UniqueConstraint(
                fields=["provider", "provider_reference"],
                condition=~Q(provider_reference=""),
                name="payments_refund_is_booked_once_per_provider_reference",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1), name="payments_refund_gives_something"
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(entry_id__isnull=False),
                name="payments_refund_that_succeeded_is_booked",
            ),
            models.CheckConstraint(
                condition=Q(entry_id__isnull=True) ^ Q(succeeded_at__isnull=False),
                name="payments_refund_says_when_it_succeeded",
            ),
            models.CheckConstraint(
                condition=(
                    Q(return_entry_id__isnull=True, returned_at__isnull=True)
                    | Q(
                        return_entry_id__isnull=False,
                        returned_at__isnull=False,
                        entry_id__isnull=False,
                        state="failed",
                    )
                ),
                name="payments_refund_that_came_back_is_booked_and_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["submitted", "unknown"]) | Q(next_check_at__isnull=False),
                name="payments_refund_open_is_asked_about_again",
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1), name="payments_refund_counts_its_versions_from_one"
            ),
        )

    def __str__(self) -> str:
        return ids.public("re", self.id)

    @fsm.transition(field=state, source=RefundState.CREATED, target=RefundState.SUBMITTED)
    def submit(self, *, check_at: datetime) -> None:
        """Be about to ask the provider; ask again at `check_at` if nothing is heard."""
        self.next_check_at = check_at

    @fsm.transition(
        field=state,
        source=[RefundState.SUBMITTED, RefundState.UNKNOWN],
        target=RefundState.SUCCEEDED,
    )
    def succeed(self, *, provider_reference: str, at: datetime) -> None:
        """Note that the money was given back."""
        self.provider_reference = provider_reference or self.provider_reference
        self.entry_id, self.next_check_at = ids.new(), None
        self.succeeded_at = at

    @fsm.transition(field=state, source=RefundState.SUCCEEDED, target=RefundState.FAILED)
    def come_back(self, code: str, *, at: datetime) -> None:
        """Note that the payer's bank has sent the money back after all."""
        self.failure_code, self.return_entry_id, self.returned_at = code, ids.new(), at

    @fsm.transition(
        field=state,
        source=[RefundState.SUBMITTED, RefundState.UNKNOWN],
        target=RefundState.FAILED,
    )
    def fail(self, code: str) -> None:
        """Note that the money was not given back."""
        self.failure_code, self.next_check_at = code, None

    @fsm.transition(
        field=state,
        source=[RefundState.SUBMITTED, RefundState.UNKNOWN],
        target=RefundState.SUBMITTED,
    )
    def take_on(self, *, provider_reference: str, check_at: datetime) -> None:
        """Note that the provider has taken it on; the outcome comes later."""
        self.provider_reference, self.next_check_at = provider_reference, check_at

    @fsm.transition(
        field=state,
        source=[RefundState.SUBMITTED, RefundState.UNKNOWN],
        target=RefundState.UNKNOWN,
    )
    def lose_sight(self, *, check_at: datetime) -> None:
        """Note that nobody knows, and when to ask again."""
        self.next_check_at = check_at

    @property
    def is_open(self) -> bool:
        """Whether it can still come to something else."""
        return self.state in OPEN

    def as_part(self) -> data.RefundPart:
        """Return the frozen value of one of several."""
        return data.RefundPart(
            id=self.id,
            amount=Money(self.amount_minor, self.currency),
            state=RefundState(self.state),
            failure_reason=self.failure_code or None,
            entry_id=self.entry_id,
        )

    def as_data(self) -> data.Refund:
        """Return the frozen value for the door, of one that is not one of several."""
        return data.Refund(
            id=self.id,
            merchant_id=self.merchant_id,
            payment_id=self.payment_id,
            attempt_id=self.attempt_id,
            amount=Money(self.amount_minor, self.currency),
            state=RefundState(self.state),
            reason=self.reason,
            metadata=dict(self.metadata),
            failure_reason=self.failure_code or None,
            provider_reference=self.provider_reference,
            created_at=self.created_at,
            version=self.version,
            entry_id=self.entry_id,
        )


def as_one() -> Q:
    """Return what holds of a refund's first row, under whose id merchants see it."""
    return Q(whole__isnull=True) | Q(whole=F("id"))


def whole(rows: Sequence[Refund]) -> data.Refund:
    """Return the parts of one refund, in the order of their ids, as the one that it is."""
    first = rows[0]
    if first.whole_id is None:
        return first.as_data()
    parts = tuple(row.as_part() for row in rows)
    may_go = [part for part in parts if part.state not in _IN_VAIN]
    booked = [part.entry_id for part in may_go if part.entry_id is not None]
    return replace(
        first.as_data(),
        amount=Money(sum(part.amount.minor for part in may_go or parts), first.currency),
        state=_state({part.state for part in parts}),
        failure_reason=next((part.failure_reason for part in parts if part.failure_reason), None),
        version=sum(row.version for row in rows),
        entry_id=booked[0] if booked else first.entry_id,
        parts=parts,
    )


def _state(states: set[RefundState]) -> RefundState:
    if RefundState.UNKNOWN in states:
        return RefundState.UNKNOWN
    if states.intersection(OPEN):
        return RefundState.SUBMITTED
    if RefundState.SUCCEEDED not in states:
        return RefundState.FAILED
    return RefundState.PARTIALLY_SUCCEEDED if len(states) > 1 else RefundState.SUCCEEDED
