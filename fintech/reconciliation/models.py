"""Rows of reconciliation: files with their rows, expectations, batches, runs and breaks."""

from enum import StrEnum

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.reconciliation import data
from fintech.reconciliation.data import (
    BreakKind,
    BreakState,
    ImportState,
    Place,
    Rule,
    RunState,
    Witness,
)


def _choices(words: type[StrEnum]) -> list[tuple[str, str]]:
    return [(word.value, word.value.replace("_", " ")) for word in words if word.value]


_BROKEN_NAMES_ITS_BREAK = ~Q(place=Place.BROKEN) | Q(difference__isnull=False)


class Run(models.Model):
    """One comparison of a source's witnesses. Only one of a source runs at a time."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    source = models.CharField(max_length=60)
    state = models.CharField(
        max_length=30, choices=_choices(RunState), default=RunState.PENDING.value
    )
    # Up to here the run looks, so that what arrives meanwhile waits for the next one.
    journal_position = models.BigIntegerField(default=0)
    import_sequence = models.BigIntegerField(default=0)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=100)
    error = models.CharField(max_length=500, blank=True)
    matched = models.IntegerField(default=0)
    opened = models.IntegerField(default=0)
    resolved = models.IntegerField(default=0)
    open_breaks = models.IntegerField(default=0)
    version = models.IntegerField(default=0)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(state__in=[RunState.PENDING, RunState.RUNNING]),
                name="reconciliation_run_of_a_source_runs_alone",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[RunState.PENDING, RunState.RUNNING], ended_at__isnull=True)
                | Q(
                    state__in=[
                        RunState.COMPLETED,
                        RunState.COMPLETED_WITH_BREAKS,
                        RunState.FAILED,
                    ],
                    ended_at__isnull=False,
                ),
                name="reconciliation_run_says_when_it_ended",
            ),
        )

    def __str__(self) -> str:
        return f"{self.source} {self.started_at:%Y-%m-%d %H:%M} {self.state}"

    def as_data(self, totals: tuple[data.Total, ...] = ()) -> data.Run:
        """Return the run as a value."""
        return data.Run(
            id=self.id,
            source=self.source,
            state=RunState(self.state),
            started_at=self.started_at,
            ended_at=self.ended_at,
            error=self.error,
            matched=self.matched,
            opened=self.opened,
            resolved=self.resolved,
            open_breaks=self.open_breaks,
            totals=totals,
        )


class RunTotal(models.Model):
    """What a run did with the rows of one witness in one currency. Nothing gets lost."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="totals")
    witness = models.CharField(max_length=20, choices=_choices(Witness))
    currency = models.CharField(max_length=3)
    input_count = models.BigIntegerField()
    input_minor = models.DecimalField(max_digits=38, decimal_places=0)
    matched_count = models.BigIntegerField()
    matched_minor = models.DecimalField(max_digits=38, decimal_places=0)
    broken_count = models.BigIntegerField()
    broken_minor = models.DecimalField(max_digits=38, decimal_places=0)
    ignored_count = models.BigIntegerField()
    ignored_minor = models.DecimalField(max_digits=38, decimal_places=0)
    waiting_count = models.BigIntegerField()
    waiting_minor = models.DecimalField(max_digits=38, decimal_places=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["run", "witness", "currency"],
                name="reconciliation_runtotal_is_told_once_per_witness_and_currency",
            ),
            models.CheckConstraint(
                condition=Q(
                    input_count=F("matched_count")
                    + F("broken_count")
                    + F("ignored_count")
                    + F("waiting_count"),
                    input_minor=F("matched_minor")
                    + F("broken_minor")
                    + F("ignored_minor")
                    + F("waiting_minor"),
                ),
                name="reconciliation_runtotal_accounts_for_every_row_and_unit",
            ),
        )

    def as_data(self) -> data.Total:
        """Return the total as a value."""
        sums = ("input", "matched", "broken", "ignored", "waiting")
        return data.Total(
            witness=self.witness,
            currency=self.currency,
            **{f"{name}_count": getattr(self, f"{name}_count") for name in sums},
            **{f"{name}_minor": int(getattr(self, f"{name}_minor")) for name in sums},
        )


class Break(models.Model):
    """A difference between two witnesses."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=60)
    # 1: ledger and processor. 2: processor and bank. 3: the bank's statements themselves.
    leg = models.SmallIntegerField()
    kind = models.CharField(max_length=30, choices=_choices(BreakKind))
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    ours_minor = models.BigIntegerField(null=True)
    theirs_minor = models.BigIntegerField(null=True)
    reference = models.CharField(max_length=200, blank=True)
    batch = models.CharField(max_length=200, blank=True)
    state = models.CharField(
        max_length=20, choices=_choices(BreakState), default=BreakState.OPEN.value
    )
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=30, blank=True)
    resolved_by = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    assigned_to = models.UUIDField(null=True)  # A person.
    wait_until = models.DateField(null=True)  # Somebody has said that it will explain itself.
    decided_kind = models.CharField(max_length=20, blank=True)  # Who has ended it,
    decided_by = models.CharField(max_length=100, blank=True)  # unless a file has.
    entry_id = models.UUIDField(null=True)  # The journal entry that makes it good.
    approval_id = models.UUIDField(null=True)  # A second person's decision is waited for.
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=["source", "id"],
                condition=Q(state=BreakState.OPEN),
                name="recon_break_open",
            ),
            models.Index(fields=["run"], name="recon_break_run"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state=BreakState.OPEN, resolved_at__isnull=True, resolution="")
                | (Q(state=BreakState.RESOLVED, resolved_at__isnull=False) & ~Q(resolution="")),
                name="reconciliation_break_says_when_and_how_it_was_resolved",
            ),
            models.CheckConstraint(
                condition=Q(ours_minor__isnull=False) | Q(theirs_minor__isnull=False),
                name="reconciliation_break_has_a_side",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {Money(self.amount_minor, self.currency)}"

    def as_data(self) -> data.Break:
        """Return the break as a value."""
        return data.Break(
            id=self.id,
            run_id=self.run_id,
            source=self.source,
            leg=self.leg,
            kind=BreakKind(self.kind),
            currency=self.currency,
            amount_minor=self.amount_minor,
            ours_minor=self.ours_minor,
            theirs_minor=self.theirs_minor,
            reference=self.reference,
            batch=self.batch,
            state=BreakState(self.state),
            opened_at=self.opened_at,
            resolved_at=self.resolved_at,
            resolution=self.resolution,
            note=self.note,
            assigned_to=self.assigned_to,
            wait_until=self.wait_until,
            entry_id=self.entry_id,
            approval_id=self.approval_id,
        )


class Import(models.Model):
    """A file that somebody brought, known by its content. Its rows show once it is imported."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=300)
    format = models.CharField(max_length=40, blank=True)
    witness = models.CharField(max_length=20, blank=True)
    source = models.CharField(max_length=60, blank=True)  # A processor; "bank" for statements.
    state = models.CharField(
        max_length=20, choices=_choices(ImportState), default=ImportState.READING.value
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
    place = models.CharField(max_length=10, choices=_choices(Place), default=Place.OPEN.value)
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
    place = models.CharField(max_length=10, choices=_choices(Place), default=Place.OPEN.value)
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
    witness = models.CharField(max_length=20, choices=_choices(Witness))
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
    place = models.CharField(max_length=10, choices=_choices(Place), default=Place.OPEN.value)
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


class BankProof(models.Model):
    """
    Leg 3: what the bank says a run's account holds, and what our books say.

    What the bank has more is in its entries that we have not booked (waiting, broken, or
    decided away by people) or it is unexplained.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="bank_proofs")
    account = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    on = models.DateField(null=True)
    closing_minor = models.BigIntegerField()
    ledger_minor = models.BigIntegerField()
    unbooked_minor = models.BigIntegerField()
    before_minor = models.BigIntegerField()  # What the account held before its first statement.
    unexplained_minor = models.BigIntegerField()

    class Meta:
        ordering = ("-run", "account", "currency")
        constraints = (
            models.UniqueConstraint(
                fields=["run", "account", "currency"],
                name="reconciliation_bankproof_is_made_once_per_run_and_account",
            ),
            models.CheckConstraint(
                condition=Q(
                    unexplained_minor=F("closing_minor")
                    - F("before_minor")
                    - F("ledger_minor")
                    - F("unbooked_minor")
                ),
                name="reconciliation_bankproof_names_what_is_unexplained",
            ),
        )

    def as_data(self) -> data.BankProof:
        """Return the proof as a value."""
        return data.BankProof(
            account=self.account,
            on=self.on,
            closing=Money(self.closing_minor, self.currency),
            ledger=Money(self.ledger_minor, self.currency),
            unbooked=Money(self.unbooked_minor, self.currency),
            before=Money(self.before_minor, self.currency),
            unexplained=Money(self.unexplained_minor, self.currency),
        )


class Anomaly(models.Model):
    """A day whose figures are far from what its source's other days show."""

    source = models.CharField(max_length=60)
    on = models.DateField()
    metric = models.CharField(max_length=40)
    value = models.DecimalField(max_digits=20, decimal_places=6)
    expected = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    score = models.DecimalField(max_digits=12, decimal_places=3)
    method = models.CharField(max_length=20)
    found_at = models.DateTimeField()

    class Meta:
        ordering = ("-on", "source", "metric")
        verbose_name_plural = "anomalies"
        constraints = (
            models.UniqueConstraint(
                fields=["source", "on", "metric"],
                name="reconciliation_anomaly_is_told_once_per_day_and_metric",
            ),
        )

    def as_data(self) -> data.Anomaly:
        """Return the anomaly as a value."""
        return data.Anomaly(
            source=self.source,
            on=self.on,
            metric=self.metric,
            value=self.value,
            expected=self.expected,
            score=self.score,
            method=self.method,
        )


class Cursor(models.Model):
    """How far the journal's expectations have been read."""

    name = models.CharField(max_length=60, primary_key=True)
    position = models.BigIntegerField(default=0)
