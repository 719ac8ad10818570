"""
What fits to what it names.

Leg 1 compares a processor's line with what the ledger expects under the same reference.
Leg 2 compares what a processor's batch adds up to with what the bank was paid. Where two
candidates fit, neither is taken: a wrong match hides two differences.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from uuid import UUID

from fintech.reconciliation.data import BreakKind, Place, Rule, Source

# What one minor unit of a currency is worth in those of another on a day, if that is known.
type Rate = Callable[[str, str, date], Fraction | None]
_BASIS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """A line that the ledger expects to see outside."""

    id: int
    currency: str
    amount_minor: int
    fee_minor: int
    break_id: UUID | None = None  # It was missed before.


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """A processor's line."""

    id: int
    file: UUID
    kind: str
    reference: str
    currency: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    batch: str
    status: str = ""  # Empty for what has happened; else "failed" or "pending".
    on: date | None = None
    original_currency: str = ""  # What the payer saw, if in another currency.
    original_minor: int | None = None
    break_id: UUID | None = None
    correctable: bool = False  # It is broken, and nothing was paid for it yet.

    def tells_the_same_as(self, other: "Theirs") -> bool:
        """Tell whether two files show one row (twice in one file it is paid twice)."""
        return self.file != other.file and (
            self.currency,
            self.gross_minor,
            self.fee_minor,
            self.batch,
            self.status,
        ) == (
            other.currency,
            other.gross_minor,
            other.fee_minor,
            other.batch,
            other.status,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A bank entry."""

    id: int
    file: UUID
    currency: str
    net_minor: int
    value_on: date | None
    reference: str = ""
    break_id: UUID | None = None

    def tells_the_same_as(self, other: "Paid") -> bool:
        """Tell whether two files show one entry (one statement may hold equal entries)."""
        return self.file != other.file and (self.currency, self.net_minor, self.value_on) == (
            other.currency,
            other.net_minor,
            other.value_on,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A difference; `amount_minor` is theirs less ours."""

    kind: BreakKind
    currency: str
    amount_minor: int
    ours_minor: int | None
    theirs_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Where a line ends, and with it perhaps an expectation and a line it replaces."""

    place: Place
    rule: Rule = Rule.NONE
    ours: Ours | None = None
    finding: Finding | None = None
    superseded: Theirs | None = None
    joined: tuple[Theirs, ...] = ()  # Earlier lines that belong to the same finding,
    also: tuple[Ours, ...] = ()  # and further expectations.


def judge_line(
    line: Theirs,
    *,
    expected: Sequence[Ours],
    earlier: Sequence[Theirs],
    contested: Sequence[Ours],
    source: Source,
    rate: Rate = lambda _from, _to, _on: None,
) -> Verdict:
    """
    Decide where a processor's line belongs.

    Args:
        line: the line.
        expected: what the ledger expects under its kind and reference, still unmatched.
        earlier: lines with its kind and reference that were placed before it.
        contested: expectations that stand in a break with one of `earlier`.
    """
    if any(line.tells_the_same_as(other) for other in earlier):
        return Verdict(place=Place.IGNORED, rule=Rule.ALREADY_REPORTED)
    if earlier:
        return (
            _corrects(line, earlier, contested, source, rate)
            or _completes(line, earlier, contested)
            or _unexpected(BreakKind.DUPLICATE, line)
        )
    if len(expected) > 1:
        return _gathers(line, expected) or _unexpected(BreakKind.MULTIPLE_CANDIDATES, line)
    if not expected:
        return _unexpected(BreakKind.MISSING_IN_LEDGER, line)
    compared = _compare(expected[0], line, source, rate)
    if isinstance(compared, Finding):
        return Verdict(place=Place.BROKEN, ours=expected[0], finding=compared)
    return Verdict(place=Place.MATCHED, rule=compared, ours=expected[0])


def _corrects(
    line: Theirs,
    earlier: Sequence[Theirs],
    contested: Sequence[Ours],
    source: Source,
    rate: Rate,
) -> Verdict | None:
    """Match a line that has right what an earlier one had wrong, before it was paid."""
    wrong = next((other for other in earlier if other.correctable), None)
    if wrong is None or len(contested) != 1:
        return None
    compared = _compare(contested[0], line, source, rate)
    if isinstance(compared, Finding):
        return None
    return Verdict(place=Place.MATCHED, rule=compared, ours=contested[0], superseded=wrong)


def _completes(
    line: Theirs, earlier: Sequence[Theirs], contested: Sequence[Ours]
) -> Verdict | None:
    """Tell that a line and those before it are together what we expect once."""
    parts = [other for other in earlier if other.correctable]
    if len(contested) != 1 or len(parts) != len(earlier):
        return None
    (ours,) = contested
    same = all((part.currency, part.status) == (ours.currency, "") for part in (*parts, line))
    total = line.gross_minor + sum(part.gross_minor for part in parts)
    if not same or total != ours.amount_minor or (line.gross_minor > 0) != (total > 0):
        return None
    finding = Finding(
        kind=BreakKind.SPLIT,
        currency=ours.currency,
        amount_minor=0,
        ours_minor=total,
        theirs_minor=total,
    )
    return Verdict(place=Place.BROKEN, ours=ours, finding=finding, joined=tuple(parts))


def _gathers(line: Theirs, expected: Sequence[Ours]) -> Verdict | None:
    """Tell that a line is together what we expect as several."""
    total = sum(ours.amount_minor for ours in expected)
    if line.status or total != line.gross_minor:
        return None
    if any(ours.currency != line.currency for ours in expected):
        return None
    finding = Finding(
        kind=BreakKind.SPLIT,
        currency=line.currency,
        amount_minor=0,
        ours_minor=total,
        theirs_minor=total,
    )
    first, *others = expected
    return Verdict(place=Place.BROKEN, ours=first, finding=finding, also=tuple(others))


def _unexpected(kind: BreakKind, line: Theirs) -> Verdict:
    finding = theirs_only(kind, line.currency, line.gross_minor)
    return Verdict(place=Place.BROKEN, finding=finding)


def _compare(ours: Ours, theirs: Theirs, source: Source, rate: Rate) -> Rule | Finding:
    if theirs.status:
        return Finding(
            kind=BreakKind.STATUS,
            currency=theirs.currency,
            amount_minor=-ours.amount_minor,
            ours_minor=ours.amount_minor,
            theirs_minor=theirs.gross_minor,
        )
    if ours.currency != theirs.currency:
        return _changed(ours, theirs, source, rate)
    if ours.amount_minor != theirs.gross_minor:
        return difference(ours.currency, ours.amount_minor, theirs.gross_minor)
    if abs(ours.fee_minor - theirs.fee_minor) > source.fee.minor:
        return Finding(
            kind=BreakKind.FEE_VARIANCE,
            currency=ours.currency,
            amount_minor=ours.fee_minor - theirs.fee_minor,
            ours_minor=-ours.fee_minor,
            theirs_minor=-theirs.fee_minor,
        )
    if ours.fee_minor != theirs.fee_minor:
        return Rule.FEE_WITHIN_TOLERANCE
    return Rule.EXACT_REFERENCE


def _changed(ours: Ours, theirs: Theirs, source: Source, rate: Rate) -> Rule | Finding:
    """Compare what is paid in another currency with what our own rate makes of it."""
    known = None
    if (theirs.original_currency, theirs.original_minor) == (ours.currency, ours.amount_minor):
        known = None if theirs.on is None else rate(ours.currency, theirs.currency, theirs.on)
    kind = BreakKind.CURRENCY if known is None else BreakKind.FX_VARIANCE
    amount = theirs.gross_minor
    if known is not None:
        made = ours.amount_minor * known
        amount = theirs.gross_minor - round(made)
        if abs(theirs.gross_minor - made) * _BASIS <= abs(made) * source.fx_basis_points + _BASIS:
            return Rule.FX_AT_STORED_RATE
    return Finding(
        kind=kind,
        currency=theirs.currency,
        amount_minor=amount,
        ours_minor=ours.amount_minor,
        theirs_minor=theirs.gross_minor,
    )


def judge_batch(
    *, net_minor: int, currency: str, candidates: Sequence[Paid]
) -> Finding | Paid | None:
    """
    Decide which bank entry paid a batch.

    Returns the entry, or what is wrong, or None while there is none to choose.
    """
    if not candidates:
        return None
    paid = sum(candidate.net_minor for candidate in candidates)
    if len(candidates) > 1:
        alone = any(candidate.net_minor == net_minor for candidate in candidates)
        return Finding(
            kind=BreakKind.SPLIT
            if paid == net_minor and not alone
            else BreakKind.MULTIPLE_CANDIDATES,
            currency=currency,
            amount_minor=paid - net_minor,
            ours_minor=net_minor,
            theirs_minor=paid,
        )
    return candidates[0] if paid == net_minor else difference(currency, net_minor, paid)


def distinct(entries: Sequence[Paid]) -> tuple[list[Paid], list[Paid]]:
    """Part entries into those that stand for themselves and those that repeat an earlier one."""
    kept: list[Paid] = []
    repeated: list[Paid] = []
    for entry in entries:
        again = any(entry.tells_the_same_as(other) for other in kept)
        (repeated if again else kept).append(entry)
    return kept, repeated


def difference(currency: str, ours_minor: int, theirs_minor: int) -> Finding:
    """Name how two amounts that should be equal differ."""
    by = theirs_minor - ours_minor
    kind = BreakKind.AMOUNT_OVER if by > 0 else BreakKind.AMOUNT_UNDER
    if (ours_minor > 0) != (theirs_minor > 0):
        kind = BreakKind.DIRECTION
    return Finding(
        kind=kind,
        currency=currency,
        amount_minor=by,
        ours_minor=ours_minor,
        theirs_minor=theirs_minor,
    )


def ours_only(kind: BreakKind, currency: str, minor: int) -> Finding:
    """Name what we expected and nobody has shown."""
    return Finding(
        kind=kind, currency=currency, amount_minor=-minor, ours_minor=minor, theirs_minor=None
    )


def theirs_only(kind: BreakKind, currency: str, minor: int) -> Finding:
    """Name what was shown and we did not expect."""
    return Finding(
        kind=kind, currency=currency, amount_minor=minor, ours_minor=None, theirs_minor=minor
    )
