"""Words as choices of a column."""

from enum import StrEnum


def choices(words: type[StrEnum]) -> list[tuple[str, str]]:
    """Return an enum as Django's choices."""
    return [(str(word), str(word).replace("_", " ")) for word in words]
