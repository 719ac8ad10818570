"""Payments that people look at."""

from datetime import datetime

import django_fsm as fsm
from django.db import models
from django.db.models import Q

from fintech.fraud import data
from fintech.fraud.models.choices import choices
from fintech.kernel import ids


class Case(fsm.FSMModelMixin, models.Model):
    """
    A payment that a person is to look at.

    Open cases of one card, device or customer are a group, which is named by its first case.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    payment_id = models.UUIDField()
    assessment_id = models.UUIDField(unique=True)
    state = fsm.FSMField(
        max_length=20,
        default=data.CaseState.PENDING,
        choices=choices(data.CaseState),
        protected=True,
    )
    disposition = models.CharField(
        max_length=20, blank=True, default="", choices=choices(data.Disposition)
    )
    score = models.IntegerField()
    pivot_kind = models.CharField(max_length=20)
    pivot_value = models.CharField(max_length=80)
    # What it may have in common with other cases; who has goes into their group.
    group_id = models.UUIDField()
    card_fingerprint = models.CharField(max_length=80)
    device_hash = models.CharField(max_length=80, null=True, blank=True)
    customer_id = models.UUIDField(null=True, blank=True)
    assignee = models.CharField(max_length=80, blank=True, default="")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    escalated = models.BooleanField(default=False, db_default=False)
    version = models.BigIntegerField(default=1)

    class Meta:
        indexes = (
            models.Index(
                fields=["merchant_id", "opened_at"],
                name="fraud_case_queue",
                condition=~Q(state="closed"),
            ),
            models.Index(fields=["pivot_kind", "pivot_value"], name="fraud_case_pivot"),
            models.Index(fields=["payment_id"], name="fraud_case_payment"),
            models.Index(fields=["group_id"], name="fraud_case_group"),
            models.Index(
                fields=["merchant_id", "card_fingerprint"],
                name="fraud_case_open_of_card",
                condition=~Q(state="closed"),
            ),
            models.Index(
                fields=["merchant_id", "device_hash"],
                name="fraud_case_open_of_device",
                condition=~Q(state="closed") & Q(device_hash__isnull=False),
            ),
            models.Index(
                fields=["merchant_id", "customer_id"],
                name="fraud_case_open_of_customer",
                condition=~Q(state="closed") & Q(customer_id__isnull=False),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) & ~Q(disposition="")
                | ~Q(state="closed") & Q(closed_at__isnull=True, disposition=""),
                name="fraud_case_says_what_was_found_and_when_it_closed",
            ),
            models.CheckConstraint(
                condition=Q(score__gte=0, score__lte=100),
                name="fraud_case_scores_between_0_and_100",
            ),
        )

    def __str__(self) -> str:
        return ids.public("fcs", self.id)

    @fsm.transition(
        field=state,
        source=[data.CaseState.PENDING, data.CaseState.INVESTIGATING],
        target=data.CaseState.INVESTIGATING,
    )
    def claim(self, assignee: str) -> None:
        """Begin to look."""
        self.assignee, self.snoozed_until = assignee, None

    @fsm.transition(
        field=state,
        source=[data.CaseState.PENDING, data.CaseState.INVESTIGATING],
        target=data.CaseState.PENDING,
    )
    def snooze(self, until: datetime) -> None:
        """Be left alone until later."""
        self.assignee, self.snoozed_until = "", until

    @fsm.transition(
        field=state,
        source=[data.CaseState.PENDING, data.CaseState.INVESTIGATING],
        target=data.CaseState.PENDING,
    )
    def escalate(self) -> None:
        """Come before all others, to whoever claims it next."""
        self.assignee, self.snoozed_until, self.escalated = "", None, True

    @fsm.transition(
        field=state,
        source=[data.CaseState.PENDING, data.CaseState.INVESTIGATING],
        target=data.CaseState.CLOSED,
    )
    def close(self, disposition: data.Disposition, *, at: datetime) -> None:
        """Say what it was."""
        self.disposition, self.closed_at = disposition, at

    def as_data(self) -> data.Case:
        """Return the frozen value for the door."""
        return data.Case(
            id=self.id,
            merchant_id=self.merchant_id,
            payment_id=self.payment_id,
            assessment_id=self.assessment_id,
            state=data.CaseState(self.state),
            disposition=data.Disposition(self.disposition) if self.disposition else None,
            score=self.score,
            pivot_kind=self.pivot_kind,
            pivot_value=self.pivot_value,
            group_id=self.group_id,
            assignee=self.assignee,
            opened_at=self.opened_at,
            closed_at=self.closed_at,
            due_at=self.due_at,
            snoozed_until=self.snoozed_until,
            escalated=self.escalated,
            version=self.version,
        )
