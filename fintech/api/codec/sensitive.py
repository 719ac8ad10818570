"""Card numbers where none belong: found, so that they are neither stored nor logged."""

import re

# Not inside a longer word or number; spaces and hyphens may stand between the digits.
_CANDIDATE = re.compile(r"(?<![0-9A-Za-z])(?:[0-9][ -]?){13,18}[0-9](?![0-9A-Za-z])")
# As many digits as the shortest has. Most texts do not hold them, which this says sooner.
_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){13}")
_LENGTHS_OF_PREFIX = (
    (("34", "37"), (15,)),
    (("36", "38", "39", "300", "301", "302", "303", "304", "305"), (14,)),
    (("4",), (16, 19)),
    (tuple(str(prefix) for prefix in (*range(51, 56), *range(222, 273))), (16,)),
    (("6011", "644", "645", "646", "647", "648", "649", "65"), (16, 19)),
    (("35", "62"), (16, 17, 18, 19)),
)


def holds_card_number(text: str) -> bool:
    """Whether a text holds something that is a card number by prefix, length and check digit."""
    if _DIGITS.search(text) is None:
        return False
    return any(_is_card(match[0]) for match in _CANDIDATE.finditer(text))


def _is_card(candidate: str) -> bool:
    digits = candidate.replace(" ", "").replace("-", "")
    fits = any(
        digits.startswith(prefixes) and len(digits) in lengths
        for prefixes, lengths in _LENGTHS_OF_PREFIX
    )
    return fits and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - sum of the two digits.
    return total % 10 == 0
