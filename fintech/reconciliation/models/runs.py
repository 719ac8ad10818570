"""Runs: what they counted, what the bank holds, what was unusual, how far the journal is read."""

from django.db import models
from django.db.models import F, Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.reconciliation import data
from fintech.reconciliation.data import RunState, Witness
from fintech.reconciliation.models.choosing import choices


class Run(models.Model):
    """One comparison of a source's witnesses. Only one of a source runs at a time."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    source = models.CharField(max_length=60)
    state = models.CharField(
        max_length=30, choices=choices(RunState), default=RunState.PENDING.value
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
    witness = models.CharField(max_length=20, choices=choices(Witness))
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
