"""
What payers read, in their browsers' languages: a file per language, English sentence by sentence.

English is the source. What has no translation is said in English; a test sees that all has one.
"""

from functools import cache
from pathlib import Path
from typing import Final

import orjson
from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header

ENGLISH: Final = "en"
LOCALES: Final = {"en": "en_US", "de": "de_DE", "fr": "fr_FR", "es": "es_ES"}


def language_of(request: HttpRequest) -> str:
    """Return the first language of the browser's that we speak; else English."""
    asked = request.headers.get("Accept-Language", "").lower()
    for code, _ in parse_accept_lang_header(asked):
        base = code.partition("-")[0]
        if base in LOCALES:
            return base
    return ENGLISH


def say(language: str, english: str) -> str:
    """Return a sentence in a language."""
    return sentences(language).get(english, english)


@cache
def sentences(language: str) -> dict[str, str]:
    """Return all sentences of a language by the English ones."""
    if language == ENGLISH or language not in LOCALES:
        return {}
    told: dict[str, str] = orjson.loads((Path(__file__).parent / f"{language}.json").read_bytes())
    return told
