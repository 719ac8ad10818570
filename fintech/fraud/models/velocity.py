"""How many attempts pass within a time, and how many have."""

from django.db import models
from django.db.models import Q

from fintech.fraud import data
from fintech.fraud.models.choices import choices
from fintech.kernel import ids


class VelocityLimit(models.Model):
    """How many attempts within a time. Another maximum is another limit."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField(null=True, blank=True)
    name = models.CharField(max_length=60)
    of = models.CharField(max_length=20, choices=choices(data.Counted))
    seconds = models.IntegerField()
    maximum = models.IntegerField()
    decision = models.CharField(max_length=20, choices=choices(data.Decision))
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(seconds__gte=1, maximum__gte=0),
                name="fraud_velocitylimit_is_some_number_in_some_time",
            ),
            models.CheckConstraint(
                condition=~Q(decision="allow"), name="fraud_velocitylimit_stops_something"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def as_data(self) -> data.VelocityLimit:
        """Return the frozen value for the door."""
        return data.VelocityLimit(
            id=self.id,
            merchant_id=self.merchant_id,
            name=self.name,
            of=data.Counted(self.of),
            seconds=self.seconds,
            maximum=self.maximum,
            decision=data.Decision(self.decision),
            active=self.active,
            created_at=self.created_at,
            version=self.version,
        )


class VelocityCount(models.Model):
    """How many attempts a limit has seen of somebody in one of its windows."""

    limit = models.ForeignKey(VelocityLimit, on_delete=models.PROTECT)
    subject = models.CharField(max_length=80)
    begins_at = models.DateTimeField()
    count = models.IntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["limit", "subject", "begins_at"],
                name="fraud_velocitycount_is_one_per_limit_subject_and_window",
            ),
        )

    def __str__(self) -> str:
        return f"{self.count} since {self.begins_at:%Y-%m-%d %H:%M}"
