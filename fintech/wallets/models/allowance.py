"""How far the wallets of a merchant may be overdrawn: what it may lend at most, in each."""

from django.db import models
from django.db.models import Q

from fintech.kernel import ids
from fintech.wallets import data


class Allowance(models.Model):
    """
    How far any one wallet of a merchant may be overdrawn in a currency; without one, not at all.

    What is overdrawn is the platform's money at risk, so two people of its staff say it.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    most_minor = models.BigIntegerField()
    changed_at = models.DateTimeField()
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["merchant_id", "currency"],
                name="wallets_allowance_is_one_per_merchant_and_currency",
            ),
            models.CheckConstraint(
                condition=Q(most_minor__gte=0), name="wallets_allowance_is_not_negative"
            ),
        )

    def __str__(self) -> str:
        return f"{self.most_minor} {self.currency}"

    def as_data(self) -> data.Allowance:
        """Return the frozen value for the door."""
        return data.Allowance(
            id=self.id,
            merchant_id=self.merchant_id,
            currency=self.currency,
            most_minor=self.most_minor,
            changed_at=self.changed_at,
            version=self.version,
        )
