"""
The builder: a condition as rows of a form, and back.

    amount > 3 * customer_mean and not card_seen or card_country in ["KP", "IR"]

is three rows. What needs brackets, arithmetic or a function that has no row is written as
text only. Both ways lose nothing: rows become words, and the same words become the same rows.
"""

import re
from collections.abc import Sequence

from fintech.fraud.data import Clause
from fintech.fraud.errors import ParameterInvalid
from fintech.fraud.rules.language import NAMES, Token, Type, read, tokens

MOST_ROWS = 20
LISTED = "listed"  # Not a feature but what stands on lists; its value is such as card:block.
OPERATORS: dict[Type, tuple[str, ...]] = {
    Type.NUMBER: ("<", "<=", ">", ">=", "==", "!="),
    Type.TEXT: ("==", "!=", "in", "starts_with"),
    Type.TRUTH: ("is", "is_not"),
}
_TIMES = re.compile(r"(?P<factor>\d{1,15}) \* (?P<name>[a-z][a-z0-9_]*)")
_DIGITS = re.compile(r"-?\d{1,15}")


def type_of(feature: str) -> Type | None:
    """Return what a row's feature is; nothing if there is none such."""
    if feature == LISTED:
        return Type.TRUTH
    return NAMES[feature][1] if feature in NAMES else None


def text_of(clauses: Sequence[Clause]) -> str:
    """
    Return rows as a text.

    Raises:
        ParameterInvalid: a row does not fit; it is named by its number from one.
        RuleUnreadable: all rows together are too much.
    """
    if not 1 <= len(clauses) <= MOST_ROWS:
        raise ParameterInvalid("clauses", f"A rule has from 1 to {MOST_ROWS} rows.")
    words: list[str] = []
    for number, clause in enumerate(clauses, 1):
        if number > 1:
            if clause.join not in {"and", "or"}:
                raise _unfit(number, "Rows are joined by and, or by or.")
            words.append(clause.join)
        words.append(_written(number, clause))
    text = " ".join(words)
    read(text)
    return text


def built(text: str) -> tuple[Clause, ...] | None:
    """
    Return a text's rows; None where it can only be written as text.

    Raises:
        RuleUnreadable: the text is no condition.
    """
    read(text)
    rest = tokens(text)[:-1]
    clauses: list[Clause] = []
    join = "and"
    while rest:
        found = _row(rest)
        if found is None:
            return None
        (feature, operator, value), taken = found
        clauses.append(Clause(join=join, feature=feature, operator=operator, value=value))
        rest = rest[taken:]
        if not rest:
            break
        join, rest = rest[0].word, rest[1:]
        if join not in {"and", "or"}:
            return None
    return tuple(clauses) if len(clauses) <= MOST_ROWS else None


def _unfit(number: int, message: str) -> ParameterInvalid:
    return ParameterInvalid("clauses", f"Row {number}: {message}")


def _written(number: int, clause: Clause) -> str:
    type_ = type_of(clause.feature)
    if type_ is None:
        raise _unfit(number, f"There is no {clause.feature[:40]}.")
    if clause.operator not in OPERATORS[type_]:
        raise _unfit(number, f"{clause.feature} is {type_}; {clause.operator[:20]} does not fit.")
    if type_ is Type.TRUTH:
        bare = clause.feature
        if clause.feature == LISTED:
            bare = f"{LISTED}({_quoted(number, clause.value)})"
        elif clause.value:
            raise _unfit(number, "Yes or no needs no value.")
        return bare if clause.operator == "is" else f"not {bare}"
    if type_ is Type.NUMBER:
        return f"{clause.feature} {clause.operator} {_number(number, clause.value)}"
    if clause.operator == "starts_with":
        return f"starts_with({clause.feature}, {_quoted(number, clause.value)})"
    if clause.operator == "in":
        parts = [part.strip() for part in clause.value.split(",")]
        if not all(parts):
            raise _unfit(number, "A list has values with commas between.")
        return f"{clause.feature} in [{', '.join(_quoted(number, part) for part in parts)}]"
    return f"{clause.feature} {clause.operator} {_quoted(number, clause.value)}"


def _number(number: int, value: str) -> str:
    times = _TIMES.fullmatch(value)
    name = times["name"] if times else value
    if _DIGITS.fullmatch(value) or (name in NAMES and NAMES[name][1] is Type.NUMBER):
        return value
    raise _unfit(number, "A number is compared with 500, customer_mean or 3 * customer_mean.")


def _quoted(number: int, value: str) -> str:
    if '"' in value or "\n" in value or value != value.strip():
        raise _unfit(number, "A text has neither quotes nor spaces around it.")
    return f'"{value}"'


_Found = tuple[tuple[str, str, str], int]
_NOTHING = Token("end", "", 0)


def _row(left: Sequence[Token]) -> _Found | None:
    """Return the row with which tokens begin, and how many of them it takes."""
    rest = [*left, *[_NOTHING] * 7]  # Whoever looks ahead finds nothing, not the end of a list.
    denied = rest[0].word == "not"
    if denied:
        rest = rest[1:]
    first, yes_or_no = rest[0].word, "is_not" if denied else "is"
    found: _Found | None = None
    if first == LISTED:
        if rest[2].kind == "text" and rest[3].word == ")":
            found = (LISTED, yes_or_no, rest[2].word[1:-1]), 4 + denied
    elif type_of(first) is Type.TRUTH:
        if rest[1].word in {"and", "or", ""}:
            found = (first, yes_or_no, ""), 1 + denied
    elif not denied and first == "starts_with":
        if type_of(rest[2].word) is Type.TEXT and rest[4].kind == "text" and rest[5].word == ")":
            found = (rest[2].word, first, rest[4].word[1:-1]), 6
    elif not denied and first in NAMES:
        found = _comparison(rest)
    return found if found is not None and _fits(found[0]) else None


def _comparison(rest: Sequence[Token]) -> _Found | None:
    feature, operator, right = rest[0].word, rest[1].word, rest[2]
    if operator == "in":
        return _within(rest) if right.word == "[" else None
    if right.kind == "text":
        return (feature, operator, right.word[1:-1]), 3
    if NAMES[feature][1] is not Type.NUMBER:
        return None
    if right.word == "-" and rest[3].kind == "number":
        return (feature, operator, f"-{rest[3].word}"), 4
    if right.kind == "number" and rest[3].word == "*":
        return (feature, operator, f"{right.word} * {rest[4].word}"), 5
    return ((feature, operator, right.word), 3) if right.kind in {"number", "name"} else None


def _within(rest: Sequence[Token]) -> _Found | None:
    end = next(n for n, token in enumerate(rest) if token.word == "]")
    texts = [token.word[1:-1] for token in rest[3:end] if token.kind == "text"]
    if any("," in text or not text or text != text.strip() for text in texts):
        return None
    return (rest[0].word, "in", ", ".join(texts)), end + 1


def _fits(row: tuple[str, str, str]) -> bool:
    """Whether the row could be typed as such: what cannot stays text."""
    feature, operator, value = row
    try:
        _written(1, Clause(join="and", feature=feature, operator=operator, value=value))
    except ParameterInvalid:
        return False
    return True
