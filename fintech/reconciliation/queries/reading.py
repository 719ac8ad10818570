"""Files, runs, breaks and batches, as values."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count

from fintech.reconciliation import data, errors
from fintech.reconciliation.data import BreakState, ImportState, RunState, Witness
from fintech.reconciliation.models import (
    Batch,
    Break,
    Expectation,
    Import,
    Line,
    Run,
    RunTotal,
    SetAside,
    Statement,
)


def runs(*, source: str | None = None, limit: int = 50) -> list[data.Run]:
    """List runs, newest first, with their totals."""
    rows = Run.objects.filter(source=source) if source else Run.objects.all()
    return _with_totals(rows[:limit])


def run(run_id: UUID) -> data.Run:
    """
    Return one run with its totals.

    Raises:
        RunNotFound: there is none.
    """
    found = _with_totals(Run.objects.filter(id=run_id))
    if not found:
        raise errors.RunNotFound(run_id)
    return found[0]


def has_run_on(source: str, on: date) -> bool:
    """Whether a source was compared to its end on a business day."""
    return Run.objects.filter(
        source=source,
        started_at__date=on,
        state__in=[RunState.COMPLETED, RunState.COMPLETED_WITH_BREAKS],
    ).exists()


def breaks(
    run_id: UUID | None = None,
    *,
    source: str | None = None,
    state: BreakState | None = None,
    limit: int = 200,
) -> list[data.Break]:
    """List breaks, newest first: those that a run opened, or all."""
    rows = Break.objects.all()
    if run_id is not None:
        rows = rows.filter(run=run_id)
    if source is not None:
        rows = rows.filter(source=source)
    if state is not None:
        rows = rows.filter(state=state)
    return [row.as_data() for row in rows[:limit]]


def open_breaks(*, source: str | None = None, limit: int = 200) -> list[data.Break]:
    """List breaks that nobody has resolved, newest first."""
    return breaks(source=source, state=BreakState.OPEN, limit=limit)


def found_break(break_id: UUID) -> data.Break:
    """
    Return one break.

    Raises:
        BreakNotFound: there is none.
    """
    row = Break.objects.filter(id=break_id).first()
    if row is None:
        raise errors.BreakNotFound(break_id)
    return row.as_data()


def imports(*, limit: int = 50) -> list[data.Import]:
    """List files, newest first: those imported, and those refused with their reason."""
    rows = Import.objects.exclude(state=ImportState.READING)[:limit]
    return [row.as_data() for row in rows]


def imported(import_id: UUID) -> data.Import:
    """
    Return one file.

    Raises:
        ImportNotFound: there is none, or it is still being read.
    """
    row = Import.objects.exclude(state=ImportState.READING).filter(id=import_id).first()
    if row is None:
        raise errors.ImportNotFound(import_id)
    return row.as_data()


def statements(import_id: UUID) -> list[data.Statement]:
    """List the statements or the report in a file, in its order."""
    rows = Statement.objects.filter(file=import_id, file__state=ImportState.IMPORTED)
    return [row.as_data() for row in rows]


def readings(import_ids: Sequence[UUID], *, aside: int = 100) -> dict[UUID, data.Reading]:
    """Tell what imported files say, and of each the first rows that were set aside."""
    told: dict[UUID, list[Statement]] = {one: [] for one in import_ids}
    for row in Statement.objects.filter(
        file__in=import_ids, file__state=ImportState.IMPORTED
    ).order_by("file", "ordinal"):
        told[row.file_id].append(row)
    witnesses = dict(Import.objects.filter(id__in=import_ids).values_list("id", "witness"))
    return {
        one: _reading(rows, witnesses.get(one, ""), rows_set_aside(one, limit=aside))
        for one, rows in told.items()
    }


def _reading(rows: list[Statement], witness: str, aside: list[data.SetAside]) -> data.Reading:
    rejected = tuple((row.row, row.reason) for row in aside)
    if witness == Witness.PROCESSOR:
        report = _report_read(rows[0]) if rows else None
        return data.Reading(report=report, rejected=rejected)
    return data.Reading(statements=tuple(map(_statement_read, rows)), rejected=rejected)


def _statement_read(row: Statement) -> data.StatementRead:
    sums = row.summary["by_currency"]
    own = [sums[row.currency]] if row.currency in sums else list(sums.values())
    return data.StatementRead(
        account=row.account,
        currency=row.currency,
        opening=_amount(row.summary["opening"]),
        closing=_amount(row.summary["closing"]),
        entries=row.entries,
        credits=f"{sum((Decimal(one['credits']) for one in own), Decimal(0)):f}",
        debits=f"{sum((Decimal(one['debits']) for one in own), Decimal(0)):f}",
        arithmetic_ok=row.arithmetic_ok,
        difference=row.summary["difference"],
    )


def _report_read(row: Statement) -> data.ReportRead:
    differences = row.summary.get("differences")
    difference: str | dict[str, str] | None = differences
    if differences is not None and len(differences) < 2:  # noqa: PLR2004 -- one amount says it.
        difference = next(iter(differences.values()), "0")
    return data.ReportRead(
        rows=row.entries,
        by_currency={
            currency: {name: sums[name] for name in ("gross", "fee", "net")}
            for currency, sums in row.summary["by_currency"].items()
        },
        ties_out=row.arithmetic_ok,
        difference=difference,
    )


def _amount(balance: dict[str, Any] | None) -> str | None:
    return None if balance is None else str(balance["amount"])


def lines(import_id: UUID, *, after: int = 0, limit: int = 200) -> list[data.Line]:
    """List the rows of an imported file, in its order."""
    rows = Line.objects.filter(
        file=import_id, file__state=ImportState.IMPORTED, id__gt=after
    ).order_by("id")
    return [row.as_data() for row in rows[:limit]]


def rows_set_aside(import_id: UUID, *, limit: int = 200) -> list[data.SetAside]:
    """List the rows of a file that could not be read, in its order."""
    rows = SetAside.objects.filter(file=import_id, file__state=ImportState.IMPORTED)
    rows = rows.order_by("row", "id")
    return [row.as_data() for row in rows[:limit]]


def batches(*, source: str | None = None, limit: int = 50) -> list[data.Batch]:
    """List what processors say they pay out, newest first."""
    rows = Batch.objects.filter(source=source) if source else Batch.objects.all()
    return [row.as_data() for row in rows[:limit]]


def places(*, source: str) -> dict[str, int]:
    """Count a source's expectations by the place where they are."""
    rows = Expectation.objects.filter(provider=source).order_by().values_list("place")
    return dict(rows.annotate(count=Count("id")))


def _with_totals(rows: Iterable[Run]) -> list[data.Run]:
    totals: dict[UUID, list[data.Total]] = {}
    found = list(rows)
    for total in RunTotal.objects.filter(run__in=found).order_by("run", "witness", "currency"):
        totals.setdefault(total.run_id, []).append(total.as_data())
    return [row.as_data(tuple(totals.get(row.id, ()))) for row in found]
