"""
What was known of somebody at each moment of a history, without a loop.

Rows are put in order per subject and time; sums run along them, and a window is the
difference of two places. Rows of the same second are in the order of the file. Nothing
here looks forward: a place never lies behind the row that asks.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Truths = NDArray[np.bool_]


class Timeline:
    """The rows of a history, each in the line of its subject (a card, a shop)."""

    def __init__(self, subject: NDArray[Any], seconds: Places) -> None:
        self.size = len(seconds)
        codes = np.unique(subject, return_inverse=True)[1].astype(np.int64)
        self._origin = int(seconds.min()) if self.size else 0
        self._span = (int(seconds.max()) - self._origin if self.size else 0) + 2
        self._line = codes * self._span
        self.order: Places = np.lexsort((seconds, codes)).astype(np.int64)
        self._keys = (self._line + (seconds - self._origin))[self.order]
        self.place = np.empty(self.size, np.int64)
        self.place[self.order] = np.arange(self.size)
        self.first: Places = np.searchsorted(self._keys, self._line, side="left").astype(np.int64)
        self.seconds = seconds[self.order]

    def until(self, moment: Places) -> Places:
        """Return how far each row's line had come at a moment (its rows at `moment` included)."""
        asked = np.clip(moment - self._origin, -1, self._span - 2)
        reached = np.searchsorted(self._keys, self._line + asked, side="right").astype(np.int64)
        return np.maximum(reached, self.first)

    def since(self, moment: Places) -> Places:
        """Return where the rows after a moment begin that came before each row itself."""
        return np.minimum(self.until(moment), self.place)

    def running(self, values: NDArray[Any]) -> Numbers:
        """Return sums along the lines; the sum of a window is a difference of two of them."""
        sums = np.zeros(self.size + 1)
        np.cumsum(values[self.order], out=sums[1:])
        return sums

    def next_true(self, marks: Truths) -> Places:
        """Return, for each place, the first marked place from there on; the size if none."""
        places = np.where(marks[self.order], np.arange(self.size), self.size)
        return np.append(np.minimum.accumulate(places[::-1])[::-1], self.size)

    def last_true(self, marks: Truths) -> Places:
        """Return, for each end of a window, the last marked place before it; -1 if none."""
        places = np.where(marks[self.order], np.arange(self.size), -1)
        return np.insert(np.maximum.accumulate(places), 0, -1)

    def at(self, place: Places) -> Places:
        """Return the seconds of places; any for those that are none."""
        if not self.size:
            return place
        return self.seconds[np.clip(place, 0, self.size - 1)]
