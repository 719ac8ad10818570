"""The files of a model: its trees as treelite reads them, and their paths."""

import io
from dataclasses import dataclass
from typing import Any

from fintech.kernel import objects
from fintech.kernel.errors import Refusal


class ModelUnusable(Exception):
    """A model's file is missing, corrupt, or none of ours; the payment goes on without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """A model's files by hash, and how its answer becomes a probability."""

    trees: str
    paths: str
    slope: float
    offset: float
    strange: str  # The second opinion: an isolation forest,
    strange_from: float  # and from where on somebody stands apart.


def trees(name: str) -> Any:
    """
    Return a model that treelite can ask.

    Raises:
        ModelUnusable: the file is missing or is not what it was.
    """
    import treelite

    content = _content(name)
    try:
        return treelite.Model.deserialize_bytes(content)
    except Exception as unreadable:
        raise ModelUnusable(f"{name[:12]} is no forest.") from unreadable


def paths(name: str) -> list[tuple[list[int], list[float], list[int], list[int], list[float]]]:
    """
    Return each tree as lists: feature, threshold, left, right, share of fraud at each node.

    Raises:
        ModelUnusable: the file is missing or is not what it was.
    """
    import numpy as np

    try:
        with np.load(io.BytesIO(_content(name)), allow_pickle=False) as kept:
            sizes = np.cumsum(kept["sizes"])[:-1]
            columns = [
                [part.tolist() for part in np.split(kept[column], sizes)]
                for column in ("feature", "threshold", "left", "right", "share")
            ]
    except (ValueError, KeyError, OSError) as unreadable:
        raise ModelUnusable(f"{name[:12]} holds no paths.") from unreadable
    return list(zip(*columns, strict=True))


def _content(name: str) -> bytes:
    try:
        return objects.get(name)
    except Refusal as missing:
        raise ModelUnusable(str(missing)) from missing
