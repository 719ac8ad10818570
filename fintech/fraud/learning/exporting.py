"""A trained forest as bytes: for treelite, for its paths, and for skops."""

import io
from typing import Any

import numpy as np
import skops.io
import treelite
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest, RandomForestClassifier

from fintech.fraud.learning.windows import Numbers

# All that a forest is made of beyond what skops trusts by itself. Never `trusted=True`.
TRUSTED = ("sklearn.tree._tree.Tree",)


def trees(forest: RandomForestClassifier | IsolationForest) -> bytes:
    """Return what treelite reads."""
    made: bytes = treelite.sklearn.import_model(forest).serialize_bytes()
    return made


def paths(forest: RandomForestClassifier) -> bytes:
    """Return the nodes of every tree in plain arrays."""
    parts = [each.tree_ for each in forest.estimators_]
    shares = [part.value[:, 0, 1] / part.value[:, 0, :].sum(axis=1) for part in parts]
    kept = io.BytesIO()
    np.savez_compressed(
        kept,
        sizes=np.array([part.node_count for part in parts]),
        feature=np.concatenate([part.feature for part in parts]),
        threshold=np.concatenate([part.threshold for part in parts]),
        left=np.concatenate([part.children_left for part in parts]),
        right=np.concatenate([part.children_right for part in parts]),
        share=np.concatenate(shares),
    )
    return kept.getvalue()


def kept(forest: RandomForestClassifier) -> bytes:
    """Return what skops writes."""
    made: bytes = skops.io.dumps(forest)
    return made


def restored(content: bytes) -> RandomForestClassifier:
    """
    Return a forest that skops has written, if it is made of nothing else.

    Raises:
        ValueError: it holds types that a forest does not.
    """
    strange = set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED)
    if strange:
        raise ValueError(f"A forest holds no {', '.join(sorted(strange))}.")
    return skops.io.loads(content, trusted=list(TRUSTED))


def apart(content: bytes, rows: NDArray[Any]) -> Numbers:
    """Return how far rows stand apart, as treelite says it of an isolation forest."""
    said = treelite.gtil.predict(treelite.Model.deserialize_bytes(content), rows, nthread=1)
    far: Numbers = said.reshape(len(rows), -1)[:, -1]
    return far
