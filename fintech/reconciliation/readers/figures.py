"""
Amounts and dates as people and spreadsheets write them.

`1,533.50`, `1.533,50`, `1 533,50`, `(33.50)`, `50.00-`: which sign parts the decimals is told
from a whole column, because a single `1,234` does not say. Likewise `01/04/20` is read by
what the rest of its column shows to be the day.
"""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from fintech.reconciliation.readers.staging import AMOUNT_LENGTH_MAX, clean

type Mark = Literal[".", ","]

_SPACES = re.compile(r"[\s'’\u00a0\u2009\u202f]")
_SYMBOLS = re.compile(r"^(?:[A-Z]{3}|[€$£¥₹])|(?:[A-Z]{3}|[€$£¥₹])$")
_GROUPED = {
    ".": re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d*)?"),
    ",": re.compile(r"\d{1,3}(?:\.\d{2,3})*\.\d{3}(?:,\d*)?"),
}
_PLAIN = {
    ".": re.compile(r"\d+(?:\.\d*)?|\.\d+"),
    ",": re.compile(r"\d+(?:,\d*)?|,\d+"),
}
_GROUP = 3  # Digits between two marks that group.


class Order(StrEnum):
    """In which order a column writes year, month and day where it writes only digits."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


def amount(text: str, mark: Mark = ".") -> Decimal:
    """
    Read an amount exactly.

    Args:
        mark: what parts the decimals in this column, see `decimal_mark`.

    Raises:
        ValueError: it is not a number.
    """
    plain, negative = _unsigned(text)
    if len(plain) <= AMOUNT_LENGTH_MAX and plain.isascii():
        other: Mark = "," if mark == "." else "."
        if _PLAIN[mark].fullmatch(plain):
            return _signed(plain.replace(mark, "."), negative=negative)
        if _GROUPED[mark].fullmatch(plain):
            return _signed(plain.replace(other, "").replace(mark, "."), negative=negative)
        if _PLAIN[other].fullmatch(plain):  # A lone mark that can't group: it parts decimals.
            return _signed(plain.replace(other, "."), negative=negative)
    message = f"{clean(text, 60)!r} is not an amount"
    raise ValueError(message)


def decimal_mark(samples: Iterable[str], *, default: Mark) -> Mark:
    """Tell what parts the decimals in a column; `default` where nothing in it shows."""
    votes = {".": 0, ",": 0}
    for sample in samples:
        plain, _ = _unsigned(sample)
        last = max(plain.rfind("."), plain.rfind(","))
        if last < 0:
            continue
        shown, other = plain[last], "," if plain[last] == "." else "."
        if other in plain:
            votes[shown] += 1
        elif plain.count(shown) > 1:
            votes[other] += 1
        elif len(plain) - last - 1 != _GROUP or last > _GROUP or plain.startswith("0"):
            votes[shown] += 1
    if votes["."] == votes[","]:
        return default
    return "." if votes["."] > votes[","] else ","


def _unsigned(text: str) -> tuple[str, bool]:
    plain = _SPACES.sub("", text[: AMOUNT_LENGTH_MAX * 2]).replace("\u2212", "-")
    plain = _SYMBOLS.sub("", plain)
    if plain.startswith("(") and plain.endswith(")"):
        return _SYMBOLS.sub("", plain[1:-1]), True
    negative = plain.startswith("-") or plain.endswith("-")
    plain = plain.removesuffix("-") if plain.endswith("-") else plain.removesuffix("+")
    return _SYMBOLS.sub("", plain[1:] if plain[:1] in {"-", "+"} else plain), negative


def _signed(digits: str, *, negative: bool) -> Decimal:
    value = Decimal(digits)
    return -value if negative else value


_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_DIGITS_ONLY = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{2,6}|T|$|\s)")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?!\d)")
_NAMED = re.compile(r"(\d{1,2})[-/. ]([A-Za-z]{3,9})\.?,?[-/. ](\d{4}|\d{2})(?!\d)")
_NAMED_FIRST = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})(?!\d)")
_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "jan janvier januar enero",
            "feb fev fevrier februar febrero",
            "mar mars maerz mrt marzo",
            "apr avr avril abril",
            "may mai mei mayo",
            "jun juin juni junio",
            "jul juil juillet juli julio",
            "aug aout agosto",
            "sep sept septembre septiembre",
            "oct okt octobre oktober octubre",
            "nov novembre noviembre",
            "dec dez decembre dezember diciembre",
        ),
        start=1,
    )
    for name in names.split()
}
_CENTURY = 100
_LAST_MONTH = 12


def day(text: str, order: Order = Order.DAY_FIRST) -> date:
    """
    Read the day a text begins with; a time behind it is not looked at.

    Raises:
        ValueError: it begins with no day of the calendar.
    """
    plain = text.strip().strip("\"'")[:40]
    if found := _YEAR_FIRST.match(plain) or _DIGITS_ONLY.match(plain):
        year, month, on = (int(part) for part in found.groups())
        return date(year, month, on)
    if found := _YEAR_LAST.match(plain):
        first, second, year = (int(part) for part in found.groups())
        if first > _LAST_MONTH or (order is Order.DAY_FIRST and second <= _LAST_MONTH):
            first, second = second, first
        return date(_full(year), first, second)
    if found := _NAMED.match(plain):
        return date(_full(int(found[3])), _month(found[2]), int(found[1]))
    if found := _NAMED_FIRST.match(plain):
        return date(int(found[3]), _month(found[1]), int(found[2]))
    message = f"{clean(text, 40)!r} is not a date"
    raise ValueError(message)


def day_order(samples: Iterable[str], *, default: Order) -> Order:
    """Tell whether a column writes the day or the month first; `default` where nothing shows."""
    for sample in samples:
        found = _YEAR_LAST.match(sample.strip())
        if found and int(found[1]) > _LAST_MONTH:
            return Order.DAY_FIRST
        if found and int(found[2]) > _LAST_MONTH:
            return Order.MONTH_FIRST
    return default


def _full(year: int) -> int:
    return year if year >= _CENTURY else 2000 + year


def _month(name: str) -> int:
    key = name.lower()
    found = _MONTHS.get(key) or _MONTHS.get(key[:3])
    if found is None:
        message = f"there is no month {clean(name, 20)!r}"
        raise ValueError(message)
    return found
