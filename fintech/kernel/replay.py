"""Replaying: what a log says against what a row says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A column of a row that its log does not explain."""

    row: str
    column: str
    stored: str
    folded: str
