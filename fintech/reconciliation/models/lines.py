"""What is compared: expectations of the ledger, batches, and the lines of files."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.reconciliation import data
from fintech.reconciliation.data import Place, Rule, Witness
from fintech.reconciliation.models.breaks import Break
from fintech.reconciliation.models.choosing import choices
from fintech.reconciliation.models.files import Import
from fintech.reconciliation.models.runs import Run

_BROKEN_NAMES_ITS_BREAK = ~Q(place=Place.BROKEN) | Q(difference__isnull=False)


class Expectation(models.Model):
    """
    The match state of a journal line that will be seen outside.

    The ledger made the expectation when it marked the line; what is repeated here is
    what a comparison needs beside the state.
    """

    ledger_line = models.UUIDField()
    position = models.BigIntegerField()
    entry_id = models.UUIDField()
    provider = models.CharField(max_length=60)
    kind = models.CharField(max_length=40)
    reference = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    due_on = models.DateField()
    occurred_at = models.DateTimeField()
    place = models.CharField(max_length=10, choices=choices(Place), default=Place.OPEN.value)
    rule = models.CharField(max_length=30, blank=True)
    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    difference = models.ForeignKey(
        Break, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=["provider", "kind", "reference"], name="recon_expectation_reference"
            ),
            models.Index(
                fields=["provider", "due_on", "id"],
                condition=Q(place=Place.OPEN),
                name="recon_expectation_due",
            ),
            models.Index(
                fields=["difference"],
                condition=Q(place=Place.BROKEN),
                name="recon_expectation_broken",
            ),
            models.Index(fields=["run", "place"], name="recon_expectation_run"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["ledger_line"], name="reconciliation_expectation_is_read_once"
            ),
            models.CheckConstraint(
                condition=_BROKEN_NAMES_ITS_BREAK,
                name="reconciliation_expectation_broken_names_its_break",
            ),
        )


class Batch(models.Model):
    """What a processor says it pays out at once, and the bank entry that shows it did."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    source = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    rows = models.IntegerField(default=0)
    gross_minor = models.BigIntegerField(default=0)
    fee_minor = models.BigIntegerField(default=0)
    net_minor = models.BigIntegerField(default=0)
    # By how much the processor's fees exceed what was accrued for the matched rows.
    fee_difference_minor = models.BigIntegerField(default=0)
    last_on = models.DateField(null=True)
    bank_line = models.ForeignKey("Line", on_delete=models.PROTECT, null=True, related_name="+")
    entry_id = models.UUIDField(null=True)
    place = models.CharField(max_length=10, choices=choices(Place), default=Place.OPEN.value)
    rule = models.CharField(max_length=30, blank=True)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="+")
    difference = models.ForeignKey(Break, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "batches"
        indexes = (models.Index(fields=["source", "name"], name="recon_batch_name"),)
        constraints = (
            # What comes for a batch that was paid already is a batch of its own.
            models.UniqueConstraint(
                fields=["source", "name", "currency"],
                condition=Q(place__in=[Place.OPEN, Place.BROKEN]),
                name="reconciliation_batch_waits_once",
            ),
            # Several batches that were paid at once share the entry that is their sum.
            models.UniqueConstraint(
                fields=["bank_line"],
                condition=~Q(rule=Rule.SUBSET_SUM),
                name="reconciliation_batch_is_paid_by_its_own_bank_line",
            ),
            models.CheckConstraint(
                condition=_BROKEN_NAMES_ITS_BREAK,
                name="reconciliation_batch_broken_names_its_break",
            ),
            models.CheckConstraint(
                condition=~Q(place=Place.MATCHED) | Q(bank_line__isnull=False),
                name="reconciliation_batch_matched_names_its_bank_line",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def as_data(self) -> data.Batch:
        """Return the batch as a value."""
        return data.Batch(
            id=self.id,
            source=self.source,
            name=self.name,
            rows=self.rows,
            gross=Money(self.gross_minor, self.currency),
            fee=Money(self.fee_minor, self.currency),
            net=Money(self.net_minor, self.currency),
            fee_difference=Money(self.fee_difference_minor, self.currency),
            place=Place(self.place),
            entry_id=self.entry_id,
            break_id=self.difference_id,
        )


class Line(models.Model):
    """A row of a processor's report, or an entry of a bank statement."""

    file = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="+")
    witness = models.CharField(max_length=20, choices=choices(Witness))
    source = models.CharField(max_length=60)
    statement = models.IntegerField()  # Its statement's ordinal in the file.
    row = models.IntegerField()
    kind = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3)
    gross_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    value_on = models.DateField(null=True)
    booked_on = models.DateField(null=True)
    booked = models.BooleanField(default=True)
    reversal = models.BooleanField(default=False)
    reference = models.CharField(max_length=200, blank=True)
    references = ArrayField(models.CharField(max_length=200), default=list)
    batch = models.CharField(max_length=200, blank=True)
    text = models.CharField(max_length=1000, blank=True)
    details = models.IntegerField(default=0)
    # What the payer saw, where that was in another currency, and the rate it was changed at.
    status = models.CharField(max_length=10, blank=True)  # Empty for what has happened.
    original_currency = models.CharField(max_length=3, blank=True)
    original_minor = models.BigIntegerField(null=True)
    rate = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    place = models.CharField(max_length=10, choices=choices(Place), default=Place.OPEN.value)
    rule = models.CharField(max_length=30, blank=True)
    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    expectation = models.ForeignKey(
        Expectation, on_delete=models.PROTECT, null=True, related_name="+"
    )
    settlement = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="+")
    difference = models.ForeignKey(
        Break, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=["source", "id"],
                condition=Q(place=Place.OPEN),
                name="recon_line_open",
            ),
            models.Index(fields=["source", "kind", "reference"], name="recon_line_reference"),
            models.Index(
                fields=["source", "batch", "currency"],
                condition=Q(settlement__isnull=True, witness=Witness.PROCESSOR),
                name="recon_line_unbatched",
            ),
            models.Index(
                fields=["difference"],
                condition=Q(place=Place.BROKEN),
                name="recon_line_broken",
            ),
            models.Index(fields=["run", "place"], name="recon_line_run"),
            GinIndex(
                fields=["references"],
                condition=Q(witness=Witness.BANK),
                name="recon_line_references",
            ),
            models.Index(
                fields=["reference"],
                condition=Q(witness=Witness.BANK),
                name="recon_line_bank_reference",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["expectation"],
                name="reconciliation_line_answers_an_expectation_alone",
            ),
            models.CheckConstraint(
                condition=_BROKEN_NAMES_ITS_BREAK,
                name="reconciliation_line_broken_names_its_break",
            ),
            models.CheckConstraint(
                condition=Q(net_minor=F("gross_minor") - F("fee_minor")),
                name="reconciliation_line_nets_its_fee",
            ),
            models.CheckConstraint(
                condition=~Q(place=Place.MATCHED, witness=Witness.PROCESSOR)
                | Q(expectation__isnull=False),
                name="reconciliation_line_matched_names_its_expectation",
            ),
        )

    def as_data(self) -> data.Line:
        """Return the line as a value."""
        return data.Line(
            id=self.id,
            import_id=self.file_id,
            statement=self.statement,
            row=self.row,
            kind=self.kind,
            gross=Money(self.gross_minor, self.currency),
            fee=Money(self.fee_minor, self.currency),
            net=Money(self.net_minor, self.currency),
            value_on=self.value_on,
            booked_on=self.booked_on,
            reference=self.reference,
            batch=self.batch,
            text=self.text,
            place=Place(self.place),
            rule=self.rule,
            break_id=self.difference_id,
        )
