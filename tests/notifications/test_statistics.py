"""How telling went, in figures."""

from datetime import timedelta

import pytest

from fintech.kernel import clock, ids
from fintech.notifications import queries
from fintech.notifications import services as notifications
from fintech.notifications.data import Backlog
from tests.make import merchants as make_merchants
from tests.make import notifications as make

pytestmark = pytest.mark.django_db
NOON = make_merchants.NOON
HOUR = timedelta(hours=1)


@pytest.fixture
def told(merchant, receiver, mailbox):
    """Four events to one endpoint: one arrives at once, one later, one waits, one is refused."""
    endpoint = make.endpoint(merchant, receiver.url)
    for number in range(4):
        make.customer(merchant, name=f"Number {number}")
        make.told_so_far()
    receiver.answers = [200, 500, 500, 500]
    notifications.deliver_due(NOON, slots=1)
    receiver.answers = [200, 500, 500]
    notifications.deliver_due(NOON + timedelta(seconds=10), slots=1)
    return endpoint


def test_a_tally_counts_what_became_of_everything(merchant, told):
    (tally,) = queries.tallies(merchant.id, since=NOON)

    assert (tally.endpoint_id, tally.url) == (told.id, told.url)
    assert (tally.total, tally.delivered, tally.pending) == (4, 2, 2)
    assert (tally.failed, tally.abandoned, tally.attempts) == (0, 0, 7)
    assert tally.median_ms < 5_000
    assert 10_000 <= tally.p95_ms < 20_000
    assert tally.delivered_per_mille == 1000


def test_a_tally_is_of_a_time_and_of_one_merchant(merchant, told):
    assert queries.tallies(merchant.id, since=NOON + HOUR) == []
    assert queries.tallies(merchant.id, since=NOON - HOUR, until=NOON) == []
    assert queries.tallies(ids.new(), since=NOON) == []
    assert len(queries.tallies(since=NOON)) == 1


def test_the_backlog_is_what_waits_now(merchant, told):
    assert queries.backlog(at=NOON + timedelta(seconds=10)) == Backlog(
        due=0, oldest_due_s=0, retrying=2, dead=0, paused_endpoints=0
    )

    later = queries.backlog(at=NOON + HOUR)

    assert later.due == 2
    assert 3000 < later.oldest_due_s < 3600


def test_nothing_waits_where_nothing_was_told(merchant):
    assert queries.tallies(merchant.id, since=NOON) == []
    assert queries.backlog(at=NOON) == Backlog(
        due=0, oldest_due_s=0, retrying=0, dead=0, paused_endpoints=0
    )


def test_metrics_tell_the_backlog_and_what_became_of_the_last_hour(merchant, receiver, client):
    listening = make.endpoint(merchant, receiver.url)
    make.customer(merchant, at=clock.now())
    make.told_so_far()

    before = client.get("/metrics").content.decode()
    notifications.deliver_due(clock.now())
    after = client.get("/metrics").content.decode()

    endpoint = f'endpoint="{ids.public("we", listening.id)}"'
    way = f'{{channel="webhook",{endpoint},provider="",'
    assert f'deliveries_last_hour{way}state="pending",template=""}} 1.0' in before
    assert "deliveries_due 1.0" in before
    assert f'deliveries_last_hour{way}state="delivered",template=""}} 1.0' in after
    assert f'deliveries_last_hour{way}state="pending"' not in after
    assert "deliveries_due 0.0" in after
    assert f'deliveries_seconds_last_hour{way}quantile="0.95",template=""}} ' in after
