"""Several providers per channel: shares, failing over, states, and callbacks that are verified."""

import base64
import hashlib
import hmac
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.db import connections
from standardwebhooks import Webhook as Signer

from fintech.kernel import ids
from fintech.notifications import data, errors, queries
from fintech.notifications import services as notifications
from fintech.notifications.channels import providers
from fintech.notifications.data import Channel, Stage, Template
from fintech.notifications.services import providing
from fintech.notifications.services.providing import Health
from fintech.payments import services as payments
from fintech.payments.providers import registry
from tests.make import merchants as make_merchants
from tests.make import notifications as make
from tests.make import payments as make_payments
from tests.notifications import receiving
from tests.notifications.test_mails import sale
from tests.payments.providers.fake import FakeAcquirer

pytestmark = pytest.mark.django_db
BY = make_merchants.BY
NOON = make_merchants.NOON
PHONE = "+353851234567"
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture(autouse=True)
def acquirer():
    with registry.using(FakeAcquirer()):
        yield


@pytest.fixture
def gateway():
    listening = receiving.Receiver()
    listening.answers = [(201, {}, b'{"id": "ref-1", "sid": "SM1"}')]
    yield listening
    listening.stop()


def sms(gateway, kind="http", **more):
    if kind == "twilio":
        base = gateway.url.removesuffix("/hooks")
        told = {"account": "AC1", "token": "secret", "sender": "+15005550006", "url": base}
    else:
        told = {"url": gateway.url, "secret": SECRET}
    return {"name": kind, "kind": kind, **told, **more}


def texted(merchant, *, consent=True, at=NOON):
    """A receipt by text, on its way to a customer who may have asked for it."""
    if consent:
        notifications.prefer(
            channel=Channel.SMS,
            address=PHONE,
            kind=Template.PAYMENT_RECEIPT,
            is_wanted=True,
            source="checkout",
            at=at,
        )
    customer = payments.create_customer(
        merchant_id=merchant.id, name="Carla", phone=PHONE, by=BY, at=at
    ).value
    payment = make_payments.created(
        merchant.id, make_payments.eur(42_50), customer_id=customer.id, at=at
    )
    payments.confirm(payment_id=payment.id, merchant_id=merchant.id, token="visa", by=BY, at=at)
    make.told_so_far()


def one(merchant, channel="sms"):
    (found,) = [d for d in queries.deliveries(merchant.id).items if d.channel == channel]
    return found


def told(gateway, body, name="http", **headers):
    return notifications.receive(
        provider=name,
        body=body,
        headers=headers,
        url=providers.callback_url(name),
        at=NOON,
    )


def signed(body, secret=SECRET):
    moment = datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Signer(secret).sign("msg_1", moment, body.decode()),
    }


def callback(gateway, status, reference="ref-1", secret=SECRET):
    body = json.dumps({"id": reference, "status": status}).encode()
    return told(gateway, body, **signed(body, secret))


@pytest.fixture
def shop(db):
    return make_merchants.merchant(country="IE")


def test_a_text_goes_from_created_over_sent_to_delivered(shop, gateway, settings):
    settings.MESSAGE_PROVIDERS = [sms(gateway)]
    texted(shop)
    assert one(shop).stage == Stage.CREATED

    notifications.deliver_due(NOON)

    (received,) = gateway.received
    posted = json.loads(received.body)
    assert posted["to"] == PHONE
    assert posted["text"].startswith("Blue Bottle Books has received your payment of €42.50.")
    assert posted["callback"].endswith("/inbound/messages/http")
    assert received.headers["Idempotency-Key"] == ids.public("wd", one(shop).id)
    assert (one(shop).stage, one(shop).provider) == (Stage.SENT, "http")

    assert callback(gateway, "delivered") == 1
    assert one(shop).stage == Stage.DELIVERED
    assert callback(gateway, "delivered") == 0  # Told twice: nothing changes.


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        ("permanent_failure", (Stage.PERMANENT_FAILURE, "failed")),
        ("temporary_failure", (Stage.SENDING, "pending")),  # It is tried again.
        ("technical_failure", (Stage.SENDING, "pending")),
        ("odd", (Stage.SENT, "sent")),
    ],
)
def test_what_a_provider_tells_is_what_becomes_of_it(shop, gateway, settings, status, becomes):
    settings.MESSAGE_PROVIDERS = [sms(gateway)]
    texted(shop)
    notifications.deliver_due(NOON)

    callback(gateway, status)

    assert (one(shop).stage, one(shop).state) == becomes


def test_a_callback_that_is_not_signed_as_its_provider_signs_is_refused(shop, gateway, settings):
    settings.MESSAGE_PROVIDERS = [sms(gateway)]
    texted(shop)
    notifications.deliver_due(NOON)
    body = b'{"id": "ref-1", "status": "delivered"}'
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()

    for headers in ({}, signed(body, other), {**signed(body), "webhook-timestamp": "1"}):
        with pytest.raises(errors.CallbackRefused):
            told(gateway, body, **headers)
    with pytest.raises(errors.CallbackRefused):
        told(gateway, body.replace(b"ref-1", b"ref-2"), **signed(body))
    with pytest.raises(errors.ProviderNotFound):
        told(gateway, body, name="nobody", **signed(body))

    assert one(shop).state == "sent"


def test_over_http_a_callback_is_taken_or_refused(shop, gateway, settings, client):
    settings.MESSAGE_PROVIDERS = [sms(gateway)]
    texted(shop)
    notifications.deliver_due(NOON)
    body = b'{"id": "ref-1", "status": "delivered"}'

    refused = client.post("/inbound/messages/http", body, content_type="application/json")
    taken = client.post(
        "/inbound/messages/http", body, content_type="application/json", headers=signed(body)
    )

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "signature_invalid")
    assert (taken.status_code, taken.json()) == (200, {"changed": 1})
    assert one(shop).stage == Stage.DELIVERED


def twilio_signature(settings, fields, token="secret"):
    signed_text = f"{settings.BASE_URL}/inbound/messages/twilio" + "".join(
        f"{name}{fields[name]}" for name in sorted(fields)
    )
    code = hmac.new(token.encode(), signed_text.encode(), hashlib.sha1).digest()
    return base64.b64encode(code).decode()


def test_twilio_takes_a_form_and_signs_its_callbacks(shop, gateway, settings):
    settings.MESSAGE_PROVIDERS = [sms(gateway, "twilio")]
    texted(shop)

    notifications.deliver_due(NOON)

    (received,) = gateway.received
    assert received.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert received.headers["Authorization"].startswith("Basic ")
    assert b"From=%2B15005550006" in received.body
    assert one(shop).stage == Stage.SENT
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered", "AccountSid": "AC1"}
    body = urlencode(fields).encode()
    with pytest.raises(errors.CallbackRefused):
        told(
            gateway,
            body,
            name="twilio",
            **{"X-Twilio-Signature": twilio_signature(settings, fields, "wrong")},
        )
    told(gateway, body, name="twilio", **{"X-Twilio-Signature": twilio_signature(settings, fields)})
    assert one(shop).stage == Stage.DELIVERED


def test_a_number_that_does_not_exist_is_a_permanent_failure(shop, gateway, settings):
    settings.MESSAGE_PROVIDERS = [sms(gateway, "twilio")]
    gateway.answers = [(400, {}, b'{"code": 21211, "message": "invalid To"}')]
    texted(shop)

    notifications.deliver_due(NOON)

    assert one(shop).stage == Stage.PERMANENT_FAILURE


def test_one_that_fails_is_passed_over_at_once_and_then_rests(shop, gateway, settings):
    broken = receiving.Receiver()
    broken.answers = [500]
    settings.MESSAGE_PROVIDERS = [
        sms(broken, name="first", share=1000),
        sms(gateway, name="second", share=1),
    ]
    texted(shop)

    notifications.deliver_due(NOON)
    broken.stop()

    tried = one(shop).tried
    assert [(a.provider, a.outcome) for a in tried] == [
        ("first", "provider_failed"),
        ("second", "sent"),
    ]
    assert (one(shop).stage, one(shop).provider) == (Stage.SENT, "second")


def test_shares_decide_while_all_are_well(settings):
    settings.MESSAGE_PROVIDERS = [
        {"name": "big", "kind": "smtp", "share": 3},
        {"name": "small", "kind": "smtp", "share": 1},
        {"name": "off", "kind": "smtp", "share": 0},
    ]

    def counted(health):
        names = [health.chosen(Channel.MAIL, ids.new(), tried=()).name for _ in range(2000)]
        return names.count("big"), names.count("small"), names.count("off")

    big, small, off = counted(Health(frozenset(), frozenset()))
    assert 1300 < big < 1700
    assert off == 0
    big, small, _ = counted(
        Health(frozenset(), frozenset({"big"}))
    )  # Slow: a quarter of its share.
    assert small > big
    assert counted(Health(frozenset({"big"}), frozenset()))[0] == 0
    assert counted(Health(frozenset({"big", "small"}), frozenset()))[2] == 0  # Better than nobody.


def test_one_that_keeps_failing_rests_and_recovers(settings, gateway, shop):
    from fintech.notifications.channels.outcome import Outcome, Verdict
    from fintech.notifications.services import providing

    failure = Outcome(verdict=Verdict.RETRY, code="provider_failed", failure=data.Failure.TECHNICAL)
    for _ in range(2):
        providing.learn("http", failure, at=NOON)
    assert Health.at(NOON).resting == frozenset()
    providing.learn("http", failure, at=NOON)
    assert Health.at(NOON).resting == {"http"}
    assert Health.at(NOON + timedelta(seconds=31)).resting == frozenset()
    providing.learn("http", failure, at=NOON)
    assert Health.at(NOON + timedelta(seconds=31)).resting == {"http"}  # Twice as long.

    providing.learn("http", Outcome(verdict=Verdict.SENT, code="sent"), at=NOON)
    assert Health.at(NOON).resting == frozenset()
    slow = Outcome(verdict=Verdict.SENT, code="sent", duration_ms=9_000)
    providing.learn("http", slow, at=NOON)
    assert Health.at(NOON).slow == {"http"}


def test_anymail_sends_and_its_callbacks_are_checked_by_its_own_view(shop, settings, gateway):
    settings.MESSAGE_PROVIDERS = [
        {
            "name": "mailgun",
            "kind": "anymail",
            "backend": "anymail.backends.mailgun.EmailBackend",
            "options": {
                "api_key": "key",
                "sender_domain": "example.com",
                "api_url": gateway.url.removesuffix("/hooks"),
            },
            "webhook": "anymail.webhooks.mailgun.MailgunTrackingWebhookView",
            "webhook_options": {"webhook_signing_key": "signing"},
        }
    ]
    gateway.answers = [(200, {}, b'{"id": "<mg-1@example.com>", "message": "Queued."}')]
    sale(shop)
    make.told_so_far()

    notifications.deliver_due(NOON)

    assert one(shop, "mail").stage == Stage.SENT
    stamp = str(int(datetime.now(UTC).timestamp()))
    code = hmac.new(b"signing", f"{stamp}token".encode(), hashlib.sha256).hexdigest()
    body = json.dumps(
        {
            "signature": {"timestamp": stamp, "token": "token", "signature": code},
            "event-data": {
                "event": "delivered",
                "timestamp": float(stamp),
                "id": "event-1",
                "recipient": "payer@example.com",
                "message": {"headers": {"message-id": "mg-1@example.com"}},
            },
        }
    ).encode()
    headers = {"Content-Type": "application/json"}
    with pytest.raises(errors.CallbackRefused):
        told(gateway, body.replace(code.encode(), b"0" * 64), name="mailgun", **headers)
    told(gateway, body, name="mailgun", **headers)
    assert one(shop, "mail").stage == Stage.DELIVERED


def test_without_consent_no_text_is_sent(shop, gateway, settings):
    settings.MESSAGE_PROVIDERS = [sms(gateway)]

    texted(shop, consent=False)

    assert [d for d in queries.deliveries(shop.id).items if d.channel == "sms"] == []


def test_without_a_provider_it_is_our_failure_and_not_lost(shop, settings, mailbox):
    settings.MESSAGE_PROVIDERS = []
    sale(shop)
    make.told_so_far()

    notifications.deliver_due(NOON)

    assert (one(shop, "mail").state, one(shop, "mail").last_error) == ("pending", "no_provider")


def hasty(gateway, status):
    """A gateway that tells what became of a text before it has said that it took it."""
    told_early = []

    def answer(handler):
        def tell():
            try:
                told_early.append(callback(gateway, status))
            except errors.ToldTooEarly as early:
                told_early.append(early.code)
            finally:
                connections.close_all()

        teller = threading.Thread(target=tell)
        teller.start()
        if status == "delivered":
            time.sleep(0.15)  # And then it answers in time.
        else:
            teller.join()
        body = b'{"id": "ref-1"}'
        handler.send_response(201)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return told_early, answer


@pytest.mark.django_db(transaction=True)
def test_a_provider_that_tells_before_its_answer_is_written_down_is_heard(gateway, settings):
    shop = make_merchants.merchant(country="IE")
    settings.MESSAGE_PROVIDERS = [sms(gateway)]
    told_early, answer = hasty(gateway, "delivered")
    gateway.answers = [answer]
    texted(shop)

    notifications.deliver_due(NOON)
    until = time.monotonic() + 3
    while not told_early and time.monotonic() < until:
        time.sleep(0.02)

    assert told_early == [1]
    assert one(shop).stage == "delivered"


@pytest.mark.django_db(transaction=True)
def test_a_provider_that_tells_too_early_is_asked_to_tell_again(gateway, settings, monkeypatch):
    monkeypatch.setattr(providing, "_EARLY_S", 0.1)
    shop = make_merchants.merchant(country="IE")
    settings.MESSAGE_PROVIDERS = [sms(gateway)]
    told_early, answer = hasty(gateway, "permanent_failure")
    gateway.answers = [answer]
    texted(shop)

    notifications.deliver_due(NOON)

    assert told_early == ["receipt_too_early"]
    assert one(shop).stage == "sent"
    assert callback(gateway, "delivered") == 1
    assert callback(gateway, "delivered", reference="of-somebody-else") == 0
