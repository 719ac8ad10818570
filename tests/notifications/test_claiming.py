"""What a claim costs depends on endpoints and slots, not on how much waits."""

import json
from datetime import timedelta

import pytest
from django.db import connection

from fintech.kernel import ids
from fintech.notifications.models import Delivery, Endpoint, MerchantEvent
from fintech.notifications.services import claiming
from tests.make import merchants as make_merchants
from tests.make import notifications as make

NOON = make_merchants.NOON
WAITING = 3_000
CHANGES = 5


def fill(merchant, endpoint, *, ordered):
    """Many messages that wait for one endpoint, as if it had been away for a day."""
    events, deliveries, previous = [], [], None
    for number in range(WAITING):
        of, place = f"cus_{endpoint.id.hex[-6:]}{number // CHANGES}", number % CHANGES + 1
        event = MerchantEvent(
            id=ids.new(),
            merchant_id=merchant.id,
            type="customer.updated",
            object={"id": of},
            object_id=of,
            sequence=place,
            previous=previous if place > 1 else None,
            api_version="2026-11-01",
            source="test",
            position=ids.new().int & (2**62 - 1),
            addressees=1,
            created_at=NOON,
        )
        previous = event
        events.append(event)
        deliveries.append(
            Delivery(
                event=event,
                merchant_id=merchant.id,
                channel="webhook",
                endpoint_id=endpoint.id,
                order_key=of if ordered else "",
                order_number=place if ordered else 0,
                tries_left=10,
                created_at=NOON,
                next_attempt_at=NOON,
            )
        )
    MerchantEvent.objects.bulk_create(events)
    Delivery.objects.bulk_create(deliveries)


@pytest.mark.django_db(transaction=True)
def test_a_backlog_does_not_make_a_claim_dear(owner):
    merchant = make_merchants.merchant()
    ordered = make.endpoint(merchant, "http://127.0.0.1:9999/ordered", is_ordered=True)
    paused = make.endpoint(merchant, "http://127.0.0.1:9999/paused")
    fill(merchant, ordered, ordered=True)
    fill(merchant, paused, ordered=False)
    Endpoint.objects.filter(id=paused.id).update(
        failures=10, failing_since=NOON, pauses=1, paused_until=NOON + timedelta(hours=1)
    )
    owner.execute("ANALYZE")

    with connection.cursor() as cursor:
        cursor.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {claiming._CLAIM} SELECT id FROM held",
            {
                "at": NOON,
                "limit": 64,
                "mails": 32,
                "at_first": 32,
                "while_failing": 2,
                "endpoints": [],
                "slots": [],
            },
        )
        (told,) = cursor.fetchone()
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]

    assert plan["Actual Rows"] == 32
    # Some pages per slot and endpoint; the backlog itself is hundreds of pages.
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 1_500
