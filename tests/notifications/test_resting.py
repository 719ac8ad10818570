"""An endpoint that keeps failing is left alone, its owners hear of it, and it recovers by itself."""

from datetime import timedelta

import pytest

from fintech.kernel import event_log
from fintech.notifications import queries
from fintech.notifications import services as notifications
from fintech.notifications.models import Delivery, Endpoint
from tests.make import merchants as make_merchants
from tests.make import notifications as make
from tests.notifications.test_mails import read

pytestmark = pytest.mark.django_db
NOON, BY = make_merchants.NOON, make_merchants.BY
MINUTE = timedelta(minutes=1)


@pytest.fixture
def failing(merchant, receiver, mailbox):
    """An endpoint that has failed ten times in a row and is left alone."""
    endpoint = make.endpoint(merchant, receiver.url)
    for number in range(12):
        make.customer(merchant, name=f"Number {number}")
    make.told_so_far()
    receiver.answers = [500]
    notifications.deliver_due(NOON)
    return endpoint


def facts_of(endpoint):
    recorded = event_log.stream("notifications.endpoint", endpoint.id)
    assert [fact.version for fact in recorded] == list(range(1, len(recorded) + 1))
    return [fact.name.split(".")[1].removeprefix("endpoint_") for fact in recorded]


def count(**having):
    return Delivery.objects.filter(channel="webhook", **having).count()


def test_is_left_alone_after_ten_failures_in_a_row(merchant, receiver, failing):
    # What was under way already when the tenth failed is not called back.
    assert 10 <= len(receiver.received) <= 13
    row = Endpoint.objects.get(id=failing.id)
    assert row.failures == len(receiver.received)
    assert row.paused_until - NOON < MINUTE + timedelta(seconds=5)
    assert queries.endpoint(failing.id, merchant.id).is_enabled
    assert facts_of(failing) == ["created", "paused"]

    before = len(receiver.received)
    notifications.deliver_due(NOON + timedelta(seconds=30))
    assert len(receiver.received) == before


def test_what_waits_meanwhile_costs_no_tries(receiver, failing):
    untried = count(attempts=0)

    notifications.deliver_due(NOON + timedelta(seconds=50))

    assert count(attempts=0) == untried


def test_one_message_tries_it_and_the_pauses_grow(receiver, failing):
    at, pauses = NOON, []
    for _ in range(9):
        row = Endpoint.objects.get(id=failing.id)
        pauses.append(row.paused_until - at)
        at, before = row.paused_until, len(receiver.received)
        notifications.deliver_due(at)
        assert len(receiver.received) == before + 1

    minutes = [round(pause / MINUTE) for pause in pauses]
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_recovers_by_itself_and_gets_all_that_waited(merchant, receiver, failing):
    receiver.answers = [200]
    at = Endpoint.objects.get(id=failing.id).paused_until

    notifications.deliver_due(at)
    notifications.deliver_due(at + timedelta(minutes=10))

    assert count(state="delivered") == 12
    row = Endpoint.objects.get(id=failing.id)
    assert (row.failures, row.pauses, row.paused_until, row.failing_since) == (0, 0, None, None)
    assert facts_of(failing) == ["created", "paused", "recovered"]


def test_one_success_in_between_starts_the_count_again(merchant, receiver):
    endpoint = make.endpoint(merchant, receiver.url)
    for number in range(10):
        make.customer(merchant, name=f"Number {number}")
    make.told_so_far()
    receiver.answers = [*[500] * 5, 200, *[500] * 4]

    notifications.deliver_due(NOON, slots=1)

    row = Endpoint.objects.get(id=endpoint.id)
    assert (row.failures, row.paused_until) == (4, None)


def test_its_owners_get_one_mail_however_long_it_lasts(merchant, receiver, failing, mailbox):
    at = NOON
    for _ in range(3):
        at = Endpoint.objects.get(id=failing.id).paused_until
        notifications.deliver_due(at)

    (envelope,) = mailbox.mails
    assert envelope.rcpt_tos == queries_owners(merchant)
    message, text, html = read(envelope)
    assert message["Subject"] == "Webhooks of Blue Bottle Books are not getting through"
    for shown in (failing.url, "http error (500)", f"/dashboard/webhooks/{failing.id}"):
        assert shown in text
        assert shown in html


def queries_owners(merchant):
    from fintech.merchants import queries as merchants

    return merchants.owners_to_write_to(merchant.id)


def test_after_five_days_it_is_switched_off_and_its_owners_hear_of_it(
    merchant, receiver, failing, mailbox
):
    for day in range(1, 6):
        make.customer(merchant, name=f"Day {day}", at=NOON + timedelta(days=day))
        make.told_so_far()
        notifications.deliver_due(NOON + timedelta(days=day, hours=1))
    notifications.deliver_due(NOON + timedelta(days=5, hours=1))

    endpoint = queries.endpoint(failing.id, merchant.id)
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "failing")
    assert count(state="pending") == 0
    subjects = [read(envelope)[0]["Subject"] for envelope in mailbox.mails]
    assert subjects[-1] == "A webhook endpoint of Blue Bottle Books was switched off"
    assert facts_of(failing)[-1] == "disabled"


def test_a_merchant_may_switch_it_on_again_with_a_clean_slate(merchant, receiver, failing):
    for is_enabled in (False, True):
        notifications.update_endpoint(
            endpoint_id=failing.id,
            merchant_id=merchant.id,
            is_enabled=is_enabled,
            by=BY,
            at=NOON,
        )

    row = Endpoint.objects.get(id=failing.id)
    assert (row.is_enabled, row.failures, row.paused_until) == (True, 0, None)


def test_a_mistake_of_our_own_is_not_the_endpoints(merchant, receiver, monkeypatch):
    from fintech.notifications.services import delivering

    endpoint = make.endpoint(merchant, receiver.url)
    make.customer(merchant)
    make.told_so_far()
    monkeypatch.setattr(delivering.json, "dumps", lambda _: 1 / 0)

    notifications.deliver_due(NOON)

    assert Endpoint.objects.get(id=endpoint.id).failures == 0
