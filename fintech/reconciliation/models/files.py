"""Files that somebody brought or that were fetched, and what could not be read of them."""

from django.db import models
from django.db.models import Q

from fintech.kernel import ids
from fintech.reconciliation import data
from fintech.reconciliation.data import DownloadOutcome, ImportState
from fintech.reconciliation.models.choosing import choices
from fintech.reconciliation.models.runs import Run


class Import(models.Model):
    """A file that somebody brought, known by its content. Its rows show once it is imported."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=300)
    format = models.CharField(max_length=40, blank=True)
    witness = models.CharField(max_length=20, blank=True)
    source = models.CharField(max_length=60, blank=True)  # A processor; "bank" for statements.
    state = models.CharField(
        max_length=20, choices=choices(ImportState), default=ImportState.READING.value
    )
    reason = models.CharField(max_length=1000, blank=True)
    reason_line = models.IntegerField(default=0)
    reason_column = models.IntegerField(default=0)
    lines = models.IntegerField(default=0)
    set_aside = models.IntegerField(default=0)
    # Given in the order in which imports become visible: a run looks up to one.
    sequence = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    imported_at = models.DateTimeField(null=True)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=100)
    version = models.IntegerField(default=0)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=["sha256"], name="reconciliation_import_takes_a_file_once"
            ),
            models.UniqueConstraint(
                fields=["sequence"], name="reconciliation_import_has_its_own_sequence"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=ImportState.IMPORTED,
                    imported_at__isnull=False,
                    sequence__isnull=False,
                    reason="",
                )
                | Q(
                    state=ImportState.READING,
                    imported_at__isnull=True,
                    sequence__isnull=True,
                    reason="",
                )
                | (
                    Q(
                        state=ImportState.REJECTED,
                        imported_at__isnull=True,
                        sequence__isnull=True,
                        lines=0,
                    )
                    & ~Q(reason="")
                ),
                name="reconciliation_import_is_whole_or_says_why_not",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def as_data(self, *, duplicate: bool = False) -> data.Import:
        """Return the import as a value."""
        return data.Import(
            id=self.id,
            sha256=self.sha256,
            name=self.name,
            format=self.format,
            witness=self.witness,
            source=self.source,
            state=ImportState(self.state),
            reason=self.reason,
            reason_line=self.reason_line,
            reason_column=self.reason_column,
            lines=self.lines,
            set_aside=self.set_aside,
            imported_at=self.imported_at,
            created_at=self.created_at,
            duplicate=duplicate,
        )


class Statement(models.Model):
    """A bank statement or a processor's report inside a file."""

    file = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="statements")
    ordinal = models.IntegerField()
    account = models.CharField(max_length=100, blank=True)
    number = models.CharField(max_length=100, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    entries = models.IntegerField()
    arithmetic_ok = models.BooleanField(null=True)
    summary = models.JSONField()
    # The run that held its balances against the statement before it: leg 3.
    checked_in = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ("file", "ordinal")
        indexes = (models.Index(fields=["account", "currency"], name="recon_statement_account"),)
        constraints = (
            models.UniqueConstraint(
                fields=["file", "ordinal"], name="reconciliation_statement_is_stored_once"
            ),
        )

    def as_data(self) -> data.Statement:
        """Return the statement as a value."""
        return data.Statement(
            ordinal=self.ordinal,
            account=self.account,
            number=self.number,
            currency=self.currency,
            entries=self.entries,
            arithmetic_ok=self.arithmetic_ok,
            summary=self.summary,
        )


class SetAside(models.Model):
    """A row that could not be read, or whose amount no column can hold exactly."""

    file = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="+")
    row = models.IntegerField()
    column = models.IntegerField(default=0)
    reason = models.CharField(max_length=1000)
    expected = models.CharField(max_length=300, blank=True)
    text = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ("file", "row")
        verbose_name_plural = "rows set aside"

    def as_data(self) -> data.SetAside:
        """Return the row as a value."""
        return data.SetAside(
            row=self.row,
            column=self.column,
            reason=self.reason,
            expected=self.expected,
            text=self.text,
        )


class Download(models.Model):
    """
    A processor's file of one business day and currency, asked for until it was had.

    A day is asked for again while there is no file, so an outage of the processor costs
    hours and no file.
    """

    provider = models.CharField(max_length=60)
    on = models.DateField()
    currency = models.CharField(max_length=3)
    outcome = models.CharField(max_length=20, choices=choices(DownloadOutcome))
    asked = models.IntegerField(default=0)  # How often; what the circuit held back is not counted.
    asked_at = models.DateTimeField()
    file = models.ForeignKey(Import, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ("-on", "provider", "currency")
        constraints = (
            models.UniqueConstraint(
                fields=["provider", "on", "currency"],
                name="reconciliation_download_is_kept_once_per_day_and_currency",
            ),
            models.CheckConstraint(
                condition=Q(outcome=DownloadOutcome.FETCHED, file__isnull=False)
                | (~Q(outcome=DownloadOutcome.FETCHED) & Q(file__isnull=True)),
                name="reconciliation_download_that_was_fetched_names_its_file",
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.on} {self.currency}"
