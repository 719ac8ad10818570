"""What people call themselves and their shops cannot do anything but be shown."""

import email
import email.policy
import json

import pytest

from fintech.notifications import queries
from fintech.notifications import services as notifications
from fintech.notifications.channels import mail, providers, texts, wording
from fintech.notifications.channels.mail import Mail
from fintech.notifications.data import Channel, Template, Text
from fintech.notifications.models import MerchantEvent
from fintech.payments.providers import registry
from tests.make import merchants as make_merchants
from tests.make import notifications as make
from tests.notifications.test_mails import sale
from tests.payments.providers.fake import FakeAcquirer

pytestmark = pytest.mark.django_db
NOON = make_merchants.NOON
HOSTILE = [
    "Shop\r\nBcc: victim@example.com",
    "Shop\nContent-Type: text/html\n\n<script>alert(1)</script>",
    "Shop\x00\x07\x1b[31m",
    "Shop\u2028Bcc: victim@example.com\u2029",
    "Shop\x85Bcc: victim@example.com\x0b\x0c",
    "{amount} {{ 1234 * 5678 }} {% debug %} ${1234*5678} #{1234*5678} <%= 1234*5678 %>",
    "{merchant.__class__.__mro__} %s %(x)s {0}",
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "\u202eEVIL\u202c \u2066LTR\u2069 \u200f\u200e",
    "متجر الكتب الأزرق",
    "=?utf-8?B?QmNjOiB2aWN0aW1AZXhhbXBsZS5jb20=?=",
    "N" * 100_000,
    "\N{PILE OF POO}" * 30_000,
    "a\u0301" * 50_000,
]


@pytest.fixture(autouse=True)
def acquirer():
    with registry.using(FakeAcquirer()):
        yield


@pytest.fixture
def shop(db):
    return make_merchants.merchant(country="IE")


def composed_with(value, kind=Template.PAYMENT_RECEIPT):
    return wording.compose(
        texts.TEXTS[kind, "en"],
        {
            "merchant": mail.one_line(value)[:100],
            "amount": "€1.00",
            "date": "today",
            "card": "Visa",
            "description": mail.one_line(value)[:200],
            "reference": "pi_1",
        },
        language="en",
    )


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_in_a_mail_over_real_smtp(mailbox, hostile):
    composed = composed_with(hostile)

    outcome = mail.send(
        Mail(
            delivery="wd_1",
            to=("payer@example.com",),
            subject=composed.subject,
            text=composed.text,
            html=composed.html,
        )
    )

    assert outcome.code == "delivered"
    (envelope,) = mailbox.mails
    assert envelope.rcpt_tos == ["payer@example.com"]
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert message["Bcc"] is None
    assert sorted(message.keys()) == sorted(
        [
            "Auto-Submitted",
            "Content-Type",
            "Date",
            "From",
            "Message-ID",
            "MIME-Version",
            "Subject",
            "To",
        ]
    )
    assert len(message["Subject"]) < 400
    assert message["Subject"].isprintable()
    html = message.get_body(("html",)).get_content()
    text = message.get_body(("plain",)).get_content()
    assert "<script" not in html
    assert "<img" not in html
    assert "7006652" not in text  # Nothing was computed.
    assert len(envelope.content) < 20_000


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_in_a_text_message(hostile):
    value = mail.one_line(hostile)[:100]

    text = wording.one_text(
        texts.SMS[Template.PAYMENT_RECEIPT, "en"],
        {"merchant": value, "amount": "€1.00", "reference": "pi_1"},
    )

    assert text.isprintable()
    assert wording.parts(text) <= 4
    assert text.endswith("has received your payment of €1.00. pi_1")


def test_right_to_left_text_does_not_turn_the_line_around(shop, mailbox):
    composed = composed_with("\u202eEVIL\u202c")

    assert "\u202e" not in composed.subject + composed.text + composed.html
    assert "<bdi>" in composed.html  # What is right to left of its own stays within its place.


@pytest.mark.parametrize(
    "hostile", ["Shop\r\nBcc: x@example.com", "<b>&{amount}", "متجر", "N" * 5000]
)
def test_a_description_that_came_over_the_api(shop, mailbox, hostile):
    sale(shop, description=hostile[:500].replace("\r\n", " "))
    make.told_so_far()

    notifications.deliver_due(NOON)

    (envelope,) = mailbox.mails
    assert envelope.rcpt_tos == ["payer@example.com"]
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert message["Bcc"] is None
    assert "<b>" not in message.get_body(("html",)).get_content()


def test_a_name_of_100_kilobytes_arrives_whole_by_webhook(merchant, receiver):
    """Whatever a room lets into its rows is told byte for byte, and signed."""
    make.endpoint(merchant, receiver.url)
    make.customer(merchant)
    make.told_so_far()
    huge = 'ﷺ\u202e\r\n\x1f"\\' + "N" * 100_000
    event = MerchantEvent.objects.get(type="customer.created")
    MerchantEvent.objects.filter(id=event.id).update(object={**event.object, "name": huge})

    notifications.deliver_due(NOON)

    (received,) = receiver.received
    assert json.loads(received.body)["data"]["object"]["name"] == huge
    assert "\r" not in received.headers["webhook-signature"]


@pytest.mark.parametrize(
    "sentence",
    [
        "{merchant} {amount} {date} {reference} {password}",
        "{merchant} {amount} {date} {reference} {merchant.name}",
        "{merchant} {amount} {date} {reference} {{ settings.SECRET_KEY }}",
        "{merchant} {amount} {date} {reference} {% include '/etc/passwd' %}",
        "{merchant} {amount} {date} {reference} {0}",
        "{merchant} {amount} {date} {reference} {",
    ],
)
def test_a_wording_can_reach_nothing(sentence):
    with pytest.raises(wording.TextRefused):
        wording.check(Template.PAYMENT_RECEIPT, Text(subject="Receipt", lead=sentence))


def test_a_wording_is_escaped_as_its_values_are():
    text = Text(
        subject="{merchant}", lead="<script>{merchant}</script> {amount} {date} {reference}"
    )

    composed = wording.compose(text, {"merchant": "<i>"}, language="en")

    assert "<script>" not in composed.html
    assert "&lt;script&gt;&lt;i&gt;&lt;/script&gt;" in composed.html


@pytest.mark.parametrize(
    "address", ["a@example.com\nBcc: b@example.com", "a@example.com\r\nDATA", "\x00"]
)
def test_an_address_with_a_line_break_goes_nowhere(mailbox, address):
    outcome = mail.send(Mail(delivery="wd_1", to=(address,), subject="s", text="t", html="h"))

    assert outcome.code in {"address_invalid", "mail_refused", "connection_failed"}
    assert mailbox.mails == []


@pytest.mark.parametrize("number", ["+353\r\nX-Injected: 1", "+353&From=evil", '+353","to":"+1'])
def test_a_number_is_a_value_and_not_a_part_of_a_request(number, receiver, settings):
    receiver.answers = [(201, {}, b'{"id": "1", "sid": "1"}')]
    base = receiver.url.removesuffix("/hooks")
    settings.MESSAGE_PROVIDERS = [
        {"name": "http", "kind": "http", "url": receiver.url},
        {
            "name": "tw",
            "kind": "twilio",
            "account": "AC",
            "token": "t",
            "sender": "+1",
            "url": base,
        },
    ]

    for provider in providers.providers(Channel.SMS):
        provider.send(providers.Sms(delivery="wd_1", to=number, text="hello"))

    posted, form = receiver.received
    assert json.loads(posted.body)["to"] == number
    assert form.body.count(b"From=") == 1
    assert not any(
        name.lower() == "x-injected" for one in receiver.received for name in one.headers
    )


def test_what_is_told_is_listed(merchant):
    """An event whose object is odd is still an event."""
    make.customer(merchant, name="O'Neil \N{BOOKS} متجر")
    make.told_so_far()

    (event,) = queries.events(merchant.id, types=["customer.created"]).items
    assert event.object["name"] == "O'Neil \N{BOOKS} متجر"
