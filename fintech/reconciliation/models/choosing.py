"""How columns that hold one word of several are made."""

from enum import StrEnum


def choices(words: type[StrEnum]) -> list[tuple[str, str]]:
    """Return a column's words as Django wants them."""
    return [(word.value, word.value.replace("_", " ")) for word in words if word.value]
