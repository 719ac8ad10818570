"""What a list of payments is narrowed to, as addresses say it and as people type it."""

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict

from fintech.kernel import money
from fintech.kernel.money import Money
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
_KEPT = (
    *("state", "currency", "min", "max", "last4", "days", "day", "since", "until"),
    *("kind", "email", "active", "cols"),
)
_LAST4 = re.compile(r"(?:card|ending|ends in|last4:?|[.…·*]+)?\s*(\d{4})")
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}


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
    last4 = _said(asked, "last4")
    if re.fullmatch(r"\d{4}", last4):
        values["last4"] = last4
        chips.append(("last4", f"card ends in {last4}"))
    bounds, told = when(asked, at=at)
    values |= bounds
    chips += told
    return Told(filters=Filters(**values), chips=tuple(chips), problem=problem)


def when(asked: QueryDict, *, at: datetime) -> tuple[dict[str, date], list[tuple[str, str]]]:
    """Read the days of an address: the first and the last of them, and a chip for each bound."""
    bounds: dict[str, date] = {}
    chips: list[tuple[str, str]] = []
    days = _DAYS.get(_said(asked, "days"))
    if days is not None:
        bounds["since"] = at.date() - timedelta(days=days - 1)
        chips.append(("days", "today" if days == 1 else f"last {days} days"))
    for name, words in (("since", "from"), ("until", "up to")):
        bound = _day(_said(asked, name))
        if bound is not None:
            bounds[name] = bound
            chips.append((name, f"{words} {_written(bound)}"))
    day = _day(_said(asked, "day"))
    if day is not None:
        bounds["since"] = bounds["until"] = day
        chips.append(("day", _written(day)))
    return bounds, chips


def seconds(bounds: Mapping[str, date]) -> dict[str, int]:
    """Return bounds of days as the rooms below take them: unix seconds by `gte` and `lt`."""
    told = {}
    if "since" in bounds:
        told["gte"] = _midnight(bounds["since"])
    if "until" in bounds:
        told["lt"] = _midnight(bounds["until"] + timedelta(days=1))
    return told


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), tzinfo=UTC).timestamp())


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


def understood(typed: str, *, currency: str, today: date, is_card: bool = False) -> str:
    """
    Return the filters that somebody most likely means, as a query string, or nothing.

    Understood are a state ("declined"), days ("yesterday", "last week", "3 days ago", "march",
    "12 march", "2026-11-03"), a card's last four ("ends in 4242", "4242" where `is_card` says
    that there is one), and an amount ("42.50", "$42.50", "42.50 usd").
    """
    word = " ".join(typed.strip().lower().split())
    named = {pills.PAYMENT[name].word.lower(): name for name, _, _ in TABS if name}
    named |= {name.replace("_", " "): name for name, _, _ in TABS if name}
    query = QueryDict(mutable=True)
    days = _days(word, today)
    card = last_four(typed)
    if word.replace("_", " ") in named:
        query["state"] = named[word.replace("_", " ")]
    elif card and (is_card or not word.isdecimal()):
        query["last4"] = card
    elif days is not None:
        query["since"], query["until"] = (day.isoformat() for day in days)
    else:
        try:
            value = _amount(word, currency)
        except ValidationError:
            return ""
        query["currency"] = value.currency
        query["min"] = query["max"] = forms.money_text(value)
    return query.urlencode()


def last_four(typed: str) -> str:
    """Return the last four digits of a card that somebody may mean, or nothing."""
    found = _LAST4.fullmatch(typed.strip().lower())
    return found[1] if found else ""


def _amount(word: str, currency: str) -> Money:
    """Read an amount with the currency it names, else with the merchant's own."""
    named = next((code for sign, code in _SIGNS.items() if sign in word), currency)
    first, _, last = word.partition(" ")
    for code, rest in ((last, first), (first, last)):
        if money.is_known(code.upper()):
            return forms.money_of(rest, code.upper())
    return forms.money_of(word, named)


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
    ago = re.fullmatch(r"(\d{1,3}) days? ago", word)
    if ago:
        return (today - timedelta(days=int(ago[1])),) * 2
    last = re.fullmatch(r"last (\d{1,3}) days", word)
    if last:
        return today - timedelta(days=max(1, int(last[1])) - 1), today
    return _named(word, today)


_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if number}
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()}
_DATED = re.compile(r"(?:(\d{1,2}) )?([a-z]{3,9})\.?(?: (\d{1,2}))?(?:,? (\d{4}))?")


def _named(word: str, today: date) -> tuple[date, date] | None:
    """Return the days of "march", "12 march", "mar 12", "march 2026" or "12 march 2026"."""
    if re.fullmatch(r"\d{4}-\d{2}", word):
        first = _day(f"{word}-01")
        return None if first is None else _month(first)
    found = _DATED.fullmatch(word)
    if found is None or found[2] not in _MONTHS or (found[1] and found[3]):
        return None
    number, day = _MONTHS[found[2]], int(found[1] or found[3] or 1)
    # Without a year it is the one that began last.
    year = int(found[4]) if found[4] else today.year - ((number, day) > (today.month, today.day))
    try:
        named = date(year, number, day)
    except ValueError:
        return None
    return (named, named) if found[1] or found[3] else _month(named)


def _month(day: date) -> tuple[date, date]:
    last = calendar.monthrange(day.year, day.month)[1]
    return day.replace(day=1), day.replace(day=last)
