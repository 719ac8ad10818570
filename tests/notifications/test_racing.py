"""Several senders at once, with real commits."""

import threading

import pytest
from django.db import connections

from fintech.notifications import queries
from fintech.notifications import services as notifications
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
