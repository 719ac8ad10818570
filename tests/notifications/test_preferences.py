"""What recipients want: consent, unsubscribing, quiet hours, several told in one."""

import email
import email.policy
from datetime import UTC, datetime, time, timedelta

import pytest

from fintech.notifications import errors, queries
from fintech.notifications import services as notifications
from fintech.notifications.channels import recipients
from fintech.notifications.data import Channel, Template
from fintech.notifications.models import Preference, QuietHours
from fintech.notifications.services import preferences
from fintech.payments.providers import registry
from tests.make import merchants as make_merchants
from tests.make import notifications as make
from tests.make import payments as make_payments
from tests.notifications.test_mails import sale
from tests.payments.providers.fake import FakeAcquirer

pytestmark = pytest.mark.django_db
NOON, BY = make_merchants.NOON, make_merchants.BY
PAYER = "payer@example.com"


@pytest.fixture(autouse=True)
def acquirer():
    with registry.using(FakeAcquirer()):
        yield


@pytest.fixture
def shop(db):
    return make_merchants.merchant(country="IE")


def mails(merchant, template=None):
    return [
        d
        for d in queries.deliveries(merchant.id).items
        if d.channel == "mail" and template in {None, d.template}
    ]


def read(envelope):
    return email.message_from_bytes(envelope.content, policy=email.policy.default)


def test_one_click_in_a_mail_program_ends_mails_of_that_kind(shop, mailbox, client, settings):
    sale(shop)
    make.told_so_far()
    notifications.deliver_due(NOON)
    message = read(mailbox.mails[0])
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = message["List-Unsubscribe"].strip("<>").removeprefix(settings.BASE_URL)

    looked = client.get(path)
    assert looked.status_code == 200
    assert not Preference.objects.exists()  # To look at a link is not to click the button.
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200

    sale(shop)
    make.told_so_far()
    notifications.deliver_due(NOON)
    assert len(mailbox.mails) == 1
    second = mails(shop, "payment_receipt")[0]
    assert (second.state, second.last_error) == ("failed", "not_wanted")


def test_a_link_that_we_have_not_made_does_nothing(client):
    assert client.post("/inbound/unsubscribe/forged:token").status_code == 404
    assert not Preference.objects.exists()


def test_security_notices_cannot_be_refused(shop, mailbox):
    with pytest.raises(errors.AlwaysSent):
        notifications.prefer(
            channel=Channel.MAIL,
            address="owner@example.com",
            kind=Template.API_KEY_CHANGED,
            is_wanted=False,
            source="staff",
            at=NOON,
        )
    make_merchants.api_key(shop)
    make.told_so_far()
    notifications.deliver_due(NOON)
    assert "List-Unsubscribe" not in read(mailbox.mails[-1])


def test_no_address_is_kept(shop):
    notifications.prefer(
        channel=Channel.MAIL,
        address="  Payer@Example.com ",
        kind=Template.PAYMENT_RECEIPT,
        is_wanted=False,
        source="staff",
        at=NOON,
    )

    (row,) = Preference.objects.all()
    assert "example" not in row.recipient
    assert not preferences.is_wanted(
        Channel.MAIL, PAYER, Template.PAYMENT_RECEIPT, merchant_id=shop.id
    )


def test_quiet_hours_are_by_the_recipients_own_clock(shop, mailbox):
    notifications.keep_quiet(
        channel=Channel.MAIL, address=PAYER, time_zone="Asia/Tokyo", begins=time(21), ends=time(8)
    )
    sale(shop)  # At noon in Europe it is nine in the evening in Tokyo.
    make.told_so_far()

    notifications.deliver_due(NOON)
    assert mailbox.mails == []
    (waiting,) = mails(shop)
    assert (waiting.state, waiting.attempts) == ("pending", 0)
    morning = datetime(2026, 11, 2, 23, tzinfo=UTC)  # There.
    assert morning <= waiting.next_attempt_at < morning + timedelta(seconds=5)

    notifications.deliver_due(morning - timedelta(minutes=1))
    assert mailbox.mails == []
    notifications.deliver_due(morning + timedelta(seconds=5))
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize(
    ("at", "hours"),
    [
        (datetime(2026, 10, 24, 21, tzinfo=UTC), 10),  # The night in which summer time ends.
        (datetime(2027, 3, 27, 21, tzinfo=UTC), 9),  # The one in which it begins.
        (datetime(2026, 11, 3, 2, tzinfo=UTC), 5),
        (datetime(2026, 11, 3, 7, tzinfo=UTC), None),
    ],
)
def test_a_night_is_as_long_as_the_clocks_there_say(at, hours):
    QuietHours.objects.create(
        recipient=recipients.digest(Channel.MAIL, PAYER),
        time_zone="Europe/Berlin",
        begins=time(22),
        ends=time(8),
    )

    wait = preferences.quiet_for(Channel.MAIL, PAYER, Template.PAYMENT_RECEIPT, country="DE", at=at)

    assert wait == (None if hours is None else timedelta(hours=hours))


def test_texts_are_not_sent_at_night_unless_somebody_says_so():
    at = datetime(2026, 11, 2, 22, tzinfo=UTC)
    kind = Template.PAYMENT_RECEIPT

    quiet = preferences.quiet_for(Channel.SMS, "+49301234", kind, country="DE", at=at)

    assert quiet == timedelta(hours=9)  # Eight in Berlin.
    assert preferences.quiet_for(Channel.MAIL, PAYER, kind, country="DE", at=at) is None


def test_security_notices_come_at_night_too(shop):
    notifications.keep_quiet(
        channel=Channel.MAIL, address=PAYER, time_zone="UTC", begins=time(0), ends=time(23, 59)
    )

    def wait(kind):
        return preferences.quiet_for(Channel.MAIL, PAYER, kind, country="IE", at=NOON)

    assert wait(Template.API_KEY_CHANGED) is None
    assert wait(Template.PAYMENT_RECEIPT) is not None


def test_a_time_zone_exists():
    for wrong in ("Mars/Olympus", "../../etc/passwd", ""):
        with pytest.raises(errors.TimeZoneUnknown):
            notifications.keep_quiet(
                channel=Channel.MAIL, address=PAYER, time_zone=wrong, begins=time(1), ends=time(2)
            )


def test_many_reviews_are_one_mail_and_the_next_waits_a_quarter_of_an_hour(shop, mailbox):
    for _ in range(3):
        make_payments.in_review(shop.id)
    make.told_so_far()

    notifications.deliver_due(NOON)

    (envelope,) = mailbox.mails
    assert read(envelope)["Subject"] == "3 payments wait for your decision"
    assert {d.state for d in mails(shop, "review_opened")} == {"delivered"}

    make_payments.in_review(shop.id)
    make.told_so_far()
    notifications.deliver_due(NOON + timedelta(minutes=5))
    assert len(mailbox.mails) == 1
    notifications.deliver_due(NOON + timedelta(minutes=16))
    assert read(mailbox.mails[1])["Subject"] == "A payment of €42.50 waits for your decision"
