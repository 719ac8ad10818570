"""Train on some days of a file and score others, as it would have gone at the time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fintech.fraud.learning import forests, handbook
from fintech.fraud.learning.handbook import DAY, Transactions
from fintech.fraud.learning.measures import Period
from fintech.fraud.learning.windows import Numbers, Places


@dataclass(frozen=True, slots=True)
class Known:
    """A history with what was known at each of its rows."""

    rows: Transactions
    delay: int
    names: tuple[str, ...]
    table: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scored:
    """The rows of a test in the order of the file, with their scores."""

    rows: Places
    scores: Numbers


def known(rows: Transactions, *, delay: int) -> Known:
    """Look at every row once."""
    names, table = handbook.features(rows, delay=delay)
    return Known(rows, delay, names, table)


def train(history: Known, *, days: Period, before: int) -> forests.Forest:
    """
    Train on the days' labels that were known at a moment.

    Args:
        history: rows and what was known of them.
        days: the training period.
        before: the second at which the forest is wanted; younger labels are not read.
    """
    rows = history.rows
    told = days.holds(rows.day) & ~np.isnan(rows.label) & (rows.seconds <= before - history.delay)
    chosen = np.flatnonzero(told)
    return forests.train(history.table[chosen], rows.fraud[chosen])


def score(history: Known, *, train_on: Period, test: Period) -> Scored:
    """Train for the first moment of a test, and score all of its rows."""
    forest = train(history, days=train_on, before=test.first * DAY)
    chosen = np.flatnonzero(test.holds(history.rows.day))
    if not len(chosen):
        return Scored(chosen, np.empty(0))
    return Scored(chosen, forest.probability(history.table[chosen]))
