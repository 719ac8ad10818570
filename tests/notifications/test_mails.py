"""Receipts to a real SMTP server."""

import email
import email.policy
import json

import pytest

from fintech.kernel import event_log, ids
from fintech.notifications import queries
from fintech.notifications import services as notifications
from fintech.notifications.channels import mail
from fintech.notifications.models import Delivery
from fintech.payments import services as payments
from fintech.payments.providers import registry
from tests.make import merchants as make_merchants
from tests.make import notifications as make
from tests.make import payments as make_payments
from tests.payments.providers.fake import FakeAcquirer

pytestmark = pytest.mark.django_db
NOON, BY = make_merchants.NOON, make_merchants.BY


@pytest.fixture(autouse=True)
def acquirer():
    with registry.using(FakeAcquirer()):
        yield


@pytest.fixture
def merchant(db):
    """A shop whose customers read English."""
    return make_merchants.merchant(country="IE")


def sale(merchant, *, receipt_email="payer@example.com", description="", capture="automatic"):
    """A payment that was confirmed, with an address for its receipt."""
    payment = make_payments.created(
        merchant.id,
        make_payments.eur(42_50),
        receipt_email=receipt_email,
        description=description,
        capture_method=capture,
    )
    return payments.confirm(
        payment_id=payment.id, merchant_id=merchant.id, token="visa", by=BY, at=NOON
    ).value


def read(envelope):
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    text = message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()
    return message, text, html


def receipts(merchant):
    return [d for d in queries.deliveries(merchant.id).items if d.channel == "mail"]


def test_a_payer_gets_a_receipt_when_the_money_is_taken(merchant, mailbox):
    payment = sale(merchant, description="Two books")
    make.told_so_far()

    notifications.deliver_due(NOON)

    (envelope,) = mailbox.mails
    assert envelope.rcpt_tos == ["payer@example.com"]
    message, text, html = read(envelope)
    assert message["Subject"] == "Your receipt from Blue Bottle Books: €42.50"
    for shown in ("Blue Bottle Books", "€42.50", "2 November 2026", "Two books", "Visa ···· 4242"):
        assert shown in text
        assert shown in html
    (delivery,) = receipts(merchant)
    assert (delivery.state, delivery.template, delivery.subject_id) == (
        "delivered",
        "payment_receipt",
        payment.id,
    )


@pytest.mark.parametrize(
    ("country", "subject", "amount"),
    [
        ("DE", "Ihr Beleg von Blue Bottle Books", "42,50\xa0€"),
        ("AT", "Ihr Beleg von Blue Bottle Books", "€\xa042,50"),
        ("FR", "Votre reçu de Blue Bottle Books", "42,50\xa0€"),
        ("JP", "Blue Bottle Books 領収書", "€42.50"),
        ("NL", "Your receipt from Blue Bottle Books", "€\xa042,50"),
    ],
)
def test_a_receipt_speaks_the_language_of_the_shops_country(db, mailbox, country, subject, amount):
    sale(make_merchants.merchant(country=country))
    make.told_so_far()

    notifications.deliver_due(NOON)

    message, text, html = read(mailbox.mails[0])
    assert message["Subject"].startswith(subject)
    assert amount in text
    assert amount in html


def test_a_payer_hears_of_each_refund_and_its_own_amount(merchant, mailbox):
    payment = sale(merchant)
    for minor in (10_00, 2_50):
        payments.refund(
            payment_id=payment.id,
            merchant_id=merchant.id,
            amount=make_payments.eur(minor),
            by=BY,
            at=NOON,
        )
    make.told_so_far()

    notifications.deliver_due(NOON)

    subjects = sorted(read(envelope)[0]["Subject"] for envelope in mailbox.mails)
    assert subjects == [
        "Blue Bottle Books has refunded €10.00",
        "Blue Bottle Books has refunded €2.50",
        "Your receipt from Blue Bottle Books: €42.50",
    ]


def test_a_payer_hears_once_of_a_refund_of_several_captures(merchant, mailbox):
    payment = sale(merchant, capture="manual")
    named = {"payment_id": payment.id, "merchant_id": merchant.id, "by": BY, "at": NOON}
    for minor in (10_00, 20_00):
        payments.capture(amount=make_payments.eur(minor), final=False, **named)
    payments.refund(**named)
    make.told_so_far()

    notifications.deliver_due(NOON)

    subjects = [read(envelope)[0]["Subject"] for envelope in mailbox.mails]
    assert [one for one in subjects if "refunded" in one] == [
        "Blue Bottle Books has refunded €30.00"
    ]


def test_owners_hear_of_a_payment_that_waits_for_them(merchant, mailbox):
    payment = make_payments.in_review(merchant.id)
    make.told_so_far()

    notifications.deliver_due(NOON)

    from fintech.merchants import queries as merchants

    (envelope,) = mailbox.mails
    assert envelope.rcpt_tos == merchants.owners_to_write_to(merchant.id)
    message, text, _ = read(envelope)
    assert message["Subject"] == "A payment of €42.50 waits for your decision"
    assert f"/dashboard/payments/{ids.public('pi', payment.id)}" in text


def test_no_receipt_before_the_money_is_taken(merchant, mailbox):
    payment = sale(merchant, capture="manual")
    make.told_so_far()
    assert receipts(merchant) == []

    payments.capture(payment_id=payment.id, merchant_id=merchant.id, by=BY, at=NOON)
    make.told_so_far()
    notifications.deliver_due(NOON)

    assert len(mailbox.mails) == 1


def test_no_address_no_receipt(merchant, mailbox):
    sale(merchant, receipt_email="")

    make.told_so_far()

    assert receipts(merchant) == []


def test_the_address_stands_in_no_log_event_or_delivery(merchant, mailbox):
    sale(merchant, receipt_email="very.private@example.com")
    make.told_so_far()
    notifications.deliver_due(NOON)

    assert len(mailbox.mails) == 1
    facts = [[fact.data, fact.meta] for fact in event_log.after(0, 1000)]
    rows = list(Delivery.objects.filter(channel="mail").values())
    assert "very.private" not in json.dumps(facts) + str(rows)


def test_an_address_that_is_refused_for_good_is_a_dead_letter(merchant, mailbox):
    mailbox.refusal = "550 No such user here"
    sale(merchant)
    make.told_so_far()

    notifications.deliver_due(NOON)

    (delivery,) = receipts(merchant)
    assert (delivery.state, delivery.last_error, delivery.last_status) == (
        "failed",
        "mail_refused",
        550,
    )


def told_of_messages(merchant):
    return [
        (one.type, one.object["status"], one.object["last_error"])
        for one in queries.events(merchant.id, limit=100).items
        if one.type.startswith("notification.")
    ]


def test_a_merchant_hears_that_a_receipt_arrived_and_nothing_of_its_address(merchant, mailbox):
    sale(merchant)
    make.told_so_far()
    notifications.deliver_due(NOON)
    make.told_so_far()

    assert told_of_messages(merchant) == [("notification.delivered", "delivered", None)]
    (event,) = [one for one in queries.events(merchant.id).items if "notification" in one.type]
    (delivery,) = receipts(merchant)
    assert event.object["id"] == ids.public("wd", delivery.id)
    assert event.object["event"] == ids.public("evt", delivery.event_id)
    assert "payer@example.com" not in json.dumps(event.object)


def test_a_merchant_hears_that_a_receipt_did_not_arrive(merchant, mailbox):
    mailbox.refusal = "550 No such user here"
    sale(merchant)
    make.told_so_far()
    notifications.deliver_due(NOON)
    make.told_so_far()

    assert told_of_messages(merchant) == [
        ("notification.failed", "permanent_failure", "mail_refused")
    ]


def test_a_server_that_is_busy_is_asked_again(merchant, mailbox):
    mailbox.refusal = "451 Try again later"
    sale(merchant)
    make.told_so_far()
    notifications.deliver_due(NOON)
    (delivery,) = receipts(merchant)
    assert (delivery.state, delivery.last_error) == ("pending", "mail_deferred")

    mailbox.refusal = ""
    notifications.deliver_due(delivery.next_attempt_at)

    assert receipts(merchant)[0].state == "delivered"
    assert len(mailbox.mails) == 1


def test_a_server_that_is_away_is_asked_again(merchant, mailbox):
    sale(merchant)
    make.told_so_far()
    mailbox.stop()

    notifications.deliver_due(NOON)

    (delivery,) = receipts(merchant)
    assert (delivery.state, delivery.last_error) == ("pending", "connection_failed")


@pytest.mark.parametrize(
    "hostile",
    [
        "Books\r\nBcc: everybody@example.com",
        "Books\nX-Injected: 1",
        "Books\x00\x07\x1b[31m",
        "{{ settings.SECRET_KEY }}{% include 'x' %}",
        "<script>alert(1)</script>",
        "\N{RIGHT-TO-LEFT OVERRIDE}skooB",
        "Ж" * 1000,
    ],
)
def test_hostile_words_are_words(merchant, mailbox, hostile):
    payment = make_payments.created(
        merchant.id, make_payments.eur(42_50), receipt_email="payer@example.com"
    )
    from fintech.payments.models import Payment

    # Should a room ever let such a text through, a mail still holds no more than text.
    Payment.objects.filter(id=payment.id).update(description=hostile.replace("\x00", ""))
    payments.confirm(payment_id=payment.id, merchant_id=merchant.id, token="visa", by=BY, at=NOON)
    make.told_so_far()

    notifications.deliver_due(NOON)

    (envelope,) = mailbox.mails
    message, text, html = read(envelope)
    assert envelope.rcpt_tos == ["payer@example.com"]
    assert message["Bcc"] is None
    assert message["X-Injected"] is None
    assert "<script>" not in html
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text + html
    assert "\x1b" not in text + html
    if "SECRET_KEY" in hostile:
        assert "{{ settings.SECRET_KEY }}" in text
    assert len(text) < 1000


def test_one_line_stays_one_line():
    assert mail.one_line("a\r\nb\x00c\u202ed\u2028e") == "a b c d e"
