"""
A forest of decision trees: trained, calibrated, asked.

One configuration for everything that is learned here. Good payments are many and alike,
so one in `_ONE_GOOD_IN` is kept, with that weight. What the forest says is calibrated on
trees that did not see the row (out of bag) by a logistic curve, which never changes an
order.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from fintech.fraud.learning.windows import Numbers, Truths

TREES = 100
_LEAF = 5
_ONE_GOOD_IN = 6
_SEED = 7


@dataclass(frozen=True, slots=True)
class Forest:
    """A trained forest and its calibration: logit of the probability = slope · logit + offset."""

    trees: RandomForestClassifier
    slope: float
    offset: float
    unseen: Numbers  # Probabilities of good payments by trees that did not see them.

    def probability(self, rows: NDArray[Any]) -> Numbers:
        """Return how probable fraud is for each row."""
        raw = self.trees.predict_proba(rows)[:, 1]
        return calibrated(raw, slope=self.slope, offset=self.offset)


def stranger(rows: NDArray[Any]) -> IsolationForest:
    """Train a second opinion for what no label knows yet: who stands apart from all others."""
    forest = IsolationForest(n_estimators=50, random_state=_SEED, max_samples=min(256, len(rows)))
    return forest.fit(rows)


class TooFewLabels(ValueError):
    """There is nothing to learn from: no fraud, or nothing else."""


def train(
    rows: NDArray[Any], fraud: Truths, *, stand_for: Numbers | None = None, jobs: int = 2
) -> Forest:
    """
    Train a forest. The same rows in the same order give the same forest.

    Args:
        rows: what was known.
        fraud: what it was.
        stand_for: how many like it each row stands for; None: itself only.
        jobs: how many threads.

    Raises:
        TooFewLabels: both kinds are needed.
    """
    chance = np.random.default_rng(_SEED)
    kept = fraud | (chance.random(len(fraud)) < 1 / _ONE_GOOD_IN)
    weights = np.where(fraud, 1.0, float(_ONE_GOOD_IN))[kept]
    if stand_for is not None:
        weights = weights * stand_for[kept]
    asked, answers = rows[kept], fraud[kept].astype(np.int64)
    if len(set(answers.tolist())) < 2:  # noqa: PLR2004
        raise TooFewLabels("A model needs both fraud and good payments to learn from.")
    trees = RandomForestClassifier(
        TREES, min_samples_leaf=_LEAF, n_jobs=jobs, random_state=_SEED, oob_score=True
    )
    trees.fit(asked, answers, sample_weight=weights)
    trees.n_jobs = 1
    unseen = np.nan_to_num(trees.oob_decision_function_[:, 1])
    # What is only needed while training is not kept with the model.
    del trees.oob_decision_function_
    curve = LogisticRegression(C=1e6).fit(logit(unseen)[:, None], answers, sample_weight=weights)
    slope, offset = float(curve.coef_[0, 0]), float(curve.intercept_[0])
    if slope <= 0:
        slope, offset = 1.0, 0.0
    good = calibrated(unseen[answers == 0], slope=slope, offset=offset)
    return Forest(trees, slope, offset, good)


def logit(share: Numbers) -> Numbers:
    """Return log odds, of shares drawn in a little so that none is infinite."""
    drawn = (share * 1000 + 0.5) / 1001
    return np.log(drawn / (1 - drawn))


def calibrated(share: Numbers, *, slope: float, offset: float) -> Numbers:
    """Return probabilities from what a forest says."""
    return 1 / (1 + np.exp(-(slope * logit(share) + offset)))
