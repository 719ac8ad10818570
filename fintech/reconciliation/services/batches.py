"""Leg 2: what a processor says it paid out, against what the bank was paid."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, Sum
from django_subatomic import db

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.ledger.data import templates
from fintech.reconciliation import matching
from fintech.reconciliation.data import (
    SOURCES,
    BreakKind,
    BreakState,
    Place,
    Rule,
    Tolerance,
    Witness,
)
from fintech.reconciliation.matching import Candidate, Finding, Fit, Paid, Wanted
from fintech.reconciliation.models import Batch, Line, Run
from fintech.reconciliation.services.exact import BY_INDEX
from fintech.reconciliation.services.placing import CHUNK, Placing

_BATCHES = 200  # Per transaction.

type _Changed = Mapping[UUID, list[tuple[Money, Money]]]

_ENTRIES = """
SELECT l.id, l.file_id, l.currency, l.net_minor, l.value_on, l.reference, l.booked, l.place,
       l.difference_id, b.id AS batch_id
FROM {named}
JOIN reconciliation_import f ON f.id = l.file_id AND f.sequence <= %(sequence)s
JOIN reconciliation_statement s
  ON s.file_id = l.file_id AND s.ordinal = l.statement AND s.account = %(account)s
"""
# Bank entries that carry a batch's name in any of their references, each found by an index.
# Materialized, because otherwise every batch is tried with every entry of the bank.
_NAMED = """
WITH named AS MATERIALIZED (SELECT b.id AS batch, n.id
FROM reconciliation_batch b CROSS JOIN LATERAL (
    SELECT x.id FROM reconciliation_line x
    WHERE x.witness = 'bank' AND x.references @> ARRAY[b.name]
    UNION
    SELECT x.id FROM reconciliation_line x WHERE x.witness = 'bank' AND x.reference = b.name
) n WHERE b.id = ANY(%(batches)s::uuid[]))
"""
_OF_BATCHES = """
named JOIN reconciliation_line l ON l.id = named.id
JOIN reconciliation_batch b ON b.id = named.batch AND b.currency = l.currency
"""
_SETTLED = """
reconciliation_line l
CROSS JOIN LATERAL (SELECT DISTINCT unnest(l.references || l.reference) AS name) n
JOIN reconciliation_batch b ON b.source = %(source)s AND b.name = n.name
  AND b.place = %(matched)s AND b.currency = l.currency
"""
# Entries that nobody knew, and that a batch may explain later.
_UNIDENTIFIED = [BreakKind.UNIDENTIFIED_CREDIT.value, BreakKind.MISSING_IN_LEDGER.value]
_OPEN = "reconciliation_line l LEFT JOIN reconciliation_batch b ON false"


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
    changed = _changed(batches)
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
        _place_one(batch, attached, fresh, placing, changed, today=today)


def _place_one(
    batch: Batch,
    attached: list[Paid],
    fresh: list[Paid],
    placing: Placing,
    changed: _Changed,
    *,
    today: date,
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
    grace = timedelta(days=SOURCES[batch.source].bank_days)
    if verdict is None and batch.last_on is not None and batch.last_on + grace < today:
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
    _settle(batch, verdict, placing, changed)
    for entry in (*attached, *fresh):
        if entry is not verdict:
            _break(entry, BreakKind.DUPLICATE, placing, batch=batch.name)


def _settle(
    batch: Batch, paid: Paid, placing: Placing, changed: _Changed, rule: Rule = Rule.BATCH_TOTAL
) -> None:
    """Match a batch with its bank entry, and book that the receivable has become money: E5."""
    entry_id = None
    # Within a tolerance the bank's amount is what came; the rest is a fee nobody announced.
    net = paid.net_minor if rule is Rule.WITHIN_TOLERANCE else batch.net_minor
    for expected, given in changed.get(batch.id, ()):
        placing.entries.append(
            templates.convert_receivable(
                entry_id=ids.new(),
                provider=batch.source,
                expected=expected,
                paid=given,
                subject=batch.id,
                at=placing.at,
            )
        )
    if net:
        entry_id = ids.new()
        placing.entries.append(
            templates.settle_processor(
                entry_id=entry_id,
                provider=batch.source,
                net=Money(net, batch.currency),
                fee_difference=Money(
                    batch.fee_difference_minor + batch.net_minor - net, batch.currency
                ),
                bank_account=SOURCES[batch.source].account,
                subject=batch.id,
                at=placing.at,
            )
        )
    placing.batch(batch.id, Place.MATCHED, rule, bank_line=paid.id, entry=entry_id)
    placing.line(paid.id, Place.MATCHED, rule)


def _changed(batches: Iterable[Batch]) -> _Changed:
    """What of each batch was expected in another currency, and what is paid for it."""
    rows = (
        Line.objects.filter(settlement__in=list(batches), rule=Rule.FX_AT_STORED_RATE)
        .values_list("settlement", "currency", "expectation__currency")
        .annotate(
            expected=Sum(F("expectation__amount_minor") - F("expectation__fee_minor")),
            paid=Sum("net_minor"),
        )
        .order_by("settlement", "expectation__currency")
    )
    found: defaultdict[UUID, list[tuple[Money, Money]]] = defaultdict(list)
    for batch, currency, seen, expected, paid in rows:
        found[batch].append((Money(int(expected), seen), Money(int(paid), currency)))
    return found


def place_unnamed(placing: Placing) -> int:
    """
    Settle batches with entries that name none, where only one can be meant.

    By amount and day, within the source's tolerance, or as the sum of several batches.
    """
    run, tolerance = placing.run, SOURCES[placing.run.source].unnamed
    rows = _rows(
        _OPEN,
        "LEFT JOIN reconciliation_break d ON d.id = l.difference_id "
        "WHERE l.source = 'bank' AND l.witness = %(bank)s AND l.booked "
        "AND (l.place = %(open)s OR (l.place = %(broken)s AND d.state = %(break_open)s "
        "AND d.leg = 2 AND d.kind = ANY(%(unidentified)s))) ORDER BY l.id LIMIT %(limit)s",
        run,
        broken=Place.BROKEN,
        break_open=BreakState.OPEN,
        unidentified=_UNIDENTIFIED,
        limit=CHUNK * 10,
    )
    entries, _ = matching.distinct([_paid(row) for row in rows])
    seen, settled = _seen_before(entries), _settled_batches(entries, run)
    free = {
        entry.id: entry
        for entry in entries
        if entry.id not in settled
        and not any(
            entry.tells_the_same_as(other) for other in seen[entry.reference] if other.id < entry.id
        )
    }
    if not free:
        return 0
    batches = {
        batch.id: batch
        for batch in Batch.objects.filter(
            Q(place=Place.OPEN) | Q(place=Place.BROKEN, difference__kind=BreakKind.MISSING_IN_BANK),
            source=run.source,
        ).exclude(net_minor=0)
    }
    wanted = [
        Wanted(id=batch.id, currency=batch.currency, minor=batch.net_minor, on=batch.last_on)
        for batch in batches.values()
    ]
    candidates = [
        Candidate(id=one.id, currency=one.currency, minor=one.net_minor, on=one.value_on)
        for one in free.values()
    ]
    found = matching.fits(wanted, candidates, tolerance)
    found += _sums(wanted, candidates, found, tolerance)
    taken = {UUID(str(one.id)) for fit in found for one in fit.wanted}
    changed = _changed(batches[batch_id] for batch_id in taken)
    for fit in found:
        placing.resolve(free[int(str(fit.candidate.id))].break_id)
        for one in fit.wanted:
            batch = batches[UUID(str(one.id))]
            placing.resolve(batch.difference_id)
            _settle(batch, free[int(str(fit.candidate.id))], placing, changed, fit.rule)
    return len(found)


def _sums(
    wanted: Sequence[Wanted],
    candidates: Sequence[Candidate],
    found: list[Fit],
    tolerance: Tolerance,
) -> list[Fit]:
    """Entries that are the only sum of batches; a batch that two entries want is left alone."""
    used = {one.id for fit in found for one in fit.wanted}
    taken = {fit.candidate.id for fit in found}
    left = [one for one in wanted if one.id not in used]
    sums = [
        Fit(candidate=candidate, wanted=parts, rule=Rule.SUBSET_SUM)
        for candidate in candidates
        if candidate.id not in taken and (parts := matching.subset(left, candidate, tolerance))
    ]
    asked = Counter(one.id for fit in sums for one in fit.wanted)
    return [fit for fit in sums if all(asked[one.id] == 1 for one in fit.wanted)]


def place_rest(placing: Placing) -> int:
    """Place a chunk of bank entries that no waiting batch has taken; tell how many."""
    run = placing.run
    account = SOURCES[run.source].account
    others = [one.name for one in SOURCES.values() if one.account == account]
    others.remove(run.source)
    rows = _rows(
        _OPEN,
        "WHERE l.source = 'bank' AND l.witness = %(bank)s AND l.place = %(open)s "
        # What names a batch of another processor that pays to this account waits for its run.
        "AND NOT EXISTS (SELECT FROM reconciliation_batch o WHERE o.source = ANY(%(others)s) "
        "AND o.name = ANY(l.references || l.reference) AND o.currency = l.currency) "
        "AND NOT EXISTS (SELECT FROM reconciliation_line o WHERE o.source = ANY(%(others)s) "
        "AND o.batch = ANY(l.references || l.reference) AND o.currency = l.currency "
        "AND o.settlement_id IS NULL AND o.witness = 'processor') "
        "ORDER BY l.id LIMIT %(limit)s",
        run,
        others=others,
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
        _OF_BATCHES,
        "LEFT JOIN reconciliation_break d ON d.id = l.difference_id "
        "WHERE l.witness = %(bank)s AND l.booked AND (l.place = %(open)s OR (l.place = %(broken)s "
        "AND d.state = %(break_open)s "
        "AND (d.kind = ANY(%(unidentified)s) OR d.id = b.difference_id))) "
        "ORDER BY l.id",
        run,
        batches=[batch.id for batch in batches],
        broken=Place.BROKEN,
        break_open=BreakState.OPEN,
        unidentified=_UNIDENTIFIED,
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
        _SETTLED,
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


def _rows(named: str, where: str, run: Run, **values: Any) -> list[dict[str, Any]]:
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        # Just after an import the statistics are older than the rows; see `exact`.
        for setting in BY_INDEX:
            cursor.execute(setting)
        cursor.execute(
            (_NAMED if named is _OF_BATCHES else "") + _ENTRIES.format(named=named) + where,
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
