"""
The ledger's rows as Django needs them: seals, merchants' accounts, and two views for staff.

The books themselves (accounts, balances, entries, lines, pending entries) have keys of
several columns and are written by one function in the database; their tables and rules
are in `migrations/sql`, and nobody reads or writes them row by row.
"""

from django.db import models
from django.db.models import F, Q

from fintech.ledger.data import chart
from fintech.ledger.data.chart import Type


class Seal(models.Model):
    """A stretch of the journal, hashed and signed; written by `kernel.sealing`."""

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
    previous = models.BinaryField(unique=True)  # The journal has one history, no branches.
    sealed_at_us = models.BigIntegerField()
    key_id = models.CharField(max_length=16)
    signature = models.BinaryField()

    class Meta:
        ordering = ("no",)
        constraints = (
            models.CheckConstraint(
                condition=Q(from_xid__lt=F("to_xid")), name="ledger_seal_windows_run_forward"
            ),
            models.CheckConstraint(
                condition=Q(count__gte=1, size__gte=F("count")),
                name="ledger_seal_holds_at_least_one_entry",
            ),
        )

    def __str__(self) -> str:
        return f"seal {self.no}"


class JournalRow(models.Model):
    """A journal entry as staff see it: a view."""

    id = models.UUIDField(primary_key=True)
    position = models.BigIntegerField()
    template = models.TextField()
    kind = models.TextField()
    subject = models.UUIDField(null=True)
    pending_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.TextField()
    lines = models.TextField()

    class Meta:
        managed = False
        verbose_name = "journal entry"
        verbose_name_plural = "journal entries"
        ordering = ("-position",)

    def __str__(self) -> str:
        return f"{self.template} {self.id}"


class AccountRow(models.Model):
    """An account with its balance as staff see it: a view."""

    id = models.UUIDField(primary_key=True)
    code = models.SmallIntegerField()
    address = models.TextField()
    currency = models.CharField(max_length=3)
    posted_minor = models.BigIntegerField()
    available_minor = models.BigIntegerField()
    pending_debit_minor = models.BigIntegerField()
    pending_credit_minor = models.BigIntegerField()
    floor = models.BigIntegerField(null=True)
    lines = models.BigIntegerField()
    closed = models.BooleanField()
    opened_at = models.DateTimeField()

    class Meta:
        managed = False
        verbose_name = "account"
        ordering = ("code", "address")

    def __str__(self) -> str:
        return f"{self.address} {self.currency}"


class BookAccount(models.Model):
    """
    An account that a merchant has opened in its own book.

    Its name and code are the merchant's; what it holds stands in the books, under the
    address that its id makes.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    book = models.UUIDField()
    type = models.CharField(max_length=9, choices=[(one, one) for one in Type])
    currency = models.CharField(max_length=3)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200, blank=True)
    floor = models.BigIntegerField(null=True, blank=True)
    closed = models.BooleanField(default=False)
    metadata = models.JSONField(default=dict, blank=True)
    opened_at = models.DateTimeField()
    version = models.BigIntegerField(default=1)

    class Meta:
        verbose_name = "merchants' account"
        ordering = ("book", "code")
        constraints = (
            models.UniqueConstraint(
                fields=["book", "code"], name="ledger_bookaccount_has_a_code_of_its_own"
            ),
            models.CheckConstraint(
                condition=~models.Q(book=chart.PLATFORM),
                name="ledger_bookaccount_is_never_the_platforms",
            ),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.currency}"
