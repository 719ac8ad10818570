"""
Lines that nobody expects under their own reference: by their other keys, or by amount and day.

A line that carries a reference of its own which we don't know is not matched by its amount:
equal amounts are common, and a wrong match hides two differences. It is told as missing, with
what might be meant ranked beside it.
"""

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import QuerySet

from fintech.reconciliation import matching
from fintech.reconciliation.data import SOURCES, Place, Rule, Witness
from fintech.reconciliation.matching import Candidate, Wanted
from fintech.reconciliation.models import Expectation, Line
from fintech.reconciliation.services.placing import Placing

LOOKED_AT_MAX = 50_000  # Lines; where more are left something else is wrong.


def place(placing: Placing) -> int:
    """Match what fits alone among the lines that are still open; tell how many."""
    run = placing.run
    rows = list(
        Line.objects.filter(
            source=run.source,
            witness=Witness.PROCESSOR,
            place=Place.OPEN,
            status="",
            file__sequence__lte=run.import_sequence,
        ).order_by("id")[: LOOKED_AT_MAX + 1]
    )
    if not rows or len(rows) > LOOKED_AT_MAX:
        return 0
    pairs = _by_other_keys(rows, placing)
    taken = {line.id for line, _, _ in pairs}
    pairs += _by_amount([row for row in rows if row.id not in taken], placing)
    for line, expectation, rule in pairs:
        placing.line(line.id, Place.MATCHED, rule, expectation=expectation.id)
        placing.expectation(expectation.id, Place.MATCHED, rule)
        placing.resolve(expectation.difference_id)
    return len(pairs)


type _Pair = tuple[Line, Expectation, Rule]


def _by_other_keys(rows: Sequence[Line], placing: Placing) -> list[_Pair]:
    """Composite key: another of its references, kind, currency, amount and fee all agree."""
    named: defaultdict[str, list[Line]] = defaultdict(list)
    for row in rows:
        for reference in dict.fromkeys(row.references):
            if reference:
                named[reference].append(row)
    known = [row.reference for row in rows if row.reference]
    expected = _waiting(placing).filter(reference__in=[*named])
    own = set(_waiting(placing).filter(reference__in=known).values_list("kind", "reference"))
    by_line: defaultdict[int, list[Expectation]] = defaultdict(list)
    by_expectation: defaultdict[int, list[Line]] = defaultdict(list)
    fee = SOURCES[placing.run.source].fee.minor
    for one in expected:
        for row in named[one.reference]:
            same = (row.kind, row.currency, row.gross_minor) == (
                one.kind,
                one.currency,
                one.amount_minor,
            )
            if same and abs(row.fee_minor - one.fee_minor) <= fee and (
                row.kind, row.reference
            ) not in own:  # fmt: skip
                by_line[row.id].append(one)
                by_expectation[one.id].append(row)
    lines = {row.id: row for row in rows}
    return [
        (lines[line_id], found[0], Rule.COMPOSITE_KEY)
        for line_id, found in by_line.items()
        if len(found) == 1 and len(by_expectation[found[0].id]) == 1
    ]


def _by_amount(rows: Sequence[Line], placing: Placing) -> list[_Pair]:
    """Lines without any reference, by amount and day."""
    unnamed = {row.id: row for row in rows if not row.reference and not any(row.references)}
    if not unnamed:
        return []
    tolerance = SOURCES[placing.run.source].unnamed
    near = {
        row.gross_minor + off
        for row in unnamed.values()
        for off in range(-tolerance.minor, tolerance.minor + 1)
    }
    expected = {one.id: one for one in _waiting(placing).filter(amount_minor__in=near)}
    found = matching.fits(
        [
            Wanted(
                id=one.id,
                currency=one.currency,
                minor=one.amount_minor,
                on=one.occurred_at.date(),
                kind=one.kind,
            )
            for one in expected.values()
        ],
        [
            Candidate(
                id=row.id,
                currency=row.currency,
                minor=row.gross_minor,
                on=row.booked_on or row.value_on,
                kind=row.kind,
            )
            for row in unnamed.values()
        ],
        tolerance,
    )
    pairs = []
    for fit in found:
        line, one = unnamed[int(str(fit.candidate.id))], expected[int(str(fit.wanted[0].id))]
        if abs(line.fee_minor - one.fee_minor) <= SOURCES[placing.run.source].fee.minor:
            pairs.append((line, one, fit.rule))
    return pairs


def _waiting(placing: Placing) -> QuerySet[Expectation]:
    return Expectation.objects.filter(
        provider=placing.run.source,
        place=Place.OPEN,
        position__lte=placing.run.journal_position,
    )
