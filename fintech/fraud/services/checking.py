"""Words and texts as callers give them."""

from enum import StrEnum

from fintech.fraud import errors


def word[Word: StrEnum](words: type[Word], text: str, param: str) -> Word:
    """Return a text as one of our words, or refuse it."""
    try:
        return words(text)
    except ValueError:
        known = ", ".join(str(word) for word in words)
        raise errors.ParameterInvalid(param, f"This is one of {known}.") from None


def fit(text: str, most: int, param: str) -> str:
    """Refuse a text that its column cannot hold."""
    if len(text) > most:
        raise errors.ParameterInvalid(param, f"This must be at most {most} characters.")
    return text
