"""The kernel's own rows: the log, keys, cursors, approvals, and the sandbox's clock."""

from django.db import models
from django.db.models import F, Q

from fintech.kernel import ids


class LoggedEvent(models.Model):
    """
    One fact, as it was written. The table is made by SQL (`0001`): it has an xid.

    Nothing changes or removes a row; see `event_log` for how it is written and read.
    """

    position = models.BigAutoField(primary_key=True)
    stream = models.TextField()
    version = models.BigIntegerField()
    name = models.TextField()
    data = models.JSONField()
    meta = models.JSONField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "kernel_event"

    def __str__(self) -> str:
        return f"{self.position} {self.name}"


class Cursor(models.Model):
    """
    How far a subscription has read one source.

    The window being read is `low ≤ xid < high`, applied up to `position`; with no
    window open, everything below `low` is applied. `epoch` names the database cluster
    that the transaction ids belong to.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    subscription = models.CharField(max_length=60)
    source = models.CharField(max_length=60)
    epoch = models.CharField(max_length=40)
    low = models.BigIntegerField(default=0)
    high = models.BigIntegerField(null=True, blank=True)
    position = models.BigIntegerField(default=0)
    reached = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["subscription", "source"],
                name="kernel_cursor_is_one_per_subscription_and_source",
            ),
            models.CheckConstraint(
                condition=Q(high__isnull=True) | Q(high__gte=F("low")),
                name="kernel_cursor_window_does_not_run_backward",
            ),
        )

    def __str__(self) -> str:
        return f"{self.subscription} on {self.source}"


class IdempotencyKey(models.Model):
    """A caller's key, what it was claimed for, and what came of it."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    scope = models.UUIDField()
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField()
    command = models.CharField(max_length=80)
    outcome = models.JSONField(null=True, blank=True)
    claimed_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=["claimed_at"], name="kernel_key_by_age"),)
        constraints = (
            models.UniqueConstraint(
                fields=["scope", "key"], name="kernel_idempotencykey_is_claimed_once"
            ),
            models.CheckConstraint(
                condition=Q(outcome__isnull=True) ^ Q(settled_at__isnull=False),
                name="kernel_idempotencykey_is_settled_with_an_outcome",
            ),
        )

    def __str__(self) -> str:
        return self.key


class Approval(models.Model):
    """Something one person proposes and another decides."""

    PROPOSED, EXECUTED, REJECTED = "proposed", "executed", "rejected"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    kind = models.CharField(max_length=60)
    payload = models.JSONField()
    payload_hash = models.CharField(max_length=64)
    version_seen = models.BigIntegerField(default=0)
    state = models.CharField(
        max_length=10, default=PROPOSED, choices=[(s, s) for s in (PROPOSED, EXECUTED, REJECTED)]
    )
    maker_id = models.UUIDField()
    checker_id = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True, default="")
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        indexes = (
            models.Index(
                fields=["proposed_at"],
                name="kernel_approval_open",
                condition=Q(state="proposed"),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(checker_id__isnull=True) | ~Q(checker_id=F("maker_id")),
                name="kernel_approval_is_decided_by_someone_else",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", checker_id__isnull=True, decided_at__isnull=True)
                | Q(
                    state__in=["executed", "rejected"],
                    checker_id__isnull=False,
                    decided_at__isnull=False,
                ),
                name="kernel_approval_says_who_decided_and_when",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"


class ClockOffset(models.Model):
    """How far the sandbox's business clock is ahead of real time. One row."""

    id = models.IntegerField(primary_key=True, default=1)
    microseconds = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(id=1), name="kernel_clockoffset_is_one_row"),
        )

    def __str__(self) -> str:
        return f"{self.microseconds} µs"
