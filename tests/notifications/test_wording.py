"""What mails say, in which language, and what a text may hold."""

from dataclasses import replace

import pytest

from fintech.kernel import event_log, ids
from fintech.notifications import errors, queries
from fintech.notifications import services as notifications
from fintech.notifications.channels import texts, wording
from fintech.notifications.channels.wording import TextRefused
from fintech.notifications.data import Template, Text
from tests.make.merchants import BY, NOON
from tests.notifications.test_mails import read

RIGHT = Text(
    subject="From {merchant}: {amount}",
    lead="{merchant} has it.",
    rows=(("Date", "{date}"), ("Reference", "{reference}")),
)


@pytest.mark.parametrize(("kind", "language"), list(texts.TEXTS))
def test_every_text_we_come_with_says_what_it_must_and_no_more(kind, language):
    wording.check(kind, texts.TEXTS[kind, language])


def test_every_kind_can_be_told_in_english():
    assert {kind for kind, language in texts.TEXTS if language == "en"} == set(Template)


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
    available = {known for kind, known in texts.TEXTS if kind == Template.PAYMENT_RECEIPT}

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
    text = texts.TEXTS[Template.PAYMENT_RECEIPT, "ar"]

    composed = wording.compose(text, {"merchant": "متجر"}, language="ar")

    assert '<html lang="ar" dir="rtl">' in composed.html


@pytest.fixture
def receipt(db, mailbox):
    """A receipt that was really sent, and the shop it came from."""
    from fintech.payments.providers import registry
    from tests.make import merchants as make_merchants
    from tests.make import notifications as make
    from tests.notifications.test_mails import sale
    from tests.payments.providers.fake import FakeAcquirer

    shop = make_merchants.merchant(country="IE")
    with registry.using(FakeAcquirer()):
        sale(shop)
    make.told_so_far()
    return shop


def saved(text=RIGHT, language="en"):
    return notifications.save_wording(
        kind=Template.PAYMENT_RECEIPT, language=language, text=text, by=BY, at=NOON
    )


def test_a_saved_wording_is_what_the_next_mail_says(receipt, mailbox):
    saved()

    notifications.deliver_due(NOON)

    message, text, _ = read(mailbox.mails[0])
    assert message["Subject"] == "From Blue Bottle Books: €42.50"
    assert text.startswith("Blue Bottle Books has it.")


def test_a_wording_in_another_language_changes_nothing_in_this_one(receipt, mailbox):
    saved(language="nl")

    notifications.deliver_due(NOON)

    assert read(mailbox.mails[0])[0]["Subject"].startswith("Your receipt from")


def test_versions_are_numbered_and_the_newest_is_current(db):
    first, second = saved(), saved(replace(RIGHT, lead="{merchant} has it now."))

    assert (first.number, second.number) == (1, 2)
    assert [(w.number, w.is_current) for w in queries.wordings()] == [(2, True), (1, False)]
    assert queries.texts(Template.PAYMENT_RECEIPT)["en"] == second.text
    assert [f.name for f in event_log.stream("notifications.wording", second.id)] == [
        "notifications.wording_saved.v1"
    ]


@pytest.mark.parametrize(
    ("text", "language", "because"),
    [
        (RIGHT, "xx", "language"),
        (RIGHT, "en_US", "language"),
        (RIGHT, "../en", "language"),
        (replace(RIGHT, lead="{password}"), "en", "does not have password"),
        (replace(RIGHT, rows=()), "en", "must say date, reference"),
    ],
)
def test_a_wording_that_is_refused_leaves_the_old_one(db, text, language, because):
    with pytest.raises(errors.WordingRefused, match=because):
        saved(text, language)

    assert queries.wordings() == []


def test_a_preview_is_the_very_mail_that_is_sent(receipt, mailbox):
    wording_ = saved()
    shown = notifications.preview(wording_id=wording_.id)

    notifications.deliver_due(NOON)

    message, text, html = read(mailbox.mails[0])
    assert (message["Subject"], text.strip(), html.strip()) == (
        shown.subject,
        shown.text.replace("\n", "\r\n").strip(),
        shown.html.replace("\n", "\r\n").strip(),
    )


def test_a_test_goes_to_whoever_asks_and_to_nobody_else(receipt, mailbox):
    notifications.send_test(wording_id=saved().id, to="staff@example.com")

    (envelope,) = mailbox.mails
    assert envelope.rcpt_tos == ["staff@example.com"]


def test_a_server_that_takes_no_test_says_so(receipt, mailbox):
    mailbox.refusal = "550 No"

    with pytest.raises(errors.MailNotTaken, match="mail refused"):
        notifications.send_test(wording_id=saved().id, to="staff@example.com")


def test_without_a_mail_there_is_nothing_to_preview(db):
    with pytest.raises(errors.NothingToPreview):
        notifications.preview(wording_id=saved().id)
    with pytest.raises(errors.WordingNotFound):
        notifications.preview(wording_id=ids.new())
