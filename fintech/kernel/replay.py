"""Replaying: what a log says against what a row says."""

from collections.abc import Callable
from dataclasses import dataclass

type Progress = Callable[[int, int], None]  # How many of how many are done.


def quietly(done: int, of: int) -> None:
    """Say nothing of the progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A column of a row that its log does not explain."""

    row: str
    column: str
    stored: str
    folded: str
