"""Leg 2: what a processor says it paid out, against what the bank was paid."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django_subatomic import db

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.ledger.data import templates
from fintech.reconciliation import matching
from fintech.reconciliation.data import SOURCES, BreakKind, BreakState, Place, Rule, Witness
from fintech.reconciliation.matching import Finding, Paid
from fintech.reconciliation.models import Batch, Line, Run
from fintech.reconciliation.services.placing import CHUNK, Placing

# Days after a batch's last row within which the bank may still be paid.
GRACE = timedelta(days=2)
_BATCHES = 200  # Per transaction.

_ENTRIES = """
SELECT l.id, l.file_id, l.currency, l.net_minor, l.value_on, l.reference, l.booked, l.place,
       l.difference_id, b.id AS batch_id
FROM reconciliation_line l
JOIN reconciliation_import f ON f.id = l.file_id AND f.sequence <= %(sequence)s
JOIN reconciliation_statement s
  ON s.file_id = l.file_id AND s.ordinal = l.statement AND s.account = %(account)s
"""


def form(run: Run) -> None:
    """
    Put every line that was placed in leg 1 into its processor's batch, and add them up.

    What comes for a batch that was paid already makes a batch of its own. Interrupted,
    it goes on where it stopped.
    """
    for name, currency in _unbatched(run):
        with db.transaction():
            batch, _ = Batch.objects.get_or_create(
                source=run.source,
                name=name,
                currency=currency,
                place__in=[Place.OPEN, Place.BROKEN],
                defaults={"place": Place.OPEN},
            )
        while _join(run, batch):
            pass
    with db.transaction(), connection.cursor() as cursor:
        cursor.execute(
            _ADD_UP, [Place.MATCHED, Place.IGNORED, run.source, Place.OPEN, Place.BROKEN]
        )


_ADD_UP = """
UPDATE reconciliation_batch b
SET rows = t.rows, gross_minor = t.gross, fee_minor = t.fee, net_minor = t.net,
    fee_difference_minor = t.fee_difference, last_on = t.last_on
FROM (
    SELECT l.settlement_id, count(*) AS rows, sum(l.gross_minor) AS gross,
           sum(l.fee_minor) AS fee, sum(l.net_minor) AS net, max(l.value_on) AS last_on,
           coalesce(sum(l.fee_minor - e.fee_minor) FILTER (WHERE l.place = %s), 0)
             AS fee_difference
    FROM reconciliation_line l
    LEFT JOIN reconciliation_expectation e ON e.id = l.expectation_id
    WHERE l.place <> %s AND l.settlement_id IN (
        SELECT id FROM reconciliation_batch WHERE source = %s AND place IN (%s, %s)
    )
    GROUP BY 1
) t
WHERE b.id = t.settlement_id
"""


def _unbatched(run: Run) -> list[tuple[str, str]]:
    rows = (
        Line.objects.filter(
            source=run.source,
            witness=Witness.PROCESSOR,
            settlement__isnull=True,
            place__in=[Place.MATCHED, Place.BROKEN],
            file__sequence__lte=run.import_sequence,
        )
        .exclude(batch="")
        .order_by("batch", "currency")
        .values_list("batch", "currency")
        .distinct()
    )
    return list(rows)


def _join(run: Run, batch: Batch) -> int:
    """Put a chunk of lines into a batch; tell how many."""
    with db.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reconciliation_line SET settlement_id = %s WHERE id IN ("
            "SELECT l.id FROM reconciliation_line l "
            "JOIN reconciliation_import f ON f.id = l.file_id AND f.sequence <= %s "
            "WHERE l.source = %s AND l.witness = %s AND l.settlement_id IS NULL "
            "AND l.batch = %s AND l.currency = %s AND l.place IN (%s, %s) LIMIT %s)",
            [
                batch.id,
                run.import_sequence,
                run.source,
                Witness.PROCESSOR,
                batch.name,
                batch.currency,
                Place.MATCHED,
                Place.BROKEN,
                CHUNK,
            ],
        )
        return int(cursor.rowcount)


def next_waiting(run: Run, after: UUID | None) -> list[Batch]:
    """List the next batches that no bank entry has paid yet."""
    waiting = Batch.objects.filter(
        source=run.source, place__in=[Place.OPEN, Place.BROKEN]
    ).select_related("difference")
    if after is not None:
        waiting = waiting.filter(id__gt=after)
    return list(waiting.order_by("id")[:_BATCHES])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    paid: Paid
    place: str


def place(batches: Sequence[Batch], placing: Placing, *, today: date) -> None:
    """Judge batches by the bank entries that name them."""
    entries = _entries_naming(batches, placing.run)
    for batch in batches:
        found = entries[batch.id]
        attached = [
            entry.paid
            for entry in found
            if entry.place == Place.BROKEN and entry.paid.break_id == batch.difference_id
        ]
        fresh = [entry.paid for entry in found if entry.paid not in attached]
        fresh, repeated = _distinct(attached, fresh)
        for entry in repeated:
            placing.line(entry.id, Place.IGNORED, Rule.ALREADY_REPORTED)
            placing.resolve(entry.break_id)
        _place_one(batch, attached, fresh, placing, today=today)


def _place_one(
    batch: Batch, attached: list[Paid], fresh: list[Paid], placing: Placing, *, today: date
) -> None:
    before = batch.difference
    if not fresh and before is not None and before.ours_minor == batch.net_minor:
        return  # Nothing new is known of it.
    # A later statement that has it right puts an earlier one right.
    exact = [entry for entry in fresh if entry.net_minor == batch.net_minor]
    verdict: Finding | Paid | None
    if attached and len(exact) == 1:
        verdict = exact[0]
    else:
        verdict = matching.judge_batch(
            net_minor=batch.net_minor, currency=batch.currency, candidates=[*attached, *fresh]
        )
    if verdict is None and batch.last_on is not None and batch.last_on + GRACE < today:
        verdict = matching.ours_only(BreakKind.MISSING_IN_BANK, batch.currency, batch.net_minor)
    if verdict is None:
        if before is not None:  # It was missed, and its amount has changed since.
            verdict = matching.ours_only(BreakKind.MISSING_IN_BANK, batch.currency, batch.net_minor)
        else:
            return
    placing.resolve(None if before is None else before.id)
    for entry in fresh:
        placing.resolve(entry.break_id)
    if isinstance(verdict, Finding):
        opened = placing.open(verdict, leg=2, reference=batch.name, batch=batch.name)
        placing.batch(batch.id, Place.BROKEN, difference=opened)
        for entry in (*attached, *fresh):
            placing.line(entry.id, Place.BROKEN, difference=opened)
        return
    _settle(batch, verdict, placing)
    for entry in (*attached, *fresh):
        if entry is not verdict:
            _break(entry, BreakKind.DUPLICATE, placing, batch=batch.name)


def _settle(batch: Batch, paid: Paid, placing: Placing) -> None:
    """Match a batch with its bank entry, and book that the receivable has become money: E5."""
    entry_id = None
    if batch.net_minor:
        entry_id = ids.new()
        placing.entries.append(
            templates.settle_processor(
                entry_id=entry_id,
                provider=batch.source,
                net=Money(batch.net_minor, batch.currency),
                fee_difference=Money(batch.fee_difference_minor, batch.currency),
                bank_account=SOURCES[batch.source].account,
                subject=batch.id,
                at=placing.at,
            )
        )
    placing.batch(batch.id, Place.MATCHED, Rule.BATCH_TOTAL, bank_line=paid.id, entry=entry_id)
    placing.line(paid.id, Place.MATCHED, Rule.BATCH_TOTAL)


def place_rest(placing: Placing) -> int:
    """Place a chunk of bank entries that no waiting batch has taken; tell how many."""
    run = placing.run
    rows = _rows(
        "LEFT JOIN reconciliation_batch b ON false WHERE l.witness = %(bank)s "
        "AND l.place = %(open)s ORDER BY l.id LIMIT %(limit)s",
        run,
        limit=CHUNK,
    )
    entries = [_paid(row) for row in rows]
    settled = _settled_batches(entries, run)
    seen = _seen_before(entries)
    for row, entry in zip(rows, entries, strict=True):
        batch = settled.get(entry.id)
        if not row["booked"]:
            placing.line(entry.id, Place.IGNORED, Rule.NOT_BOOKED)
        elif batch is not None:
            name, paid = batch
            if entry.tells_the_same_as(paid):
                placing.line(entry.id, Place.IGNORED, Rule.ALREADY_REPORTED)
            else:
                _break(entry, BreakKind.DUPLICATE, placing, batch=name)
        elif any(entry.tells_the_same_as(other) for other in seen[entry.reference]):
            placing.line(entry.id, Place.IGNORED, Rule.ALREADY_REPORTED)
        elif entry.net_minor >= 0:
            _break(entry, BreakKind.UNIDENTIFIED_CREDIT, placing)
        else:
            _break(entry, BreakKind.MISSING_IN_LEDGER, placing)
        if entry.reference:
            seen[entry.reference].append(entry)
    return len(rows)


def _break(entry: Paid, kind: BreakKind, placing: Placing, *, batch: str = "") -> None:
    finding = matching.theirs_only(kind, entry.currency, entry.net_minor)
    opened = placing.open(finding, leg=2, reference=entry.reference, batch=batch)
    placing.line(entry.id, Place.BROKEN, difference=opened)


def _entries_naming(batches: Sequence[Batch], run: Run) -> dict[UUID, list[_Entry]]:
    """Find, for each batch, the bank entries that name it and are not explained otherwise."""
    rows = _rows(
        "JOIN reconciliation_batch b ON b.id = ANY(%(batches)s::uuid[]) "
        "AND b.currency = l.currency AND (l.reference = b.name OR l.references @> ARRAY[b.name]) "
        "LEFT JOIN reconciliation_break d ON d.id = l.difference_id "
        "WHERE l.witness = %(bank)s AND l.booked AND (l.place = %(open)s OR (l.place = %(broken)s "
        "AND d.state = %(break_open)s AND (d.kind = %(unidentified)s OR d.id = b.difference_id))) "
        "ORDER BY l.id",
        run,
        batches=[batch.id for batch in batches],
        broken=Place.BROKEN,
        break_open=BreakState.OPEN,
        unidentified=BreakKind.UNIDENTIFIED_CREDIT,
    )
    found: defaultdict[UUID, list[_Entry]] = defaultdict(list)
    for row in rows:
        found[row["batch_id"]].append(_Entry(paid=_paid(row), place=row["place"]))
    return found


def _distinct(attached: list[Paid], fresh: list[Paid]) -> tuple[list[Paid], list[Paid]]:
    kept, repeated = matching.distinct([*attached, *fresh])
    return [entry for entry in kept if entry not in attached], [
        entry for entry in repeated if entry not in attached
    ]


def _settled_batches(entries: Sequence[Paid], run: Run) -> dict[int, tuple[str, Paid]]:
    """Find entries that name a batch which another entry has paid."""
    rows = _rows(
        "JOIN reconciliation_batch b ON b.source = %(source)s AND b.place = %(matched)s "
        "AND b.currency = l.currency AND (l.reference = b.name OR l.references @> ARRAY[b.name]) "
        "WHERE l.id = ANY(%(entries)s::bigint[])",
        run,
        source=run.source,
        matched=Place.MATCHED,
        entries=[entry.id for entry in entries],
    )
    batches = {
        batch.id: batch
        for batch in Batch.objects.filter(id__in={row["batch_id"] for row in rows}).select_related(
            "bank_line"
        )
    }
    found = {}
    for row in rows:
        batch = batches[row["batch_id"]]
        paid = batch.bank_line
        if paid is not None:
            found[row["id"]] = (batch.name, _of_line(paid))
    return found


def _seen_before(entries: Iterable[Paid]) -> defaultdict[str, list[Paid]]:
    """Find entries with the same reference that were placed before."""
    found: defaultdict[str, list[Paid]] = defaultdict(list)
    references = {entry.reference for entry in entries if entry.reference}
    for row in Line.objects.filter(
        ~Q(place__in=[Place.OPEN, Place.IGNORED]), witness=Witness.BANK, reference__in=references
    ).order_by("id"):
        found[row.reference].append(_of_line(row))
    return found


def _rows(where: str, run: Run, **values: Any) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _ENTRIES + where,
            {
                "sequence": run.import_sequence,
                "account": SOURCES[run.source].account,
                "bank": Witness.BANK,
                "open": Place.OPEN,
                **values,
            },
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _paid(row: dict[str, Any]) -> Paid:
    return Paid(
        id=row["id"],
        file=row["file_id"],
        currency=row["currency"],
        net_minor=row["net_minor"],
        value_on=row["value_on"],
        reference=row["reference"],
        break_id=row["difference_id"],
    )


def _of_line(row: Line) -> Paid:
    return Paid(
        id=row.id,
        file=row.file_id,
        currency=row.currency,
        net_minor=row.net_minor,
        value_on=row.value_on,
        reference=row.reference,
        break_id=row.difference_id,
    )
