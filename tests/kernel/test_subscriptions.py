"""
A reader loses nothing and sees a stream in order, whatever commits when.

The two interleavings are the ones that break simpler cursors: a lower position under a
higher transaction id that commits late is lost by `position > last`, and reading in the
order of transaction ids turns a stream's versions around.
"""

import threading
from uuid import uuid4

import psycopg
import pytest
from django.db import connections
from django_subatomic import db

from fintech.kernel import event_log, ids, subscriptions
from fintech.kernel.event_log import EventSource
from fintech.kernel.models import Cursor
from fintech.kernel.subscriptions import Subscription, VersionGap
from tests.kernel.test_event_log import BY, made

pytestmark = pytest.mark.django_db(transaction=True)


class Reader:
    def __init__(self) -> None:
        self.heard: list[int] = []
        self.subscription = Subscription(name="reader", sources=(EventSource(),), handle=self.hear)

    def hear(self, window) -> None:
        self.heard += [fact.data["amount_minor"] for fact in window]

    def catch_up(self) -> list[int]:
        subscriptions.catch_up([self.subscription])
        return self.heard


def write(connection: psycopg.Connection, number: int, *, stream="t:1", version=1) -> None:
    connection.execute(
        "INSERT INTO kernel_event (stream, version, name, data, meta, occurred_at) "
        "VALUES (%s, %s, 'payments.thing_made.v1', jsonb_build_object('amount_minor', %s::int), "
        "'{}', now())",
        [stream, version, number],
    )


def connect(owner: psycopg.Connection) -> psycopg.Connection:
    opened = psycopg.connect(owner.info.dsn)
    opened.execute("SET search_path = public, kernel")
    opened.commit()
    return opened


def test_a_fact_that_commits_late_is_not_lost(owner):
    """The lower position is written by the later transaction, and commits last."""
    reader = Reader()
    with connect(owner) as early, connect(owner) as late:
        early.execute("SELECT pg_current_xact_id()")  # The lower transaction id …
        late.execute("SELECT pg_current_xact_id()")
        write(late, 1, stream="t:1")  # … but the lower position is the other's.
        write(early, 2, stream="t:2")
        early.commit()
        assert reader.catch_up() == [2]  # Its transaction is below the horizon.
        late.commit()
    assert reader.catch_up() == [2, 1]


def test_nothing_is_read_that_an_open_transaction_may_still_precede(owner):
    reader = Reader()
    with connect(owner) as slow, connect(owner) as quick:
        write(slow, 1, stream="t:1")
        write(quick, 2, stream="t:2")
        quick.commit()
        assert reader.catch_up() == []
        slow.commit()
    assert reader.catch_up() == [1, 2]


def test_a_stream_comes_in_order_though_its_transactions_did_not(owner):
    """The second version is written by the transaction with the lower id."""
    reader = Reader()
    with connect(owner) as older, connect(owner) as newer:
        older.execute("SELECT pg_current_xact_id()")
        write(newer, 1, stream="t:1", version=1)
        newer.commit()
        write(older, 2, stream="t:1", version=2)
        older.commit()
    assert reader.catch_up() == [1, 2]


def test_a_gap_in_a_stream_stops_the_reader(owner):
    reader = Reader()
    with connect(owner) as writer:
        write(writer, 1, stream="t:1", version=1)
        write(writer, 3, stream="t:1", version=3)
    with pytest.raises(VersionGap):
        reader.catch_up()
    assert reader.heard == []


def test_a_window_longer_than_one_stretch_is_read_to_its_end(monkeypatch):
    monkeypatch.setattr(subscriptions, "WINDOW", 3)
    reader = Reader()
    with db.transaction():
        event_log.append([made() for _ in range(8)], by=BY)

    assert reader.catch_up() == [5] * 8
    assert Cursor.objects.get().high is None


def test_what_a_handler_did_is_taken_back_with_its_place():
    """Exactly once: a reader that fails after its effect begins again without it."""
    calls = []

    def hear(window) -> None:
        Cursor.objects.filter(subscription="effect").delete()
        Cursor.objects.create(subscription="effect", source=str(uuid4()), epoch="")
        calls.append(len(window))
        if len(calls) == 1:
            raise RuntimeError("stumbled")

    subscription = Subscription(name="s", sources=(EventSource(),), handle=hear)
    with db.transaction():
        event_log.append([made(), made()], by=BY)

    with pytest.raises(RuntimeError, match="stumbled"):
        subscriptions.catch_up([subscription])
    assert Cursor.objects.filter(subscription="effect").count() == 0
    assert subscriptions.catch_up([subscription]) == 2
    assert Cursor.objects.filter(subscription="effect").count() == 1
    assert calls == [2, 2]


def test_two_runners_of_one_subscription_apply_everything_once():
    seen: list[int] = []
    subscription = Subscription(
        name="s",
        sources=(EventSource(),),
        handle=lambda window: seen.extend(f.position for f in window),
    )
    with db.transaction():
        event_log.append([made() for _ in range(50)], by=BY)

    def run() -> None:
        subscriptions.catch_up([subscription])
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == len(set(seen)) == 50


def test_hears_only_the_names_it_asked_for():
    seen: list[str] = []
    subscription = Subscription(
        name="s",
        sources=(EventSource(),),
        handle=lambda window: seen.extend(fact.name for fact in window),
        names=("ledger.",),
    )
    with db.transaction():
        event_log.append([made()], by=BY)

    assert subscriptions.catch_up([subscription]) == 1
    assert seen == []


def test_goes_on_by_position_after_a_restore_into_another_cluster():
    reader = Reader()
    with db.transaction():
        event_log.append([made()], by=BY)
    reader.catch_up()
    Cursor.objects.update(epoch="the old cluster", low=2**40)
    with db.transaction():
        event_log.append([made(ids.new())], by=BY)

    assert reader.catch_up() == [5, 5]


def test_what_lasts_is_told_with_its_traceback_once_a_minute(caplog, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("fintech.kernel.subscriptions.time.monotonic", lambda: now[0])
    stumbles = subscriptions.Stumbles("fraud")

    def stumble(error, *, after=0.5):
        now[0] += after
        try:
            raise error
        except type(error) as stumbled:
            stumbles.tell(stumbled)

    for _ in range(100):  # 50 seconds
        stumble(ConnectionError("away"))
    stumble(ValueError("something else"))
    stumble(ConnectionError("still away"), after=15)

    told = [(record.getMessage(), record.subscription, record.again) for record in caplog.records]
    assert told == [
        ("subscription.failed", "fraud", 0),
        ("subscription.failed", "fraud", 0),
        ("subscription.failed", "fraud", 99),
    ]
    assert all(record.exc_info for record in caplog.records)
