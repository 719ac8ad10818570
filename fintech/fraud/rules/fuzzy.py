"""How alike two texts are, for names that people write in many ways."""

import re
import unicodedata

LONGEST = 32  # Characters of each that are compared, so that a comparison is over soon.
_WORDS = re.compile(r"[^\W_]+")


def likeness(one: str, other: str) -> int:
    """
    Return how alike two texts are, from 0 to 100 percent.

    Case, accents, punctuation and the order of words do not matter: `Lovelace, ADA` is
    `ada lovelace`. The rest is how many letters would have to be changed (Levenshtein).
    """
    if one == other:
        return 100
    a, b = _plain(one), _plain(other)
    if a == b:
        return 100
    longest = max(len(a), len(b))
    return 100 * (longest - _changes(a, b)) // longest


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text[: 4 * LONGEST].casefold())
    bare = "".join(each for each in decomposed if not unicodedata.combining(each))
    return " ".join(sorted(_WORDS.findall(bare)))[:LONGEST]


def _changes(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for n, letter in enumerate(a, 1):
        before, row[0] = row[0], n
        for m, other in enumerate(b, 1):
            before, row[m] = (
                row[m],
                min(row[m] + 1, row[m - 1] + 1, before + (letter != other)),
            )
    return row[-1]
