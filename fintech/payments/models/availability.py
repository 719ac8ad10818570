"""What became available to a merchant at once."""

from django.db import models
from django.db.models import Q

from fintech.kernel import ids


class Availability(models.Model):
    """
    One change of what a merchant may be paid, of all captures that were due together.

    `amount_minor` is less than nothing where more was given back than became available.
    Its id is the first journal entry's, which moves the money.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()  # Another room's row: an id, never a relation.
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    captures = models.IntegerField()
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=["merchant_id", "-id"], name="payments_availability_list"),)
        constraints = (
            models.CheckConstraint(
                condition=~Q(amount_minor=0) & Q(captures__gte=1),
                name="payments_availability_changes_something",
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1),
                name="payments_availability_counts_its_versions_from_one",
            ),
        )

    def __str__(self) -> str:
        return str(self.id)
