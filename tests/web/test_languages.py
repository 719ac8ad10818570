"""Payers read the hosted page in their browser's language, errors and endings too."""

import re
import string
from pathlib import Path

import pytest
from django.test import Client

from fintech.kernel import clock
from fintech.payments import services as payments
from fintech.web import checkout
from fintech.web.checkout import forms, words
from fintech.web.dashboard.steps import DECLINES
from tests.make.payments import BY, eur
from tests.web.test_checkout import pay
from tests.web.test_pages import text

TEMPLATES = Path(checkout.__file__).parents[1] / "templates" / "web"
OTHERS = sorted(set(words.LOCALES) - {words.ENGLISH})


def said() -> set[str]:
    """Every sentence that a payer may read."""
    found = {*DECLINES.values(), "Error:", "(optional)"}
    pages = [*(TEMPLATES / "checkout").glob("*.html"), TEMPLATES / "base.html"]
    for page in pages:
        found |= set(re.findall(r'{% say "([^"]+)"', page.read_text()))
    source = Path(forms.__file__).read_text()
    found |= set(re.findall(r'(?:self\.(?:refused|say)\(|label=|help_text=)"([^"]+)"', source))
    found |= set(re.findall(r'"(?:required|invalid)": "([^"]+)"', source))
    return found


def named(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_said_in_every_language(language):
    told = words.sentences(language)

    assert said() - set(told) == set()
    assert set(told) - said() == set()
    assert {one for one, other in told.items() if named(one) != named(other)} == set()
    assert not re.search(r"[<>&\"]", "".join(told.values()))


@pytest.fixture
def link(shop):
    return payments.create_link(
        merchant_id=shop.id, title="Tee", amount=eur(1204_50), by=BY, at=clock.now()
    ).value


@pytest.mark.parametrize(
    ("asked", "language", "price"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de", "1.204,50 €"),
        ("fr", "fr", "1 204,50 €"),
        ("es-MX", "es", "1.204,50 €"),
        ("ja,en;q=0.5", "en", "€1,204.50"),
        ("", "en", "€1,204.50"),
        ("*;q=nonsense", "en", "€1,204.50"),
    ],
)
def test_the_page_speaks_what_the_browser_asks_for(client, link, asked, language, price):
    page = client.get(f"/pay/{link.token}", headers={"Accept-Language": asked})

    assert f'<html lang="{language}"' in page.content.decode()
    assert price in text(page)
    assert "Accept-Language" in page["Vary"]


def test_a_payer_pays_in_german_from_the_first_mistake_to_the_receipt(link):
    browser = Client(headers={"Accept-Language": "de"})

    wrong = pay(browser, link, expiry="01/20")
    assert "Etwas stimmt nicht" in text(wrong)
    assert "Geben Sie ein Datum in der Zukunft ein." in text(wrong)

    paid = browser.get(pay(browser, link)["Location"])
    assert "Sie haben Blue Bottle Books 1.204,50 € gezahlt." in text(paid)
    assert "Wir schicken diesen Beleg an" in text(paid)
