"""
What fits although nobody named it: by amount and day, within a tolerance, or as a sum.

Each rule takes a candidate only if it is the only one in both directions. What is merely
likely is ranked for a person and never taken.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher

from fintech.reconciliation.data import Rule, Tolerance

SUBSET_CANDIDATES_MAX = 24  # More are not tried: too many sums would fit by chance.
SUBSET_SIZE_MAX = 8
_STEPS_MAX = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What we wait for: a batch that was paid, an expectation."""

    id: Hashable
    currency: str
    minor: int
    on: date | None
    kind: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What came and names nothing that we know."""

    id: Hashable
    currency: str
    minor: int
    on: date | None
    kind: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A candidate, what it answers, and by which rule."""

    candidate: Candidate
    wanted: tuple[Wanted, ...]
    rule: Rule


def fits(
    wanted: Sequence[Wanted], candidates: Sequence[Candidate], tolerance: Tolerance
) -> list[Fit]:
    """
    Find what fits alone: first the exact amount near its day, then within the tolerance.

    Two candidates for one, or two that one could answer, are left to people.
    """
    found: list[Fit] = []
    exact = _alone(wanted, candidates, days=tolerance.days, minor=0)
    found += [Fit(candidate=c, wanted=(w,), rule=Rule.UNIQUE_AMOUNT_DATE) for w, c in exact]
    if tolerance.minor:
        # Whoever has an exact counterpart, even more than one, is not offered to others.
        taken = {w.id for w, _ in exact}
        used = {c.id for _, c in exact}
        near = _alone(
            [w for w in wanted if w.id not in taken],
            [c for c in candidates if c.id not in used],
            days=tolerance.days,
            minor=tolerance.minor,
        )
        found += [Fit(candidate=c, wanted=(w,), rule=Rule.WITHIN_TOLERANCE) for w, c in near]
    return found


def _alone(
    wanted: Sequence[Wanted], candidates: Sequence[Candidate], *, days: int, minor: int
) -> list[tuple[Wanted, Candidate]]:
    """Pairs in which each side has exactly one partner. Amounts are looked up, not compared."""
    by_amount: defaultdict[tuple[str, str, int], list[Wanted]] = defaultdict(list)
    for one in wanted:
        by_amount[one.kind, one.currency, one.minor].append(one)
    partners: defaultdict[Hashable, list[Candidate]] = defaultdict(list)
    offers: list[tuple[Candidate, list[Wanted]]] = []
    for candidate in candidates:
        near = [
            one
            for off in range(-minor, minor + 1)
            for one in by_amount.get(
                (candidate.kind, candidate.currency, candidate.minor + off), ()
            )
            if _near(one.on, candidate.on, days)
        ]
        offers.append((candidate, near))
        for one in near:
            partners[one.id].append(candidate)
    return [
        (near[0], candidate)
        for candidate, near in offers
        if len(near) == 1 and len(partners[near[0].id]) == 1
    ]


def _near(ours: date | None, theirs: date | None, days: int) -> bool:
    return ours is not None and theirs is not None and abs((theirs - ours).days) <= days


def subset(
    wanted: Sequence[Wanted], candidate: Candidate, tolerance: Tolerance
) -> tuple[Wanted, ...] | None:
    """
    Find the only two or more that together make what came; None if none or several do.

    The search is bounded: by how many are looked at, how many may be in a sum, and steps.
    """
    near = [
        one
        for one in wanted
        if one.currency == candidate.currency and _near(one.on, candidate.on, tolerance.days)
    ]
    if not 1 < len(near) <= SUBSET_CANDIDATES_MAX:
        return None
    near.sort(key=lambda one: -abs(one.minor))
    # What the rest could still add in either direction cuts branches that can't arrive.
    most = [0] * (len(near) + 1)
    least = [0] * (len(near) + 1)
    for at in range(len(near) - 1, -1, -1):
        most[at] = most[at + 1] + max(near[at].minor, 0)
        least[at] = least[at + 1] + min(near[at].minor, 0)
    found: list[tuple[Wanted, ...]] = []
    stack: list[tuple[int, int, tuple[Wanted, ...]]] = [(0, candidate.minor, ())]
    for _ in range(_STEPS_MAX):
        if not stack:
            return found[0] if len(found) == 1 else None
        at, left, taken = stack.pop()
        if left == 0 and len(taken) > 1:
            found.append(taken)
            if len(found) > 1:
                return None
            continue
        if at == len(near) or len(taken) == SUBSET_SIZE_MAX or not least[at] <= left <= most[at]:
            continue
        stack.append((at + 1, left, taken))
        stack.append((at + 1, left - near[at].minor, (*taken, near[at])))
    return None


def ranked(
    one: Candidate | Wanted, others: Iterable[Candidate | Wanted], *, days: int = 10
) -> list[tuple[int, Candidate | Wanted]]:
    """Rank what might belong together, best first, as points of a hundred, for a person."""
    scored = [(_points(one, other, days), other) for other in others]
    return sorted(
        ((points, other) for points, other in scored if points > 0),
        key=lambda pair: (-pair[0], str(pair[1].id)),
    )


def _points(one: Candidate | Wanted, other: Candidate | Wanted, days: int) -> int:
    if one.currency != other.currency or (one.minor > 0) != (other.minor > 0):
        return 0
    largest = max(abs(one.minor), abs(other.minor), 1)
    off = abs(one.minor - other.minor) / largest
    amount = max(0.0, 1 - off * 10) * 55
    apart = days if one.on is None or other.on is None else abs((one.on - other.on).days)
    near = max(0.0, 1 - apart / days) * 20
    alike = 0.0
    if one.reference and other.reference:
        alike = SequenceMatcher(None, one.reference, other.reference).ratio() * 25
    return round(amount + near + alike) if amount else 0
