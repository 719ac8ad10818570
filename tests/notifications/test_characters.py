"""
Many events to twenty receivers of every character, in a process of their own.

A small share of `make prove-notifications`, without its faults: those are in `benchmarks/telling.py`.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks import telling
from fintech.kernel import ids
from fintech.notifications import queries
from fintech.notifications import services as notifications
from fintech.notifications.channels import webhook
from fintech.notifications.models import Attempt, Delivery
from fintech.notifications.services import endpoints as endpoint_services
from fintech.payments import services as payments
from tests.make import merchants as make_merchants
from tests.make import notifications as make

NOON, BY = make_merchants.NOON, make_merchants.BY
# Quicker than in the campaign: what is slow on a busy machine must not look like what hangs.
CHARACTERS = [{"slow:0.6": "slow:0.1"}.get(of, of) for of in telling.CHARACTERS]
CUSTOMERS = max(3, round(200 * float(os.environ.get("EFFORT", "0.02"))))


@pytest.fixture
def listening(tmp_path):
    log = tmp_path / "heard.txt"
    running = subprocess.Popen(
        [sys.executable, "-m", "sandbox.receivers", "--log", str(log), *CHARACTERS],
        cwd=Path(telling.__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
    )
    yield [f"http://127.0.0.1:{port}/hooks" for port in json.loads(running.stdout.readline())], log
    running.terminate()
    running.wait()


@pytest.mark.django_db(transaction=True)
def test_each_that_is_well_has_everything_once_and_the_others_are_left_alone(
    listening, mailbox, monkeypatch
):
    monkeypatch.setattr(webhook, "_TIMEOUT_S", 2.5)
    monkeypatch.setattr(endpoint_services, "_TOLERATED", 4)  # As many as hang at once.
    urls, log = listening
    merchant = make_merchants.merchant()
    endpoints = [
        make.endpoint(merchant, url, is_ordered=number in telling.ORDERED)
        for number, url in enumerate(urls)
    ]
    for number in range(CUSTOMERS):
        customer = make.customer(merchant, name=f"Number {number}")
        for change in range(telling.CHANGES):
            payments.update_customer(
                merchant_id=merchant.id,
                customer_id=customer.id,
                description=f"Change {change}",
                by=BY,
                at=NOON,
            )
    make.told_so_far()

    well = [endpoints[number].id for number in telling.HEALTHY]
    for minutes in range(0, 120, 10):  # What is paused has its chances, and uses none of them.
        notifications.deliver_due(NOON + timedelta(minutes=minutes))
        waiting = Delivery.objects.filter(endpoint_id__in=well, channel="webhook", state="pending")
        if minutes >= 20 and not waiting.exists():
            break

    events = {ids.public("evt", e.id) for e in queries.events(merchant.id, limit=10_000).items}
    assert len(events) == CUSTOMERS * (telling.CHANGES + 1)
    heard = [line.split() for line in log.read_text().splitlines()]
    for number in telling.HEALTHY:
        got = Counter(one[1] for one in heard if int(one[0]) == number and one[3] == "200")
        assert set(got) == events, CHARACTERS[number]
        # Once per try: who answers after we have stopped listening is asked again.
        tries = Counter(
            ids.public("evt", event_id)
            for event_id in Attempt.objects.filter(
                delivery__endpoint_id=endpoints[number].id, delivery__channel="webhook"
            ).values_list("delivery__event_id", flat=True)
        )
        assert all(got[message] <= tries[message] for message in events), CHARACTERS[number]
        acknowledged = Attempt.objects.filter(
            delivery__endpoint_id=endpoints[number].id,
            delivery__channel="webhook",
            outcome="delivered",
        )
        assert acknowledged.count() == len(events), CHARACTERS[number]
    for number in telling.ORDERED:
        places: dict[str, list[int]] = {}
        for one in heard:
            if int(one[0]) == number and one[3] == "200":
                places.setdefault(one[4], []).append(int(one[5]))
        assert set(map(tuple, places.values())) == {tuple(range(1, telling.CHANGES + 2))}
    for number, character in enumerate(CHARACTERS):
        if cause := telling.CAUSES.get(character):
            endpoint = queries.endpoint(endpoints[number].id, merchant.id)
            assert endpoint.is_enabled
            assert endpoint.paused_until is not None, character
            tried = Attempt.objects.filter(
                delivery__endpoint_id=endpoint.id, delivery__channel="webhook"
            )
            assert set(tried.values_list("outcome", flat=True)) == {cause}
    gone = queries.endpoint(endpoints[-1].id, merchant.id)
    assert (gone.is_enabled, gone.disabled_reason) == (False, "gone")
    assert len(mailbox.mails) == len(CHARACTERS) - len(telling.HEALTHY)
