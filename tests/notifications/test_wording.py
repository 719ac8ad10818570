"""What mails say, in which language, and what a text may hold."""

from dataclasses import replace

import pytest

from fintech.kernel import event_log, ids
from fintech.kernel.money import Money
from fintech.notifications import errors, queries
from fintech.notifications import services as notifications
from fintech.notifications.channels import texts, variables, wording
from fintech.notifications.channels.wording import TextRefused
from fintech.notifications.data import Channel, Draft, Template, Text
from fintech.payments.providers import registry
from tests.make import merchants as make_merchants
from tests.make import notifications as make
from tests.make.merchants import BY, NOON
from tests.notifications.test_mails import read, sale
from tests.payments.providers.fake import FakeAcquirer

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
        ({"figure": "{merchant}"}, "one amount, count or date"),
        ({"figure": "{amount} or more"}, "one amount, count or date"),
        ({"rows": (("{date}", "{date}"), ("Reference", "{reference}"))}, "holds no variable"),
    ],
)
def test_a_text_that_cannot_be_right_is_refused(change, because):
    with pytest.raises(TextRefused, match=because):
        wording.check(Template.PAYMENT_RECEIPT, replace(RIGHT, **change))


def test_a_subject_holds_no_link():
    text = texts.TEXTS[Template.REVIEW_OPENED, "en"]

    with pytest.raises(TextRefused, match="link is a link"):
        wording.check(Template.REVIEW_OPENED, replace(text, subject="{amount}: {link}"))


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
    shown = notifications.preview(saved())

    notifications.deliver_due(NOON)

    message, text, html = read(mailbox.mails[0])
    assert (message["Subject"], text.strip(), html.strip()) == (
        shown.subject,
        shown.text.replace("\n", "\r\n").strip(),
        shown.html.replace("\n", "\r\n").strip(),
    )


def test_a_test_goes_to_whoever_asks_and_to_nobody_else(receipt, mailbox):
    notifications.send_test(saved(), to="staff@example.com")

    (envelope,) = mailbox.mails
    assert envelope.rcpt_tos == ["staff@example.com"]


def test_a_server_that_takes_no_test_says_so(receipt, mailbox):
    mailbox.refusal = "550 No"

    with pytest.raises(errors.MailNotTaken, match="mail refused"):
        notifications.send_test(saved(), to="staff@example.com")


def test_without_a_mail_there_is_nothing_to_preview(db):
    with pytest.raises(errors.NothingToPreview):
        notifications.preview(saved())
    with pytest.raises(errors.SampleNotFound):
        notifications.preview(saved(), of=ids.public("pi", ids.new()))
    with pytest.raises(errors.WordingNotFound):
        queries.wording(ids.new())


def test_a_preview_is_of_the_payment_that_was_chosen(receipt, mailbox):
    draft = saved()
    with registry.using(FakeAcquirer()):
        chosen = sale(receipt, description="Another book")
        sale(receipt, receipt_email="")  # The newest, of which nobody was written to.
    make.told_so_far()
    notifications.deliver_due(NOON)
    (sent,) = [one for one in mailbox.mails if ids.public("pi", chosen.id) in read(one)[1]]
    message, text, html = read(sent)

    shown = notifications.preview(draft, of=ids.public("pi", chosen.id))

    assert (message["Subject"], text, html) == (
        shown.subject,
        shown.text.replace("\n", "\r\n"),
        shown.html.replace("\n", "\r\n"),
    )
    events = [ids.public("evt", one.event_id) for one in queries.samples(draft.kind)]
    assert len(events) == 2  # What nobody was written of is chosen by its payment only.
    assert notifications.preview(draft, of=events[0]) == shown


def test_a_draft_is_looked_at_without_being_saved(receipt):
    draft = Draft(kind=Template.PAYMENT_RECEIPT, channel=Channel.MAIL, language="en", text=RIGHT)

    assert notifications.preview(draft).subject == "From Blue Bottle Books: €42.50"
    with pytest.raises(errors.WordingRefused):
        notifications.preview(replace(draft, text=replace(RIGHT, rows=())))
    assert queries.wordings() == []


def test_one_click_in_a_test_ends_nobodys_mails(receipt, mailbox):
    notifications.send_test(saved(), to="staff@example.com")

    assert read(mailbox.mails[0])[0]["List-Unsubscribe"] is None


VALUES = {
    "merchant": "Books",
    "amount": Money(42_50, "EUR"),
    "date": NOON,
    "reference": "pi_1",
}


def test_a_value_is_written_as_its_type_says():
    written = variables.written(
        Template.PAYMENT_RECEIPT, Channel.MAIL, VALUES | {"card": "Visa\r\nX"}, locale="de_DE"
    )

    assert written == {
        "merchant": "Books",
        "amount": "42,50\xa0€",
        "date": "2. November 2026",
        "card": "Visa X",
        "reference": "pi_1",
    }


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"amount": None}, "has no amount"),
        ({"amount": "42.50"}, "amount of payment_receipt is no money"),
        ({"amount": 4250}, "is no money"),
        ({"date": "today"}, "is no date"),
        ({"merchant": 7}, "is no words"),
    ],
)
def test_a_value_that_is_missing_or_of_another_type_composes_nothing(change, because):
    with pytest.raises(variables.ValueRefused, match=because):
        variables.written(Template.PAYMENT_RECEIPT, Channel.MAIL, VALUES | change, locale="en_IE")
