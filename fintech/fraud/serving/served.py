"""
A model that answers.

Its share of fraud becomes a probability by the calibration, the probability a margin
(log odds), the margin points: 50 at even odds, 12 for each step of the margin, never
below 0 or above 100. The lines of the points are the model's base, what the strongest
features added to the share along the trees' paths (a point for each hundredth), and one
line for the rest, so that they sum to the points exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any
from uuid import UUID

from fintech.fraud.data import Features, Reason
from fintech.fraud.serving import files
from fintech.fraud.serving.files import Files
from fintech.fraud.serving.vectors import NAMES, vector

_EVEN = 50
_STEP = 12
_SHOWN = 5  # lines of single features; the rest is one line
_MOST = 100


@dataclass(frozen=True, slots=True)
class Served:
    """A model in memory."""

    id: UUID
    number: int
    schema: str
    slope: float
    offset: float
    trees: Any
    paths: list[tuple[list[int], list[float], list[int], list[int], list[float]]]
    stranger: Any
    strange_from: float

    def lines(self, known: Features) -> list[Reason]:
        """Return the lines of one snapshot: those that sum to its points, then the opinion."""
        row = self._rows([known])
        return [*self._reasons(row[0].tolist(), self._said(row)[0]), *self._opinion(row)]

    def opinion(self, known: Features) -> list[Reason]:
        """Return a line without points for a payment unlike all others; no label knows it yet."""
        return self._opinion(self._rows([known]))

    def shares(self, known: Sequence[Features]) -> list[float]:
        """Return what the trees say of snapshots; of many at once it says what it says of one."""
        return self._said(self._rows(known))

    def _rows(self, known: Sequence[Features]) -> Any:
        import numpy as np

        return np.array([vector(each, self.schema) for each in known], dtype=np.float32)

    def _said(self, rows: Any) -> list[float]:
        import treelite

        said = treelite.gtil.predict(self.trees, rows, nthread=1)
        return [float(value) for value in said.reshape(len(rows), -1)[:, -1]]

    def _opinion(self, row: Any) -> list[Reason]:
        import treelite

        apart = float(treelite.gtil.predict(self.stranger, row, nthread=1).reshape(-1)[-1])
        if apart <= self.strange_from:
            return []
        return [Reason("strange", 0, (("model", self.number),))]

    def probability(self, share: float) -> float:
        """Return the calibrated probability of fraud."""
        return 1 / (1 + exp(-self.margin(share)))

    def margin(self, share: float) -> float:
        """Return calibrated log odds."""
        drawn = (share * 1000 + 0.5) / 1001
        return self.slope * log(drawn / (1 - drawn)) + self.offset

    def points(self, share: float) -> int:
        """Return the points of a share."""
        return points(self.margin(share))

    def _reasons(self, row: list[float], share: float) -> list[Reason]:
        """Return the lines that sum to the points of a row, as coarse as the trees were asked."""
        base, added = self._along_the_paths(row)
        total = self.points(share)
        begin = self.points(base)
        told = sorted(added.items(), key=lambda each: (-abs(each[1]), each[0]))[:_SHOWN]
        names = NAMES[self.schema]
        lines = [Reason("model_base", begin, (("model", self.number),))]
        lines += [
            Reason("model", weight, (("feature", names[feature]), ("model", self.number)))
            for feature, value in told
            if (weight := round(_MOST * value))
        ]
        rest = total - sum(line.weight for line in lines)
        if rest:
            lines.append(Reason("model_rest", rest, (("model", self.number),)))
        return lines

    def _along_the_paths(self, row: list[float]) -> tuple[float, dict[int, float]]:
        """Walk every tree; a step from a node to its child is what the node's feature added."""
        base, added = 0.0, dict[int, float]()
        for feature, threshold, left, right, share in self.paths:
            node = 0
            base += share[0]
            while (below := left[node]) >= 0:
                asked = feature[node]
                child = below if row[asked] <= threshold[node] else right[node]
                added[asked] = added.get(asked, 0.0) + share[child] - share[node]
                node = child
        return base / len(self.paths), added


def points(margin: float) -> int:
    """Return the points of a margin."""
    return max(0, min(_MOST, round(_EVEN + _STEP * margin)))


def load(model_id: UUID, number: int, schema: str, kept: Files) -> Served:
    """
    Read a model into memory.

    Raises:
        ModelUnusable: a file is missing or is not what it was.
    """
    return Served(
        model_id,
        number,
        schema,
        kept.slope,
        kept.offset,
        files.trees(kept.trees),
        files.paths(kept.paths),
        files.trees(kept.strange),
        kept.strange_from,
    )
