"""
What a text can say: the variables of each kind, each of a type, filled from what happened.

A type decides how a value is written for its reader and where it may stand. A value that
is missing or of another type composes nothing: no message is sent with a hole in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from fintech.kernel.money import Money
from fintech.notifications.channels.mail import one_line
from fintech.notifications.data import Channel, Template

_LONGEST = 200
_LONGEST_LINK = 2048


class Type(StrEnum):
    """What a variable holds."""

    WORDS = "words"  # One line that somebody wrote.
    CODE = "code"  # An id, or a word of ours.
    MONEY = "money"
    DATE = "date"
    COUNT = "count"
    LINK = "link"


_HELD: Mapping[Type, type] = {
    Type.WORDS: str,
    Type.CODE: str,
    Type.MONEY: Money,
    Type.DATE: datetime,
    Type.COUNT: int,
    Type.LINK: str,
}

type Value = str | int | Money | datetime


@dataclass(frozen=True, slots=True)
class Variable:
    """Something a kind of message can say, and whether it must."""

    name: str
    type: Type
    about: str
    is_needed: bool = True


class ValueRefused(Exception):
    """What happened does not have a value that the kind is declared to have."""


_MERCHANT = Variable("merchant", Type.WORDS, "What the shop is called.")
_AMOUNT = Variable("amount", Type.MONEY, "What was paid, given back or waits.")
_DATE = Variable("date", Type.DATE, "The day on which it happened.")
_DAY = Variable("date", Type.DATE, "The day on which it happened.", is_needed=False)
_CARD = Variable("card", Type.WORDS, "The card's brand and last four.", is_needed=False)
_REFERENCE = Variable("reference", Type.CODE, "The payment's id.")
_LINK = Variable("link", Type.LINK, "Where it is looked at in the dashboard.")
_CHOICES = Variable(
    "choices", Type.LINK, "Where its reader says which messages they want.", is_needed=False
)
_OF_ENDPOINT = (
    _MERCHANT,
    Variable("url", Type.LINK, "The endpoint's address."),
    Variable("cause", Type.WORDS, "What it answered last."),
    Variable("date", Type.DATE, "Since when it has been failing.", is_needed=False),
    _LINK,
)
MAIL: Mapping[Template, tuple[Variable, ...]] = {
    Template.PAYMENT_RECEIPT: (
        *(_MERCHANT, _AMOUNT, _DATE, _CARD),
        Variable("description", Type.WORDS, "What the shop says it was for.", is_needed=False),
        *(_REFERENCE, _CHOICES),
    ),
    Template.REFUND_RECEIPT: (_MERCHANT, _AMOUNT, _DATE, _CARD, _REFERENCE, _CHOICES),
    Template.REVIEW_OPENED: (_MERCHANT, _AMOUNT, _DAY, _REFERENCE, _LINK, _CHOICES),
    Template.REVIEWS_OPENED: (
        _MERCHANT,
        Variable("count", Type.COUNT, "How many payments wait."),
        *(_DAY, _LINK, _CHOICES),
    ),
    Template.API_KEY_CHANGED: (
        _MERCHANT,
        Variable("key", Type.WORDS, "The key's name and last four."),
        Variable("change", Type.WORDS, "What was done to it."),
        *(_DAY, _LINK),
    ),
    Template.ENDPOINT_PAUSED: _OF_ENDPOINT,
    Template.ENDPOINT_DISABLED: _OF_ENDPOINT,
}
# Kinds that are not here are told by mail only.
_SHORT = Variable("reference", Type.CODE, "The payment's id.", is_needed=False)
SMS: Mapping[Template, tuple[Variable, ...]] = {
    Template.PAYMENT_RECEIPT: (_MERCHANT, _AMOUNT, _DAY, _CARD, _SHORT),
    Template.REFUND_RECEIPT: (_MERCHANT, _AMOUNT, _DAY, _CARD, _SHORT),
}


def of(kind: Template, channel: Channel) -> tuple[Variable, ...]:
    """Return what a kind can say by a channel; nothing where it is not told by it."""
    return (SMS if channel == Channel.SMS else MAIL).get(kind, ())


def links(kind: Template, channel: Channel) -> frozenset[str]:
    """Return the names of what leads somewhere."""
    return frozenset(one.name for one in of(kind, channel) if one.type == Type.LINK)


def written(
    kind: Template, channel: Channel, values: Mapping[str, Value], *, locale: str
) -> dict[str, str]:
    """
    Return values as their reader writes them, each as its type says.

    Raises:
        ValueRefused: one that the kind must say is missing, or one is of another type.
    """
    shown = {}
    for variable in of(kind, channel):
        value = values.get(variable.name)
        if value is None:
            if variable.is_needed:
                raise ValueRefused(f"{kind} has no {variable.name}")
            continue
        if type(value) is not _HELD[variable.type]:
            raise ValueRefused(f"{variable.name} of {kind} is no {variable.type}")
        longest = _LONGEST_LINK if variable.type == Type.LINK else _LONGEST
        shown[variable.name] = _written(value, locale)[:longest]
    return shown


def _written(value: Value, locale: str) -> str:
    match value:
        case Money():
            return str(format_currency(value.decimal(), value.currency, locale=locale))
        case datetime():
            return str(format_date(value, format="long", locale=locale))
        case int():
            return str(format_decimal(value, locale=locale))
        case _:
            return one_line(value)
