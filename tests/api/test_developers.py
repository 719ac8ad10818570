"""Developers without a public address: events are triggered, and come to where they listen."""

from io import StringIO

import pytest
import stripe
from django.core.management import CommandError, call_command
from standardwebhooks import Webhook

from fintech.api import listening, triggers
from fintech.kernel import subscriptions
from fintech.wire import merchant_events
from sandbox.receiver import Receiver


def test_every_script_is_of_an_event_that_there_is():
    assert set(triggers.EVENTS) <= set(merchant_events.types())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batch", range(4))
def test_each_event_happens_when_it_is_triggered(api, batch):
    missing = []
    for event in sorted(triggers.EVENTS)[batch::4]:
        call_command("trigger", event, key=api.secret, stdout=StringIO())
        subscriptions.catch_up()
        if not api.get("/v1/events", type=event).body["data"]:
            missing.append(event)
    assert missing == []


@pytest.mark.django_db(transaction=True)
def test_who_listens_gets_the_bytes_and_both_signatures(api):
    secret = listening.new_secret()
    with Receiver() as receiver:
        listener = listening.Listener(key=api.secret, url=receiver.url, secret=secret)
        assert listener.poll(print) == 0
        triggers.trigger("payment_intent.succeeded", key=api.secret, say=print)
        subscriptions.catch_up()
        lines: list[str] = []

        forwarded = listener.poll(lines.append)

        assert forwarded == len(receiver.received) >= 2
        assert all(line.endswith("204") for line in lines)
        for received in receiver.received:
            told = {name.lower(): value for name, value in received.headers.items()}
            assert Webhook(secret).verify(received.body, told)
            event = stripe.Webhook.construct_event(received.body, told["stripe-signature"], secret)
            assert api.get(f"/v1/events/{event.id}").content == received.body
        assert listener.poll(print) == 0


def test_an_unknown_event_is_refused_by_name(api):
    with pytest.raises(CommandError, match=r"no script for invoice\.paid"):
        call_command("trigger", "invoice.paid", key=api.secret)


def test_a_wrong_key_is_told_so(db):
    with pytest.raises(CommandError, match="not valid"):
        call_command("trigger", "customer.created", key="sk_test_ffp_" + "0" * 32)


def test_a_live_instance_makes_nothing_up(api, settings):
    settings.MODE = "live"

    with pytest.raises(CommandError, match="live"):
        call_command("trigger", "customer.created", key=api.secret)
