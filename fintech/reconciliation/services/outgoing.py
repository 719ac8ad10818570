"""
What the ledger itself expects at the bank: withdrawals and payouts, without a processor between.

Each is known by the reference that the bank was given. It is answered by the one entry that
carries it, or differs from it, or is missed after its day. What several formats show again
is the same entry.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection
from django_subatomic import db

from fintech.ledger.data import at_bank
from fintech.reconciliation import matching
from fintech.reconciliation.data import SOURCES, BreakKind, BreakState, Place, Rule, Witness
from fintech.reconciliation.matching import Finding, Paid
from fintech.reconciliation.models import Expectation, Run
from fintech.reconciliation.services.exact import BY_INDEX
from fintech.reconciliation.services.placing import CHUNK, Placing

_ENTRIES = """
SELECT e.id, l.id, l.file_id, l.currency, l.net_minor, l.value_on, l.reference, l.difference_id
FROM reconciliation_expectation e
CROSS JOIN LATERAL (
    SELECT x.id FROM reconciliation_line x
    WHERE x.witness = 'bank' AND x.references @> ARRAY[e.reference]
    UNION
    SELECT x.id FROM reconciliation_line x WHERE x.witness = 'bank' AND x.reference = e.reference
) n
JOIN reconciliation_line l ON l.id = n.id AND l.currency = e.currency AND l.booked
JOIN reconciliation_import f ON f.id = l.file_id AND f.sequence <= %(sequence)s
JOIN reconciliation_statement s
  ON s.file_id = l.file_id AND s.ordinal = l.statement AND s.account = %(account)s
LEFT JOIN reconciliation_break d ON d.id = l.difference_id
WHERE e.id = ANY(%(expectations)s::bigint[]) AND (l.place = %(open)s OR (l.place = %(broken)s
  AND d.state = %(break_open)s AND (d.id = e.difference_id OR d.kind = %(unexpected)s)))
ORDER BY l.id
"""
# Entries that name what another entry has answered already.
_ANSWERED = """
SELECT l.id, l.file_id, l.currency, l.net_minor, l.value_on, l.reference, l.difference_id,
       p.id, p.file_id, p.net_minor, p.value_on
FROM reconciliation_line l
JOIN reconciliation_import f ON f.id = l.file_id AND f.sequence <= %(sequence)s
JOIN reconciliation_statement s
  ON s.file_id = l.file_id AND s.ordinal = l.statement AND s.account = %(account)s
JOIN reconciliation_expectation e ON e.provider = %(provider)s AND e.kind = 'payout'
  AND e.reference = ANY(l.references || l.reference) AND e.place = %(matched)s
JOIN reconciliation_line p ON p.expectation_id = e.id
WHERE l.source = 'bank' AND l.witness = %(bank)s AND l.place = %(open)s AND l.booked
ORDER BY l.id LIMIT %(limit)s
"""


def next_waiting(run: Run, after: int) -> list[Expectation]:
    """List the next expectations at the run's account that no bank entry has answered yet."""
    return list(
        Expectation.objects.filter(
            provider=at_bank(SOURCES[run.source].account),
            place__in=[Place.OPEN, Place.BROKEN],
            position__lte=run.journal_position,
            id__gt=after,
        )
        .select_related("difference")
        .order_by("id")[:CHUNK]
    )


def place(waiting: Sequence[Expectation], placing: Placing, *, today: date) -> None:
    """Judge expectations by the bank entries that carry their reference."""
    found = _entries(waiting, placing.run)
    for one in waiting:
        entries = found[one.id]
        attached = [entry for entry in entries if entry.break_id and _is_of(entry, one)]
        fresh = [entry for entry in entries if entry not in attached]
        kept, repeated = matching.distinct([*attached, *fresh])
        for entry in repeated:
            placing.line(entry.id, Place.IGNORED, Rule.ALREADY_REPORTED)
            placing.resolve(entry.break_id if entry in fresh else None)
        _place_one(one, attached, [entry for entry in kept if entry in fresh], placing, today)


def _is_of(entry: Paid, one: Expectation) -> bool:
    return entry.break_id == one.difference_id


def _place_one(
    one: Expectation, attached: list[Paid], fresh: list[Paid], placing: Placing, today: date
) -> None:
    exact = [entry for entry in fresh if entry.net_minor == one.amount_minor]
    verdict: Finding | Paid | None
    if not fresh:
        if one.place != Place.OPEN or today <= one.due_on:
            return
        verdict = matching.ours_only(BreakKind.MISSING_IN_BANK, one.currency, one.amount_minor)
    elif len(exact) == 1:
        verdict = exact[0]
    else:
        verdict = matching.judge_batch(
            net_minor=one.amount_minor, currency=one.currency, candidates=[*attached, *fresh]
        )
    placing.resolve(one.difference_id)
    for entry in fresh:
        placing.resolve(entry.break_id)
    if isinstance(verdict, Finding):
        opened = placing.open(verdict, leg=2, reference=one.reference)
        placing.expectation(one.id, Place.BROKEN, difference=opened)
        for entry in (*attached, *fresh):
            placing.line(entry.id, Place.BROKEN, difference=opened)
    elif verdict is not None:
        placing.expectation(one.id, Place.MATCHED, Rule.EXACT_REFERENCE)
        placing.line(verdict.id, Place.MATCHED, Rule.EXACT_REFERENCE, expectation=one.id)
        for entry in (*attached, *fresh):
            if entry is not verdict:
                _repeat(entry, placing, one.reference)


def place_repeated(placing: Placing) -> int:
    """Place a chunk of entries that name what another entry has answered; tell how many."""
    run = placing.run
    answered = _query(
        _ANSWERED,
        run,
        provider=at_bank(SOURCES[run.source].account),
        matched=Place.MATCHED,
        bank=Witness.BANK,
        limit=CHUNK,
    )
    for line, file, currency, minor, on, reference, break_id, *of in answered:
        entry = Paid(id=line, file=file, currency=currency, net_minor=minor, value_on=on,
                     reference=reference, break_id=break_id)  # fmt: skip
        by, its_file, its_minor, its_day = of
        first = Paid(id=by, file=its_file, currency=currency, net_minor=its_minor, value_on=its_day)
        if entry.tells_the_same_as(first):
            placing.line(entry.id, Place.IGNORED, Rule.ALREADY_REPORTED)
        else:
            _repeat(entry, placing, reference)
    return len(answered)


def _repeat(entry: Paid, placing: Placing, reference: str) -> None:
    finding = matching.theirs_only(BreakKind.DUPLICATE, entry.currency, entry.net_minor)
    opened = placing.open(finding, leg=2, reference=reference)
    placing.line(entry.id, Place.BROKEN, difference=opened)


def _entries(waiting: Sequence[Expectation], run: Run) -> defaultdict[int, list[Paid]]:
    rows = _query(
        _ENTRIES,
        run,
        expectations=[one.id for one in waiting],
        broken=Place.BROKEN,
        break_open=BreakState.OPEN,
        unexpected=BreakKind.MISSING_IN_LEDGER,
    )
    found: defaultdict[int, list[Paid]] = defaultdict(list)
    for expectation, line, file, currency, minor, on, reference, break_id in rows:
        found[expectation].append(
            Paid(id=line, file=file, currency=currency, net_minor=minor, value_on=on,
                 reference=reference, break_id=break_id)
        )  # fmt: skip
    return found


def _query(sql: str, run: Run, **values: Any) -> list[tuple[Any, ...]]:
    with db.transaction_if_not_already(), connection.cursor() as cursor:
        for setting in BY_INDEX:
            cursor.execute(setting)
        cursor.execute(
            sql,
            {
                "sequence": run.import_sequence,
                "account": SOURCES[run.source].account,
                "open": Place.OPEN,
                **values,
            },
        )
        return list(cursor.fetchall())
