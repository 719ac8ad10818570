"""What is out of the ordinary."""

from django.db import models
from django.db.models import Q

from fintech.fraud import data
from fintech.fraud.models.choices import choices
from fintech.kernel import ids


class Alert(models.Model):
    """Something out of the ordinary that people should look at, until it is cleared."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    kind = models.CharField(max_length=20, choices=choices(data.AlertKind))
    said = models.CharField(max_length=200)
    raised_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(cleared_at=None),
                name="fraud_alert_of_a_kind_is_open_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} since {self.raised_at:%Y-%m-%d %H:%M}"

    def as_data(self) -> data.Alert:
        """Return the frozen value for the door."""
        return data.Alert(
            id=self.id,
            kind=data.AlertKind(self.kind),
            said=self.said,
            raised_at=self.raised_at,
            cleared_at=self.cleared_at,
            version=self.version,
        )
