"""How far two samples of a model's probabilities lie apart: PSI over fixed bands."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import log

_BANDS = (0.01, 0.03, 0.1, 0.3, 0.6)  # Fixed, as a model's answers have many ties.
DRIFTED = 0.25  # PSI from which on two times are not alike.


def spread(probabilities: Iterable[float]) -> list[int]:
    """Return how many probabilities lie in each band."""
    counts = [0] * (len(_BANDS) + 1)
    for probability in probabilities:
        counts[bisect_left(_BANDS, probability)] += 1
    return counts


def psi(was: Sequence[int], now: Sequence[int]) -> float:
    """
    Return the population stability index of two spreads: 0 is alike, over 0.25 another world.

    Each share is drawn in a little, so that an empty band is not infinitely far.
    """
    before, after = (
        [(count + 0.5) / (sum(counts) + 0.5 * len(counts)) for count in counts]
        for counts in (was, now)
    )
    return sum((b - a) * log(b / a) for a, b in zip(before, after, strict=True))
