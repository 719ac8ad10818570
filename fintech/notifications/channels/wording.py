"""
What mails say: a text per kind and language, filled with named values.

A text is made of sentences with `{names}` in them, so it can hold no logic and reach no
object: a name is replaced by its value, and nothing else happens. Plain text and HTML
are two views of the same sentences; HTML is escaped when it is rendered.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babel import Locale
from babel.core import get_global
from babel.localedata import exists
from django.template.loader import render_to_string

from fintech.notifications.channels import variables
from fintech.notifications.channels.variables import Type, Variable
from fintech.notifications.data import Channel, Template, Text

FALLBACK = "en"
_NAME = re.compile(r"\{([a-z_]+)\}")
_FIGURES = frozenset({Type.MONEY, Type.COUNT, Type.DATE})
_ANY_BRACE = re.compile(r"[{}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A mail's words, ready to be sent."""

    subject: str
    text: str
    html: str


class TextRefused(Exception):
    """A text names what its kind does not have, or leaves out what it must say."""


_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€")
_GSM_ALONE, _GSM_PART, _WIDE_ALONE, _WIDE_PART = 160, 153, 70, 67


def check(kind: Template, text: Text, channel: Channel = Channel.MAIL) -> None:
    """
    Refuse a text that could not be filled, or would not say what it has to.

    Raises:
        TextRefused: with the names at fault.
    """
    declared = {one.name: one for one in variables.of(kind, channel)}
    if channel == Channel.SMS:
        if not declared:
            raise TextRefused(f"{kind} is told by mail only")
        if text.subject or text.figure or text.rows or text.closing:
            raise TextRefused("a text message has a lead and nothing else")
    elif not text.subject:
        raise TextRefused("a mail has a subject")
    named: set[str] = set()
    for sentence in _sentences(text):
        named.update(_NAME.findall(sentence))
        if _ANY_BRACE.search(_NAME.sub("", sentence)):
            raise TextRefused(f"a brace is not closed, or holds no name: {sentence}")
    if unknown := named - set(declared):
        raise TextRefused(f"{kind} does not have {', '.join(sorted(unknown))}")
    if missing := {name for name, one in declared.items() if one.is_needed} - named:
        raise TextRefused(f"{kind} must say {', '.join(sorted(missing))}")
    _check_places(text, declared)


def _check_places(text: Text, declared: Mapping[str, Variable]) -> None:
    """Refuse a variable where its type cannot stand."""
    if not text.subject.isprintable():
        raise TextRefused("a subject is one line")
    for name in _NAME.findall(text.subject):
        if declared[name].type == Type.LINK:
            raise TextRefused(f"{name} is a link, and a subject holds none")
    figure = _NAME.fullmatch(text.figure)
    if text.figure and (figure is None or declared[figure[1]].type not in _FIGURES):
        raise TextRefused("a figure is one amount, count or date, and nothing else")
    if any(_NAME.search(label) for label, _ in text.rows):
        raise TextRefused("a row's label holds no variable")


def compose(
    text: Text,
    values: Mapping[str, str],
    *,
    language: str,
    links: Collection[str] = (),
    pixel: str = "",
) -> Composed:
    """
    Return a text filled with values, which are words and never markup or placeholders.

    Args:
        text: what is said.
        values: by name, as their reader writes them.
        language: of the text.
        links: names of values that lead somewhere; one that stands alone in a row can be clicked.
        pixel: what a mail program asks for when the mail is opened; nothing for most readers.
    """
    context: dict[str, Any] = {
        "lead": fill(text.lead, values),
        "figure": fill(text.figure, values),
        "rows": [
            (label, fill(sentence, values), _is_link(sentence, links))
            for label, sentence in text.rows
            if fill(sentence, values).strip()
        ],
        "closing": fill(text.closing, values),
        "pixel": pixel,
        "language": language,
        "direction": "rtl" if Locale(language).text_direction == "rtl" else "ltr",
    }
    return Composed(
        subject=fill(text.subject, values),
        text=render_to_string("notifications/mail.txt", context),
        html=render_to_string("notifications/mail.html", context),
    )


def _is_link(sentence: str, links: Collection[str]) -> bool:
    alone = _NAME.fullmatch(sentence)
    return alone is not None and alone[1] in links


def one_text(text: Text, values: Mapping[str, str]) -> str:
    """Return a text message: one line, without what cannot be seen."""
    return " ".join(fill(text.lead, values).split())


def parts(text: str) -> int:
    """Return how many parts a text message is sent and billed as."""
    if all(c in _GSM or c in _GSM_TWICE for c in text):
        size, alone, part = sum(1 + (c in _GSM_TWICE) for c in text), _GSM_ALONE, _GSM_PART
    else:
        size, alone, part = len(text.encode("utf-16-le")) // 2, _WIDE_ALONE, _WIDE_PART
    return 1 if size <= alone else -(-size // part)


def fill(sentence: str, values: Mapping[str, str]) -> str:
    """Return a sentence with its names replaced, once: what a value says is not read again."""
    return _NAME.sub(lambda found: values.get(found[1], ""), sentence)


def language_of(country: str, available: Collection[str]) -> str:
    """Return the language most people of a country read, if there are texts in it."""
    likely = str(get_global("likely_subtags").get(f"und_{country}", FALLBACK))
    language = likely.partition("_")[0]
    return language if language in available else FALLBACK


def locale_of(language: str, country: str) -> str:
    """Return the locale by which amounts and dates are written."""
    wanted = f"{language}_{country}"
    return wanted if exists(wanted) else language


def _sentences(text: Text) -> Iterator[str]:
    yield from (text.subject, text.lead, text.figure, text.closing)
    for label, sentence in text.rows:
        yield label
        yield sentence
