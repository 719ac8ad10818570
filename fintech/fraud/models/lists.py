"""What is blocked, looked at or trusted by name."""

from django.db import models
from django.db.models import F, Q

from fintech.fraud import data
from fintech.fraud.models.choices import choices
from fintech.kernel import ids


class ListItem(models.Model):
    """A card, customer, e-mail, address or country that is treated specially."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField(null=True, blank=True)
    kind = models.CharField(max_length=20, choices=choices(data.ListKind))
    value = models.CharField(max_length=80)
    action = models.CharField(max_length=20, choices=choices(data.ListAction))
    reason = models.CharField(max_length=200, blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "value", "merchant_id"],
                nulls_distinct=False,
                condition=Q(removed_at__isnull=True),
                name="fraud_listitem_stands_once_on_the_lists",
            ),
            models.CheckConstraint(condition=~Q(value=""), name="fraud_listitem_names_something"),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(removed_at__gte=F("created_at")),
                name="fraud_listitem_is_removed_after_it_was_added",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.value[:24]}: {self.action}"

    def as_data(self) -> data.ListItem:
        """Return the frozen value for the door."""
        return data.ListItem(
            id=self.id,
            merchant_id=self.merchant_id,
            kind=data.ListKind(self.kind),
            value=self.value,
            action=data.ListAction(self.action),
            reason=self.reason,
            expires_at=self.expires_at,
            created_at=self.created_at,
            removed_at=self.removed_at,
            version=self.version,
        )
