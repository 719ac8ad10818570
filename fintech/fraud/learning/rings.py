"""
Rings: accounts that collect money from several others in a pattern of their own.

No label is read. Of each account it is asked how often it moves money along the same
edge again, and how far its transfers lie below what accounts usually move; an isolation
forest says who stands apart in these.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from fintech.fraud.learning.windows import Numbers, Truths

_TREES = 100
_SEED = 7
_FALSE_ALARMS = 0.01


def read(folder: str | Path, name: str) -> tuple[pd.DataFrame, NDArray[Any], Truths]:
    """Read a graph of transfers: the transfers, the accounts, and who is in a ring."""
    transfers = pd.read_csv(Path(folder) / f"{name}_transactions.csv.xz")
    accounts = pd.read_csv(Path(folder) / f"{name}_nodes.csv.xz")
    return transfers, accounts["nodeid"].to_numpy(), accounts["isFraud"].to_numpy() == 1


def suspicion(transfers: pd.DataFrame, accounts: NDArray[Any]) -> Numbers:
    """Return how far each account stands apart; more is stranger."""
    source = transfers["sourceNodeId"].to_numpy()
    target = transfers["targetNodeId"].to_numpy()
    value = transfers["value"].to_numpy()
    again = transfers.groupby(["sourceNodeId", "targetNodeId"])["value"].transform("size")
    usual = np.log(np.median(value))
    below = np.clip(usual - np.log(np.maximum(value, 0.01)), 0, None)
    repeats = (again.to_numpy() - 1).astype(float)
    # What is said of an edge is said of both of its ends.
    edges = pd.DataFrame(
        {
            "account": np.concatenate([source, target]),
            "below": np.concatenate([below, below]),
            "again": np.concatenate([repeats, repeats]),
        }
    )
    known = edges.groupby("account").agg(below=("below", "max"), again=("again", "max"))
    table = known.reindex(accounts, fill_value=0).to_numpy(np.float64)
    forest = IsolationForest(
        n_estimators=_TREES, random_state=_SEED, max_samples=min(1024, len(table))
    ).fit(table)
    apart: Numbers = -forest.score_samples(table)
    return apart


def recall(apart: Numbers, ring: Truths) -> float:
    """Return the share of ring members above the lowest bar with 1 % false alarms."""
    others = np.sort(apart[~ring])[::-1]
    bar = others[int(len(others) * _FALSE_ALARMS)]
    return float((apart[ring] > bar).mean())
