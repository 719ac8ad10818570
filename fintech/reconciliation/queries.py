"""What can be asked about reconciliation. Nothing here changes anything."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count

from fintech.kernel.invariants import Invariant
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


INVARIANTS = (
    Invariant(
        id="I-15",
        rule="Reconciliation loses nothing: what is matched is equal, what is broken is told, "
        "and every total is the sum of its parts",
        sql="""
        SELECT 'line ' || l.id || ' is matched with an expectation that it does not equal'
        FROM reconciliation_line l
        LEFT JOIN reconciliation_expectation e ON e.id = l.expectation_id
        WHERE l.witness = 'processor' AND l.place = 'matched' AND l.rule <> 'forced'
          AND (e.id IS NULL OR e.place <> 'matched' OR e.provider <> l.source
               OR e.kind <> l.kind OR e.reference <> l.reference OR e.currency <> l.currency
               OR e.amount_minor <> l.gross_minor)
        UNION ALL
        SELECT 'expectation ' || e.id || ' is matched by no line'
        FROM reconciliation_expectation e
        LEFT JOIN reconciliation_line l ON l.expectation_id = e.id AND l.place = 'matched'
        WHERE e.place = 'matched' AND l.id IS NULL
        UNION ALL
        SELECT 'batch ' || b.id || ' is not what its bank entry paid'
        FROM reconciliation_batch b
        LEFT JOIN reconciliation_line l ON l.id = b.bank_line_id
        WHERE b.place = 'matched'
          AND (l.id IS NULL OR l.place <> 'matched' OR l.currency <> b.currency
               OR l.net_minor <> b.net_minor)
        UNION ALL
        SELECT 'batch ' || b.id || ' is not the sum of its lines'
        FROM reconciliation_batch b
        LEFT JOIN reconciliation_line l ON l.settlement_id = b.id AND l.place <> 'ignored'
        WHERE b.place = 'matched'
        GROUP BY b.id
        HAVING b.net_minor <> coalesce(sum(l.net_minor), 0) OR b.rows <> count(l.id)
        UNION ALL
        SELECT 'break ' || b.id || ' does not name the difference of its rows'
        FROM reconciliation_break b
        CROSS JOIN LATERAL (
            SELECT sum(CASE WHEN b.kind = 'fee_variance' THEN -l.fee_minor
                            WHEN b.leg = 1 THEN l.gross_minor ELSE l.net_minor END) AS minor
            FROM reconciliation_line l WHERE l.difference_id = b.id AND l.place = 'broken'
        ) theirs
        CROSS JOIN LATERAL (
            SELECT sum(minor) AS minor FROM (
                SELECT CASE WHEN b.kind = 'fee_variance' THEN -e.fee_minor
                            ELSE e.amount_minor END AS minor
                FROM reconciliation_expectation e
                WHERE e.difference_id = b.id AND e.place = 'broken'
                UNION ALL
                SELECT t.net_minor FROM reconciliation_batch t
                WHERE t.difference_id = b.id AND t.place = 'broken'
            ) parts
        ) ours
        WHERE b.state = 'open'
          AND (theirs.minor IS DISTINCT FROM b.theirs_minor
               OR ours.minor IS DISTINCT FROM b.ours_minor
               OR (b.kind <> 'currency' AND b.amount_minor
                   <> coalesce(b.theirs_minor, 0) - coalesce(b.ours_minor, 0)))
        UNION ALL
        SELECT 'a row of break ' || b.id || ' is broken, and the break is resolved'
        FROM reconciliation_break b
        WHERE b.state = 'resolved' AND (
            EXISTS (SELECT FROM reconciliation_line r
                    WHERE r.difference_id = b.id AND r.place = 'broken')
            OR EXISTS (SELECT FROM reconciliation_expectation r
                       WHERE r.difference_id = b.id AND r.place = 'broken')
            OR EXISTS (SELECT FROM reconciliation_batch r
                       WHERE r.difference_id = b.id AND r.place = 'broken'))
        UNION ALL
        SELECT 'import ' || f.id || ' does not hold the rows that it counted'
        FROM reconciliation_import f
        LEFT JOIN reconciliation_line l ON l.file_id = f.id
        WHERE f.state <> 'reading'
        GROUP BY f.id HAVING f.lines <> count(l.id)
        UNION ALL
        SELECT 'run ' || t.run_id || ' does not account for every ' || t.witness || ' row'
        FROM reconciliation_runtotal t
        WHERE t.input_count <> t.matched_count + t.broken_count + t.ignored_count + t.waiting_count
           OR t.input_minor <> t.matched_minor + t.broken_minor + t.ignored_minor + t.waiting_minor
        """,
    ),
)
