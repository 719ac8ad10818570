"""The seals of the event log. A row is written once; see the migration for its guards."""

from datetime import UTC, datetime

from django.db import models
from django.db.models import F, Q


class Seal(models.Model):
    """A stretch of the event log, hashed and signed; written by `kernel.sealing`."""

    no = models.BigIntegerField(primary_key=True)
    epoch = models.CharField(max_length=40)
    floor_position = models.BigIntegerField()
    from_xid = models.BigIntegerField()
    to_xid = models.BigIntegerField()
    count = models.BigIntegerField()
    size = models.BigIntegerField()
    root = models.BinaryField()
    frontier = models.BinaryField()
    leaves = models.BinaryField()
    previous = models.BinaryField(unique=True)  # The log has one history, without branches.
    sealed_at_us = models.BigIntegerField()
    key_id = models.CharField(max_length=16)
    signature = models.BinaryField()

    class Meta:
        ordering = ("no",)
        constraints = (
            models.CheckConstraint(
                condition=Q(from_xid__lt=F("to_xid")), name="audit_seal_windows_run_forward"
            ),
            models.CheckConstraint(
                condition=Q(count__gte=1, size__gte=F("count")),
                name="audit_seal_holds_at_least_one_fact",
            ),
        )

    def __str__(self) -> str:
        return f"seal {self.no}"

    @property
    def sealed_at(self) -> datetime:
        """Return when it was sealed (real time)."""
        return datetime.fromtimestamp(self.sealed_at_us / 1_000_000, tz=UTC)
