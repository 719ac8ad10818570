"""Webhooks to a real receiver over HTTP."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import standardwebhooks
import stripe

from fintech.kernel import ids
from fintech.notifications import queries
from fintech.notifications import services as notifications
from fintech.notifications.channels import webhook
from fintech.notifications.models import Delivery, Endpoint
from fintech.notifications.services import delivering
from tests.make import merchants as make_merchants
from tests.make import notifications as make
from tests.notifications import receiving

pytestmark = pytest.mark.django_db
NOON, BY = make_merchants.NOON, make_merchants.BY


@pytest.fixture
def told(merchant, receiver):
    """An endpoint, and one event on its way to it."""
    endpoint = make.endpoint(merchant, receiver.url)
    make.customer(merchant)
    make.told_so_far()
    return endpoint


def webhooks(merchant):
    """What went to endpoints; mails about them aside."""
    return [d for d in queries.deliveries(merchant.id).items if d.channel == "webhook"]


def only(merchant):
    (delivery,) = webhooks(merchant)
    return delivery


def verify(received, secret):
    stripe.Webhook.construct_event(received.body, received.headers["Stripe-Signature"], secret)
    return standardwebhooks.Webhook(secret).verify(received.body, received.headers)


def test_arrives_signed_for_both_ways_of_verifying(merchant, receiver, told):
    assert notifications.deliver_due(NOON) == 1

    (received,) = receiver.received
    event = verify(received, told.secret)
    assert event["type"] == "customer.created"
    assert event["data"]["object"]["name"] == "Carla Customer"
    assert event["id"] == received.headers["webhook-id"]
    assert received.path == "/hooks"
    delivery = only(merchant)
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("delivered", 1, 200)
    assert delivery.delivered_at is not None
    assert [(a.number, a.outcome, a.status) for a in delivery.tried] == [(1, "delivered", 200)]


def test_the_event_is_the_same_as_the_one_that_is_listed(merchant, receiver, told):
    from fintech.wire import events
    from fintech.wire import json as wire_json

    notifications.deliver_due(NOON)

    (listed,) = queries.events(merchant.id).items
    assert receiver.received[0].body == wire_json.dumps(events.render(listed, pending_webhooks=1))


def test_what_was_changed_on_the_way_is_refused_by_both(receiver, told):
    notifications.deliver_due(NOON)

    (received,) = receiver.received
    changed = received.body.replace(b"Carla", b"Clara")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(changed, received.headers["Stripe-Signature"], told.secret)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(told.secret).verify(changed, received.headers)


def test_what_is_replayed_later_is_refused_by_both(told):
    old = int(time.time()) - 301
    body = b'{"object":"event"}'
    sent = webhook.Webhook(
        url="", event_id="evt_1", body=body, secrets=[told.secret], loopback_allowed=True
    )
    headers = webhook.headers(sent, timestamp=old)

    with pytest.raises(stripe.SignatureVerificationError, match=r"[Tt]imestamp"):
        stripe.Webhook.construct_event(body, headers["Stripe-Signature"], told.secret)
    with pytest.raises(standardwebhooks.WebhookVerificationError, match="too old"):
        standardwebhooks.Webhook(told.secret).verify(body, headers)


def test_while_a_secret_is_rolled_both_verify_and_then_only_the_new_one(merchant, receiver, told):
    rolled = notifications.roll_secret(endpoint_id=told.id, merchant_id=merchant.id, by=BY, at=NOON)
    notifications.deliver_due(NOON)
    make.customer(merchant, at=NOON + timedelta(hours=24))
    make.told_so_far()
    notifications.deliver_due(NOON + timedelta(hours=24))

    during, after = receiver.received
    assert verify(during, told.secret) == verify(during, rolled.secret)
    verify(after, rolled.secret)
    with pytest.raises(stripe.SignatureVerificationError):
        verify(after, told.secret)


def test_nothing_is_sent_twice(receiver, told):
    notifications.deliver_due(NOON)

    assert notifications.deliver_due(NOON + timedelta(days=1)) == 0
    assert len(receiver.received) == 1


def test_is_tried_again_ever_more_rarely_and_with_the_same_id(merchant, receiver, told):
    receiver.answers = [500]
    waits, at = [], NOON
    while (delivery := only(merchant)).state == "pending":
        at = max(at, delivery.next_attempt_at)
        assert notifications.deliver_due(at) >= 1
        following = only(merchant).next_attempt_at
        if following:
            waits.append(following - at)
            assert notifications.deliver_due(following - timedelta(seconds=2)) == 0

    assert len(receiver.received) == 10
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
    minute, hour = 60, 3600
    planned = [5, 5 * minute, 30 * minute, *(hours * hour for hours in (2, 5, 10, 14, 20, 24))]
    for wait, seconds in zip(waits, planned, strict=True):
        assert seconds * 0.89 <= wait.total_seconds() <= seconds * 1.11 + 3
    assert (delivery.state, delivery.last_error, delivery.attempts) == (
        "abandoned",
        "http_error",
        10,
    )


def test_each_attempt_is_signed_for_its_own_instant(receiver, told, monkeypatch):
    receiver.answers = [500, 200]
    notifications.deliver_due(NOON)
    later = time.time() + 100
    monkeypatch.setattr(webhook.time, "time", lambda: later)
    notifications.deliver_due(NOON + timedelta(minutes=1))

    first, second = (int(r.headers["webhook-timestamp"]) for r in receiver.received)
    assert second == int(later)
    assert first < second


def test_waits_as_long_as_it_is_asked_to(merchant, receiver, told):
    receiver.answers = [(429, {"Retry-After": "3600"}, b"later")]

    notifications.deliver_due(NOON)

    wait = only(merchant).next_attempt_at - NOON
    assert timedelta(minutes=59) < wait < timedelta(minutes=61)


def test_waits_until_the_moment_it_is_asked_to(merchant, receiver, told):
    moment = datetime.now(UTC) + timedelta(hours=2)
    receiver.answers = [(503, {"Retry-After": format_datetime(moment, usegmt=True)}, b"later")]

    notifications.deliver_due(NOON)

    wait = only(merchant).next_attempt_at - NOON
    assert timedelta(minutes=119) < wait < timedelta(minutes=121)


@pytest.mark.parametrize(
    "asked",
    ["-1", "soon", "99999999999", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 41 Oct 2026 07:28:00"],
)
def test_is_not_asked_to_wait_forever_or_in_riddles(merchant, receiver, told, asked):
    receiver.answers = [(503, {"Retry-After": asked}, b"")]

    notifications.deliver_due(NOON)

    assert only(merchant).next_attempt_at - NOON < timedelta(seconds=10)


def test_gone_is_gone(merchant, receiver, told, monkeypatch):
    monkeypatch.setattr(delivering, "AHEAD", 0)
    make.customer(merchant, name="Second")
    make.told_so_far()
    receiver.answers = [410]

    notifications.deliver_due(NOON, slots=1)

    states = {(d.state, d.last_error) for d in webhooks(merchant)}
    assert states == {("failed", "gone"), ("abandoned", "endpoint_disabled")}
    assert len(receiver.received) == 1
    endpoint = queries.endpoint(told.id, merchant.id)
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "gone")
    make.customer(merchant, name="Third")
    make.told_so_far()
    assert len(webhooks(merchant)) == 2


def test_a_redirect_is_not_followed(merchant, receiver, told):
    receiver.answers = [(302, {"Location": receiver.url}, b"")]

    notifications.deliver_due(NOON)

    assert len(receiver.received) == 1
    assert (only(merchant).last_error, only(merchant).last_status) == ("redirected", 302)


@pytest.mark.parametrize("behavior", [receiving.after(2), receiving.drip])
def test_a_slow_receiver_is_not_waited_for(merchant, receiver, told, behavior, monkeypatch):
    monkeypatch.setattr(webhook, "_TIMEOUT_S", 0.3)
    receiver.answers = [behavior]
    began = time.monotonic()

    notifications.deliver_due(NOON)

    assert only(merchant).last_error == "timeout"
    assert time.monotonic() - began < 1.5


def test_a_line_that_is_cut_is_tried_again(merchant, receiver, told):
    receiver.answers = [receiving.hang_up, 204]

    notifications.deliver_due(NOON)
    assert (only(merchant).state, only(merchant).last_error) == ("pending", "connection_closed")

    notifications.deliver_due(NOON + timedelta(minutes=1))
    assert (only(merchant).state, only(merchant).last_error) == ("delivered", "")


def test_nobody_at_home_is_tried_again(merchant, receiver, told):
    receiver.stop()

    notifications.deliver_due(NOON)

    assert (only(merchant).state, only(merchant).last_error) == ("pending", "connection_failed")


def test_a_flood_of_an_answer_is_not_read(merchant, receiver, told):
    receiver.answers = [(200, {}, b"\x00\xff" * 5_000_000)]

    notifications.deliver_due(NOON)

    delivery = only(merchant)
    assert delivery.state == "delivered"
    assert len(delivery.tried[0].excerpt) == 500
    assert "\x00" not in delivery.tried[0].excerpt


def test_an_address_that_became_private_is_not_contacted(merchant, receiver, told, settings):
    settings.WEBHOOK_ALLOW_LOOPBACK = False

    notifications.deliver_due(NOON)

    assert receiver.received == []
    assert (only(merchant).state, only(merchant).last_error) == ("failed", "target_refused")


def test_one_slow_endpoint_does_not_hold_up_the_others(merchant, receiver, told):
    slow = receiving.Receiver()
    slow.answers = [receiving.after(1.0)]
    make.endpoint(merchant, slow.url)
    for number in range(10):
        make.customer(merchant, name=f"Number {number}")
    make.told_so_far()
    arrived: list[float] = []
    receiver.answers = [lambda h: (arrived.append(time.monotonic()), _ok(h))]
    began = time.monotonic()

    notifications.deliver_due(NOON, run_s=0.0)
    slow.stop()

    assert len(slow.received) == 4  # Its share of the slots, and no more.
    assert len(arrived) == 4 or max(arrived) - began < 1.0


def _ok(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def test_a_sender_that_died_is_replaced_when_its_lease_runs_out(merchant, receiver, told):
    now = datetime.now(UTC)
    Delivery.objects.update(leased_until=now + timedelta(seconds=30), lease=ids.new())
    assert notifications.deliver_due(NOON) == 0

    Delivery.objects.update(leased_until=now - timedelta(seconds=1))
    assert notifications.deliver_due(NOON) == 1
    assert only(merchant).state == "delivered"


def test_one_message_can_be_sent_at_once(merchant, receiver, told):
    make.customer(merchant, name="Second")
    make.told_so_far()
    first, second = queries.deliveries(merchant.id).items

    assert notifications.deliver(first.id, at=NOON)
    assert not notifications.deliver(first.id, at=NOON)

    assert queries.delivery(first.id, merchant.id).state == "delivered"
    assert queries.delivery(second.id, merchant.id).state == "pending"


def test_a_mistake_of_our_own_about_one_message_does_not_stop_the_others(
    merchant, receiver, told, monkeypatch
):
    make.customer(merchant, name="Second")
    make.told_so_far()
    render = delivering.wire_events.render

    def broken(event, **kwargs):
        if event.object["name"] == "Second":
            raise RuntimeError("a mistake")
        return render(event, **kwargs)

    monkeypatch.setattr(delivering.wire_events, "render", broken)

    notifications.deliver_due(NOON)

    assert [json.loads(r.body)["data"]["object"]["name"] for r in receiver.received] == [
        "Carla Customer"
    ]
    second, first = queries.deliveries(merchant.id).items
    assert (first.state, second.state, second.last_error) == (
        "delivered",
        "pending",
        "not_composed",
    )


def test_the_secret_is_not_shown_again(merchant, told):
    assert told.secret.startswith("whsec_")
    assert queries.endpoint(told.id, merchant.id).secret == ""
    assert told.secret not in repr(told)


def test_the_secret_stands_nowhere_in_the_database(merchant, told):
    from fintech.notifications.channels import sealing

    (stored,) = Endpoint.objects.filter(id=told.id).values_list("secret", flat=True)

    assert told.secret.removeprefix("whsec_")[:8] not in stored
    assert sealing.opened(stored, of=told.id) == told.secret
    with pytest.raises(sealing.SealBroken):
        sealing.opened(stored, of=ids.new())


def test_a_secret_outlives_the_rotation_of_the_key_that_seals_it(
    merchant, receiver, told, settings
):
    former = settings.ENDPOINT_SECRETS_KEYS
    settings.ENDPOINT_SECRETS_KEYS = ["a new key", *former]

    notifications.deliver_due(NOON)

    verify(receiver.received[0], told.secret)
