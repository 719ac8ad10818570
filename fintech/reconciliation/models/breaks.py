"""Differences between witnesses."""

from django.db import models
from django.db.models import Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.reconciliation import data
from fintech.reconciliation.data import BreakKind, BreakState
from fintech.reconciliation.models.choosing import choices
from fintech.reconciliation.models.runs import Run


class Break(models.Model):
    """A difference between two witnesses."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=60)
    # 1: ledger and processor. 2: processor and bank. 3: the bank's statements themselves.
    leg = models.SmallIntegerField()
    kind = models.CharField(max_length=30, choices=choices(BreakKind))
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    ours_minor = models.BigIntegerField(null=True)
    theirs_minor = models.BigIntegerField(null=True)
    reference = models.CharField(max_length=200, blank=True)
    batch = models.CharField(max_length=200, blank=True)
    state = models.CharField(
        max_length=20, choices=choices(BreakState), default=BreakState.OPEN.value
    )
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=30, blank=True)
    resolved_by = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    assigned_to = models.UUIDField(null=True)  # A person.
    wait_until = models.DateField(null=True)  # Somebody has said that it will explain itself.
    decided_kind = models.CharField(max_length=20, blank=True)  # Who has ended it,
    decided_by = models.CharField(max_length=100, blank=True)  # unless a file has.
    entry_id = models.UUIDField(null=True)  # The journal entry that makes it good.
    approval_id = models.UUIDField(null=True)  # A second person's decision is waited for.
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=["source", "id"],
                condition=Q(state=BreakState.OPEN),
                name="recon_break_open",
            ),
            models.Index(fields=["run"], name="recon_break_run"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state=BreakState.OPEN, resolved_at__isnull=True, resolution="")
                | (Q(state=BreakState.RESOLVED, resolved_at__isnull=False) & ~Q(resolution="")),
                name="reconciliation_break_says_when_and_how_it_was_resolved",
            ),
            models.CheckConstraint(
                condition=Q(ours_minor__isnull=False) | Q(theirs_minor__isnull=False),
                name="reconciliation_break_has_a_side",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {Money(self.amount_minor, self.currency)}"

    def as_data(self) -> data.Break:
        """Return the break as a value."""
        return data.Break(
            id=self.id,
            run_id=self.run_id,
            source=self.source,
            leg=self.leg,
            kind=BreakKind(self.kind),
            currency=self.currency,
            amount_minor=self.amount_minor,
            ours_minor=self.ours_minor,
            theirs_minor=self.theirs_minor,
            reference=self.reference,
            batch=self.batch,
            state=BreakState(self.state),
            opened_at=self.opened_at,
            resolved_at=self.resolved_at,
            resolution=self.resolution,
            note=self.note,
            assigned_to=self.assigned_to,
            wait_until=self.wait_until,
            entry_id=self.entry_id,
            approval_id=self.approval_id,
        )
