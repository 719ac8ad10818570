"""The words of a column, as the back office offers them."""

from enum import StrEnum


def choices(words: type[StrEnum]) -> list[tuple[str, str]]:
    """Return words with what they are called."""
    return [(str(word), str(word).replace("_", " ")) for word in words]
