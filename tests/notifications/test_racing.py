"""Several senders at once, with real commits."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connections

from fintech.notifications import queries
from fintech.notifications import services as notifications
from fintech.notifications.models import Delivery
from fintech.notifications.services import recording
from tests.make import merchants as make_merchants
from tests.make import notifications as make
from tests.racing import race

NOON = make_merchants.NOON


@pytest.mark.django_db(transaction=True)
def test_many_senders_at_once_send_each_message_once(receiver):
    merchant = make_merchants.merchant()
    make.endpoint(merchant, receiver.url)
    for number in range(12):
        make.customer(merchant, name=f"Number {number}")
    make.told_so_far()
    receiver.answers = [200]

    attempts = race(4, notifications.deliver_due, at=NOON)

    assert sum(attempts) == 12
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 12
    assert len(receiver.received) == 12
    states = [one.state for one in queries.deliveries(merchant.id).items]
    assert states == ["delivered"] * 12


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_receiver_thinks(receiver, owner):
    merchant = make_merchants.merchant()
    make.endpoint(merchant, receiver.url)
    make.customer(merchant)
    make.told_so_far()
    asked, answer = threading.Event(), threading.Event()

    def thoughtful(handler):
        asked.set()
        answer.wait(5)
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver.answers = [thoughtful]

    def send():
        notifications.deliver_due(NOON)
        connections.close_all()

    sender = threading.Thread(target=send)
    sender.start()
    assert asked.wait(5)
    open_transactions = owner.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND backend_type = 'client backend'"
    ).fetchone()
    answer.set()
    sender.join()

    assert open_transactions == (0,)
    assert queries.deliveries(merchant.id).items[0].state == "delivered"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", [200, 500, 410])
def test_an_answer_that_comes_when_another_try_has_begun_changes_nothing(receiver, status):
    merchant = make_merchants.merchant()
    endpoint = make.endpoint(merchant, receiver.url)
    make.customer(merchant)
    make.told_so_far()
    asked, answer = threading.Event(), threading.Event()

    def late(handler):
        asked.set()
        answer.wait(5)
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver.answers = [late, 503]

    def send():
        notifications.deliver_due(NOON)
        connections.close_all()

    sender = threading.Thread(target=send)
    sender.start()
    assert asked.wait(5)
    # As if the sender had stood still until its lease ran out.
    Delivery.objects.update(leased_until=make_merchants.NOON - timedelta(days=365))
    notifications.deliver_due(NOON)
    (waiting,) = queries.deliveries(merchant.id).items
    answer.set()
    sender.join()

    (now,) = queries.deliveries(merchant.id).items
    assert (now.state, now.last_status, now.next_attempt_at, now.last_error) == (
        "pending",
        503,
        waiting.next_attempt_at,
        "http_error",
    )
    assert [(one.number, one.status) for one in now.tried] == [(1, 503), (2, status)]
    known = queries.endpoint(endpoint.id, merchant.id)
    assert known.is_enabled


@pytest.mark.django_db(transaction=True)
def test_what_was_written_down_before_the_database_went_away_is_not_written_again(
    receiver, monkeypatch
):
    merchant = make_merchants.merchant()
    make.endpoint(merchant, receiver.url)
    for number in range(2):
        make.customer(merchant, name=f"Number {number}")
    make.told_so_far()
    receiver.answers = [200, 500]
    record, times = recording.record, []

    def stumbling(ended):
        record(ended)
        times.append(len(ended))
        if len(times) == 1:
            raise OperationalError

    monkeypatch.setattr(recording, "record", stumbling)

    assert notifications.deliver_due(NOON) == 2

    assert len(times) >= 2
    tried = [one.tried for one in queries.deliveries(merchant.id).items]
    assert sorted(len(attempts) for attempts in tried) == [1, 1]
