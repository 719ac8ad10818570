"""Valkey is only a hint: wiped or away, every delivery still happens."""

import pytest
import redis
from django.conf import settings

from config.celery import app
from fintech.kernel import subscriptions
from fintech.kernel.event_log import EventSource
from fintech.kernel.subscriptions import Subscription
from fintech.notifications import handlers, queries
from fintech.notifications import services as notifications
from tests.make import merchants as make_merchants
from tests.make import notifications as make
from tests.notifications.receiving import Receiver

NOON = make_merchants.NOON
pytestmark = pytest.mark.django_db(transaction=True)


def hear() -> None:
    """Let the subscription hear what was committed, as its runner does."""
    subscriptions.catch_up(
        [Subscription(name="notifications", sources=(EventSource(),), handle=handlers.hear)]
    )


def deliver_everything() -> None:
    """What beat asks for once a second."""
    while notifications.deliver_due(at=NOON):
        pass


@pytest.fixture
def receiver():
    listening = Receiver()
    yield listening
    listening.stop()


def states(merchant) -> list[str]:
    found = queries.deliveries(merchant.id, limit=100).items
    return [str(delivery.state) for delivery in found if delivery.channel == "webhook"]


def test_wiped_between_the_commit_and_the_delivery(receiver):
    merchant = make_merchants.merchant()
    make.endpoint(merchant, receiver.url)
    for _ in range(5):
        make.customer(merchant)
    hear()

    redis.Redis.from_url(settings.REDIS_URL).flushall()
    deliver_everything()

    assert states(merchant) == ["delivered"] * 5
    assert len(receiver.received) == 5


def test_away_from_beginning_to_end(receiver, monkeypatch):
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    merchant = make_merchants.merchant()
    make.endpoint(merchant, receiver.url)
    for _ in range(5):
        make.customer(merchant)

    hear()
    deliver_everything()

    assert states(merchant) == ["delivered"] * 5
    assert len(receiver.received) == 5
