"""What somebody says on the page of their choices, and what a merchant says of its customer."""

from datetime import time

import pytest

from fintech.kernel import ids
from fintech.notifications import data, errors, queries
from fintech.notifications import services as notifications
from fintech.notifications.channels import recipients
from fintech.notifications.data import Channel, Template
from fintech.notifications.models import Delivery, Preference, QuietHours
from fintech.notifications.services import preferences
from fintech.payments import services as payments
from fintech.payments.providers import registry
from tests.make import merchants as make_merchants
from tests.make import notifications as make
from tests.make import payments as make_payments
from tests.notifications.test_mails import read, sale
from tests.payments.providers.fake import FakeAcquirer

pytestmark = pytest.mark.django_db
NOON, BY = make_merchants.NOON, make_merchants.BY
PAYER, PHONE = "payer@example.com", "+353871234567"
RECEIPT, REFUND = Template.PAYMENT_RECEIPT, Template.REFUND_RECEIPT


@pytest.fixture(autouse=True)
def acquirer():
    with registry.using(FakeAcquirer()):
        yield


@pytest.fixture
def shop(db):
    return make_merchants.merchant(country="IE")


def link_in(envelope, settings):
    (line,) = [one for one in read(envelope)[1].splitlines() if one.startswith("Your choices: ")]
    return line.removeprefix("Your choices: ").removeprefix(settings.BASE_URL)


def told(shop, mailbox, **of):
    """Sell something and return the mails of it."""
    seen = len(mailbox.mails)
    sale(shop, **of)
    make.told_so_far()
    notifications.deliver_due(NOON)
    return mailbox.mails[seen:]


def test_a_payer_chooses_on_the_page_that_the_receipt_leads_to(shop, mailbox, client, settings):
    (envelope,) = told(shop, mailbox)
    path = link_in(envelope, settings)
    assert f'<a href="{settings.BASE_URL}{path}">' in read(envelope)[2]

    page = client.get(path)
    assert page.status_code == 200
    assert b"Receipts of payments" in page.content
    assert PAYER.encode() not in page.content
    assert not Preference.objects.exists()  # Looking is not choosing.

    answer = client.post(path, {"wanted": ["mail:refund_receipt"], "time_zone": ""}, follow=True)

    assert b"Your choices are kept." in answer.content
    chosen = notifications.choices(path.rpartition("/")[2])
    assert [(c.channel, c.kind, c.is_wanted) for c in chosen.choices] == [
        ("mail", "payment_receipt", False),
        ("mail", "refund_receipt", True),
    ]
    assert (chosen.quiet, chosen.may_count_opens) == (None, False)
    assert told(shop, mailbox) == []


def test_a_payer_agrees_to_texts_and_says_when_they_sleep(shop, client):
    token = notifications.choices_token({Channel.MAIL: PAYER, Channel.SMS: PHONE}, is_payer=True)

    client.post(
        f"/messages/{token}",
        {
            "wanted": ["mail:payment_receipt", "mail:refund_receipt", "sms:payment_receipt"],
            "time_zone": "Asia/Tokyo",
            "begins": "22:00",
            "ends": "07:30",
        },
    )

    def is_wanted(channel, address, kind):
        return preferences.is_wanted(channel, address, kind, merchant_id=shop.id)

    assert is_wanted(Channel.SMS, PHONE, RECEIPT)
    assert not is_wanted(Channel.SMS, PHONE, REFUND)
    assert notifications.choices(token).quiet == data.Quiet(
        time_zone="Asia/Tokyo", begins=time(22), ends=time(7, 30)
    )
    client.post(f"/messages/{token}", {"wanted": [], "time_zone": ""})
    assert not QuietHours.objects.exists()
    assert not is_wanted(Channel.MAIL, PAYER, RECEIPT)


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({"time_zone": "Mars/Olympus", "begins": "22:00", "ends": "07:00"}, "Select a valid"),
        ({"time_zone": "UTC", "begins": "22:00", "ends": "22:00"}, "another time"),
        ({"time_zone": "UTC", "begins": "", "ends": "07:00"}, "from when to when"),
        ({"wanted": ["mail:api_key_changed"], "time_zone": ""}, "Select a valid"),
    ],
)
def test_what_cannot_be_chosen_changes_nothing(client, db, said, because):
    token = notifications.choices_token({Channel.MAIL: PAYER}, is_payer=True)

    answer = client.post(f"/messages/{token}", said)

    assert answer.status_code == 400
    assert because in answer.content.decode()
    assert not Preference.objects.exists()
    assert not QuietHours.objects.exists()


def test_a_link_that_we_have_not_made_leads_nowhere(client, db):
    token = notifications.choices_token({Channel.MAIL: PAYER}, is_payer=True)

    for wrong in ("test", token + "x", "x" + token, token.partition(":")[0] + ":forged"):
        assert client.get(f"/messages/{wrong}").status_code == 404
        assert client.post(f"/messages/{wrong}", {"time_zone": ""}).status_code == 404
    assert not Preference.objects.exists()


def test_an_owner_chooses_among_what_owners_are_told(shop, mailbox, client, settings):
    make_payments.in_review(shop.id)
    make.told_so_far()
    notifications.deliver_due(NOON)
    path = link_in(mailbox.mails[0], settings)

    client.post(path, {"wanted": [], "time_zone": ""})
    make_payments.in_review(shop.id)
    make.told_so_far()
    notifications.deliver_due(NOON.replace(hour=14))

    assert len(mailbox.mails) == 1
    make_merchants.api_key(shop)  # Of their keys they hear whatever they choose.
    make.told_so_far()
    notifications.deliver_due(NOON.replace(hour=15))
    assert len(mailbox.mails) == 2


def test_one_click_in_a_mail_about_several_ends_those_about_one(shop, mailbox, client, settings):
    for _ in range(2):
        make_payments.in_review(shop.id)
    make.told_so_far()
    notifications.deliver_due(NOON)
    (envelope,) = mailbox.mails
    message = read(envelope)[0]
    path = message["List-Unsubscribe"].strip("<>").removeprefix(settings.BASE_URL)
    choices = client.get(path).content.decode().partition('href="/messages/')[2]
    assert client.get(f"/messages/{choices.partition(chr(34))[0]}").status_code == 200

    client.post(path)
    make_payments.in_review(shop.id)
    make.told_so_far()
    notifications.deliver_due(NOON.replace(hour=14))

    assert len(mailbox.mails) == 1


def said_by(shop, customer, *, channel=Channel.SMS, kind=RECEIPT, is_wanted=True):
    return notifications.prefer_of_customer(
        customer_id=customer.id,
        merchant_id=shop.id,
        channel=channel,
        kind=kind,
        is_wanted=is_wanted,
        at=NOON,
    )


def customer_of(shop, **addresses):
    return payments.create_customer(
        merchant_id=shop.id, name="Carla", by=BY, at=NOON, **addresses
    ).value


def test_what_a_merchant_says_of_its_customer_is_about_its_own_messages(shop):
    other = make_merchants.merchant(name="Other")
    carla = customer_of(shop, phone=PHONE)

    said = said_by(shop, carla)

    assert (said.is_wanted, said.source) == (True, "merchant")
    assert preferences.is_wanted(Channel.SMS, PHONE, RECEIPT, merchant_id=shop.id)
    assert not preferences.is_wanted(Channel.SMS, PHONE, RECEIPT, merchant_id=other.id)


def test_a_recipients_refusal_goes_before_what_a_merchant_says(shop):
    carla = customer_of(shop, phone=PHONE)
    notifications.prefer(
        channel=Channel.SMS,
        address=PHONE,
        kind=RECEIPT,
        is_wanted=False,
        source="recipient",
        at=NOON,
    )

    said = said_by(shop, carla)

    assert (said.is_wanted, said.source) == (False, "recipient")


def test_a_customer_without_an_address_is_refused(shop):
    carla = customer_of(shop, email=PAYER)

    with pytest.raises(errors.AddressMissing):
        said_by(shop, carla)
    with pytest.raises(errors.AlwaysSent):
        said_by(shop, carla, channel=Channel.MAIL, kind=Template.API_KEY_CHANGED)

    assert not Preference.objects.exists()


def test_a_mail_is_counted_as_opened_only_if_its_reader_agrees(shop, mailbox, client, settings):
    (envelope,) = told(shop, mailbox)
    assert "<img" not in read(envelope)[2]
    token = link_in(envelope, settings).rpartition("/")[2]
    notifications.choose(
        token,
        wanted={(Channel.MAIL, RECEIPT), (Channel.MAIL, REFUND)},
        quiet=None,
        may_count_opens=True,
        at=NOON,
    )
    (envelope,) = told(shop, mailbox)
    pixel = read(envelope)[2].partition('<img src="')[2].partition('"')[0]
    path = pixel.removeprefix(settings.BASE_URL)

    answers = [client.get(path), client.get(path), client.get("/inbound/opened/forged:x")]

    assert [(one.status_code, one["Content-Type"]) for one in answers] == [(200, "image/gif")] * 3
    assert answers[0]["Cache-Control"] == "no-store"
    opened = [d for d in Delivery.objects.order_by("id") if d.opened_at]
    assert len(opened) == 1
    tally = next(t for t in queries.tallies(shop.id, since=NOON) if t.template == RECEIPT)
    assert (tally.total, tally.opened) == (2, 1)
    assert recipients.digest(Channel.MAIL, PAYER) not in pixel
    assert ids.public("wd", opened[0].id) in pixel
