"""Endpoints that want the events of one object one after the other."""

import json
from datetime import timedelta

import pytest

from fintech.notifications import queries
from fintech.notifications import services as notifications
from fintech.notifications.services import delivering
from fintech.payments import services as payments
from tests.make import merchants as make_merchants
from tests.make import notifications as make

pytestmark = pytest.mark.django_db
NOON, BY = make_merchants.NOON, make_merchants.BY


def changed(merchant, customer, times=3):
    for number in range(times):
        payments.update_customer(
            customer_id=customer.id,
            merchant_id=merchant.id,
            name=f"Version {number + 1}",
            by=BY,
            at=NOON + timedelta(seconds=number + 1),
        )


def heard(receiver):
    """The numbers of what arrived, in order of arrival, by object."""
    found = {}
    for received in receiver.received:
        body = json.loads(received.body)
        found.setdefault(body["data"]["object"]["id"], []).append(body["sequence"])
    return found


def test_events_of_one_object_come_one_after_the_other(merchant, receiver):
    make.endpoint(merchant, receiver.url, is_ordered=True)
    for _ in range(3):
        changed(merchant, make.customer(merchant))
    make.told_so_far()

    notifications.deliver_due(NOON + timedelta(minutes=1))

    assert list(heard(receiver).values()) == [[1, 2, 3, 4]] * 3


def test_one_that_fails_holds_back_its_own_object_only(merchant, receiver):
    make.endpoint(merchant, receiver.url, is_ordered=True)
    first, second = make.customer(merchant), make.customer(merchant)
    changed(merchant, first)
    changed(merchant, second)
    make.told_so_far()
    receiver.answers = [500, 200]  # The first event of the first customer.

    notifications.deliver_due(NOON + timedelta(minutes=1))
    assert sorted(heard(receiver).values()) == [[1], [1, 2, 3, 4]]
    notifications.deliver_due(NOON + timedelta(minutes=2))

    assert sorted(heard(receiver).values()) == [[1, 1, 2, 3, 4], [1, 2, 3, 4]]


def test_a_dead_letter_lets_the_next_one_go(merchant, receiver):
    endpoint = make.endpoint(merchant, receiver.url, is_ordered=True)
    changed(merchant, make.customer(merchant), times=1)
    make.told_so_far()
    receiver.answers = [500]
    at = NOON
    while (
        first := queries.deliveries(merchant.id, endpoint_id=endpoint.id).items[-1]
    ).next_attempt_at:
        at = max(at, first.next_attempt_at)
        notifications.deliver_due(at)
        at += timedelta(hours=1)  # A paused endpoint is tried again by then.
    receiver.answers = [200]

    notifications.deliver_due(at)

    assert set(heard(receiver).popitem()[1][:10]) == {1}
    assert heard(receiver).popitem()[1][-1] == 2


def test_without_order_nothing_waits(merchant, receiver):
    make.endpoint(merchant, receiver.url)
    changed(merchant, make.customer(merchant))
    make.told_so_far()
    receiver.answers = [500, 200]

    notifications.deliver_due(NOON + timedelta(minutes=1))

    assert sorted(heard(receiver).popitem()[1]) == [1, 2, 3, 4]


def test_a_receiver_sees_gaps_by_number_and_predecessor(merchant, receiver):
    make.endpoint(merchant, receiver.url, is_ordered=True)
    changed(merchant, make.customer(merchant))
    make.told_so_far()

    notifications.deliver_due(NOON + timedelta(minutes=1))

    told = [json.loads(received.body) for received in receiver.received]
    assert [one["sequence"] for one in told] == [1, 2, 3, 4]
    assert [one["previous_event_id"] for one in told] == [None, *(one["id"] for one in told[:-1])]


def test_whoever_missed_something_catches_up_from_there(merchant):
    changed(merchant, make.customer(merchant))
    make.told_so_far()
    told = queries.events(merchant.id).items[::-1]

    first = queries.events(merchant.id, following=told[0].id, limit=2)
    rest = queries.events(merchant.id, following=first.items[-1].id, limit=2)

    assert [one.id for one in (*first.items, *rest.items)] == [one.id for one in told[1:]]
    assert (first.has_more, rest.has_more) == (True, False)


def test_lines_are_kept_between_messages(merchant, receiver, monkeypatch):
    monkeypatch.setattr(delivering, "AHEAD", 0)
    ports = set()

    def note(handler):
        ports.add(handler.client_address[1])
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver.answers = [note]
    make.endpoint(merchant, receiver.url)
    for _ in range(6):
        make.customer(merchant)
    make.told_so_far()

    assert notifications.deliver_due(NOON, slots=1) == 6
    assert len(ports) == 1
