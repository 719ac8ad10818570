"""What mails say, in which language, and what a text may hold."""

import pytest

from fintech.notifications.channels import texts, wording
from fintech.notifications.channels.wording import Text, TextRefused
from fintech.notifications.data import Template

RIGHT = Text(
    subject="From {merchant}: {amount}",
    lead="{merchant} has it.",
    rows=(("Date", "{date}"), ("Reference", "{reference}")),
)


@pytest.mark.parametrize(("kind", "language"), list(texts.TEXTS))
def test_every_text_we_come_with_says_what_it_must_and_no_more(kind, language):
    wording.check(kind, texts.TEXTS[kind, language])


def test_every_kind_can_be_told_in_english():
    for kind in Template:
        assert "en" in texts.languages(kind)


@pytest.mark.parametrize(
    ("country", "language"),
    [
        ("DE", "de"),
        ("AT", "de"),
        ("FR", "fr"),
        ("JP", "ja"),
        ("KW", "ar"),
        ("US", "en"),
        ("GB", "en"),
        ("NL", "en"),
        ("XX", "en"),
    ],
)
def test_a_country_reads_its_language_or_english(country, language):
    available = texts.languages(Template.PAYMENT_RECEIPT)

    assert wording.language_of(country, available) == language


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"lead": "{merchant} has {secret_key}."}, "does not have secret_key"),
        ({"subject": "Thanks"}, "must say amount"),
        ({"lead": "{merchant.__class__}"}, "holds no name"),
        ({"lead": "{merchant!r}"}, "holds no name"),
        ({"lead": "{}"}, "holds no name"),
        ({"lead": "{merchant"}, "holds no name"),
        ({"lead": "{{merchant}}"}, "holds no name"),
        ({"lead": "{% load x %}"}, "holds no name"),
        ({"subject": "{merchant}\n{amount}"}, "one line"),
    ],
)
def test_a_text_that_cannot_be_right_is_refused(change, because):
    from dataclasses import replace

    with pytest.raises(TextRefused, match=because):
        wording.check(Template.PAYMENT_RECEIPT, replace(RIGHT, **change))


def test_values_are_words_and_are_not_read_again():
    values = {
        "merchant": "{amount} <b>& Sons</b> {% now 'Y' %}",
        "amount": "1",
        "date": "today",
        "reference": "pi_1",
    }

    composed = wording.compose(RIGHT, values, language="en")

    assert composed.text.startswith("{amount} <b>& Sons</b> {% now 'Y' %} has it.")
    assert "{amount} &lt;b&gt;&amp; Sons&lt;/b&gt; {% now &#x27;Y&#x27; %} has it." in composed.html
    assert "Date: today\nReference: pi_1" in composed.text


def test_a_row_without_its_value_is_left_out():
    composed = wording.compose(RIGHT, {"merchant": "M", "date": "today"}, language="en")

    assert "Reference" not in composed.text + composed.html


def test_a_language_that_runs_the_other_way_does():
    text = texts.text_of(Template.PAYMENT_RECEIPT, "ar")

    composed = wording.compose(text, {"merchant": "متجر"}, language="ar")

    assert '<html lang="ar" dir="rtl">' in composed.html
