"""What a list of payments is narrowed to, as addresses say it and as people type it."""

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict

from fintech.kernel import money
from fintech.web import formats, forms, pills
from fintech.web.data import Filters

TABS = (
    ("", "All", Filters()),
    ("captured", "Captured", Filters(states=("captured", "partially_captured"))),
    ("authorized", "To capture", Filters(states=("authorized",))),
    ("in_review", "In review", Filters(states=("in_review",))),
    ("declined", "Declined", Filters(declined=True)),
    ("refunded", "Refunded", Filters(refunded=True)),
    ("canceled", "Canceled", Filters(states=("canceled",))),
)
PERIODS = (("1", "Today"), ("7", "Last 7 days"), ("30", "Last 30 days"), ("90", "Last 90 days"))
_DAYS = {"1": 1, "7": 7, "30": 30, "90": 90}
_KEPT = ("state", "currency", "min", "max", "days", "day", "since", "until", "cols")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The filters of an address, a chip for each of them, and what could not be read."""

    filters: Filters
    chips: tuple[tuple[str, str], ...]
    problem: str


def read(asked: QueryDict, *, at: datetime) -> Told:
    """Read the filters of an address; what cannot be read is said and left out."""
    chosen = next((tab for name, _, tab in TABS if name == _said(asked, "state")), Filters())
    values: dict[str, Any] = {
        "states": chosen.states,
        "declined": chosen.declined,
        "refunded": chosen.refunded,
    }
    chips: list[tuple[str, str]] = []
    currency = _said(asked, "currency").upper()
    if currency and money.is_known(currency):
        values["currency"] = currency
        chips.append(("currency", currency))
    problem = _amounts(asked, currency if "currency" in values else "", values, chips)
    days = _DAYS.get(_said(asked, "days"))
    if days is not None:
        values["since"] = at.date() - timedelta(days=days - 1)
        chips.append(("days", "today" if days == 1 else f"last {days} days"))
    for name, words in (("since", "from"), ("until", "up to")):
        bound = _day(_said(asked, name))
        if bound is not None:
            values[name] = bound
            chips.append((name, f"{words} {_written(bound)}"))
    day = _day(_said(asked, "day"))
    if day is not None:
        values["since"] = values["until"] = day
        chips.append(("day", _written(day)))
    return Told(filters=Filters(**values), chips=tuple(chips), problem=problem)


def _amounts(
    asked: QueryDict, currency: str, values: dict[str, Any], chips: list[tuple[str, str]]
) -> str:
    """Read the bounds of the amount, and return what is wrong with them."""
    problem = ""
    for name, column, words in (("min", "least_minor", "from"), ("max", "most_minor", "up to")):
        if not _said(asked, name):
            continue
        if not currency:
            problem = "Choose a currency to filter by amount."
            continue
        try:
            value = forms.money_of(_said(asked, name), currency)
        except ValidationError as error:
            problem = str(error.message)
            continue
        values[column] = value.minor
        chips.append((name, f"{words} {formats.amount(value)}"))
    return problem


def _said(asked: QueryDict, name: str) -> str:
    value = asked.get(name, "")
    return value if isinstance(value, str) else ""


def kept(asked: QueryDict) -> str:
    """Return an address's filters and columns, without the place in the list."""
    query = QueryDict(mutable=True)
    for name in _KEPT:
        if any(asked.getlist(name)):
            query.setlist(name, asked.getlist(name))
    return query.urlencode()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _written(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def understood(typed: str, *, currency: str, today: date) -> str:
    """
    Return the filters that somebody most likely means, as a query string, or nothing.

    Understood are a state ("declined"), days ("yesterday", "last week", "march", "2026-11-03"),
    and an amount ("42.50").
    """
    word = typed.strip().lower()
    named = {pills.PAYMENT[name].word.lower(): name for name, _, _ in TABS if name}
    named |= {name.replace("_", " "): name for name, _, _ in TABS if name}
    query = QueryDict(mutable=True)
    days = _days(word, today)
    if word.replace("_", " ") in named:
        query["state"] = named[word.replace("_", " ")]
    elif days is not None:
        query["since"], query["until"] = (day.isoformat() for day in days)
    else:
        try:
            value = forms.money_of(typed, currency)
        except ValidationError:
            return ""
        query["currency"] = value.currency
        query["min"] = query["max"] = forms.money_text(value)
    return query.urlencode()


_WORDS: dict[str, Callable[[date], tuple[date, date]]] = {
    "today": lambda today: (today, today),
    "yesterday": lambda today: (today - timedelta(days=1),) * 2,
    "this week": lambda today: (today - timedelta(days=today.weekday()), today),
    "last week": lambda today: (
        today - timedelta(days=today.weekday() + 7),
        today - timedelta(days=today.weekday() + 1),
    ),
    "this month": lambda today: (today.replace(day=1), today),
    "last month": lambda today: _month(today.replace(day=1) - timedelta(days=1)),
    "this year": lambda today: (today.replace(month=1, day=1), today),
}


def _days(word: str, today: date) -> tuple[date, date] | None:
    """Return the first and last day that a word names."""
    if word in _WORDS:
        return _WORDS[word](today)
    day = _day(word)
    if day is not None:
        return day, day
    months = {name.lower(): number for number, name in enumerate(calendar.month_name) if number}
    months |= {name[:3]: number for name, number in months.items()}
    if word in months:
        number = months[word]  # The one that began last.
        year = today.year if number <= today.month else today.year - 1
        return _month(date(year, number, 1))
    return None


def _month(day: date) -> tuple[date, date]:
    last = calendar.monthrange(day.year, day.month)[1]
    return day.replace(day=1), day.replace(day=last)
