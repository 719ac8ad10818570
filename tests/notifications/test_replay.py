"""Dead letters of a range are sent again; many only when a second person agrees. Test events."""

import json
from datetime import timedelta
from itertools import count

import pytest
from django.urls import reverse
from django.utils import timezone

from fintech.kernel import approvals, event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.models import Approval
from fintech.merchants import services as merchants
from fintech.merchants.models import User
from fintech.notifications import data, errors, queries
from fintech.notifications import services as notifications
from fintech.notifications.models import Delivery
from fintech.notifications.services import resending
from fintech.wire import versions
from tests.make import merchants as make_merchants
from tests.make import notifications as make

pytestmark = pytest.mark.django_db
NOON, BY = make_merchants.NOON, make_merchants.BY
DAY = timedelta(days=1)
NUMBERS = count()


def person():
    return merchants.create_staff(
        email=f"staff-{next(NUMBERS)}@example.com",
        name="Stef",
        password=make_merchants.PASSWORD,
        by=BY,
        at=NOON,
    )


def staff():
    return Actor(kind="staff", id=str(person().id))


@pytest.fixture
def dead(merchant, receiver):
    """Three dead letters of one endpoint."""
    endpoint = make.endpoint(merchant, receiver.url)
    for _ in range(3):
        make.customer(merchant)
    make.told_so_far()
    make.all_given_up()
    return endpoint


def again(by, **narrower):
    return notifications.resend_range(
        since=NOON - DAY, until=NOON + DAY, by=by, at=NOON + DAY, **narrower
    )


def test_a_few_are_sent_again_at_once(merchant, receiver, dead):
    by = staff()

    assert again(by) == data.Resent(count=3)
    assert again(by).count == 0  # They are on their way.
    notifications.deliver_due(NOON + DAY)

    assert len(receiver.received) == 3
    assert {d.state for d in queries.deliveries(merchant.id).items} == {"delivered"}
    (delivery,) = Delivery.objects.all()[:1]
    facts = event_log.stream("notifications.delivery", delivery.id)
    assert facts[-1].name == "notifications.delivery_resent.v1"
    assert facts[-1].meta["id"] == by.id


@pytest.mark.parametrize(
    "narrower",
    [{"cause": "timeout"}, {"channel": data.Channel.MAIL}, {"endpoint_id": ids.new()}],
)
def test_a_range_can_be_narrowed(dead, narrower):
    assert again(staff(), **narrower).count == 0
    assert again(staff(), endpoint_id=dead.id, cause="http_error").count == 3


def test_nothing_goes_to_one_that_is_off(merchant, dead):
    notifications.update_endpoint(
        endpoint_id=dead.id, merchant_id=merchant.id, is_enabled=False, by=BY, at=NOON
    )

    assert again(staff()).count == 0


def test_many_wait_for_a_second_person(merchant, dead, monkeypatch):
    monkeypatch.setattr(resending, "_ALONE", 2)
    maker, checker = staff(), staff()

    proposed = again(maker)

    assert proposed.count == 3
    assert {d.state for d in queries.deliveries(merchant.id).items} == {"abandoned"}
    with pytest.raises(approvals.SamePerson):
        approvals.approve(approval_id=proposed.approval_id, by=maker, at=NOON + DAY)
    sent = approvals.approve(approval_id=proposed.approval_id, by=checker, at=NOON + DAY)
    assert sent == 3
    assert {d.state for d in queries.deliveries(merchant.id).items} == {"pending"}
    assert Approval.objects.get(id=proposed.approval_id).state == Approval.EXECUTED


def test_a_test_event_goes_to_one_endpoint_and_is_listed(merchant, receiver):
    endpoint = make.endpoint(merchant, receiver.url, events=("customer.created",))
    make.endpoint(merchant, receiver.url + "/other")

    told = notifications.send_test_event(
        endpoint_id=endpoint.id, merchant_id=merchant.id, by=BY, at=NOON
    )
    again_ = notifications.send_test_event(
        endpoint_id=endpoint.id, merchant_id=merchant.id, by=BY, at=NOON
    )
    notifications.deliver_due(NOON)

    told_of = [json.loads(received.body) for received in receiver.received]
    first, second = sorted(told_of, key=lambda event: event["sequence"])
    assert first["type"] == "webhook_endpoint.test"
    assert endpoint.secret not in str(first)
    assert (second["sequence"], second["previous_event_id"]) == (2, first["id"])
    assert {e.id for e in queries.events(merchant.id).items} >= {told.id, again_.id}


def test_one_that_is_off_is_not_tried_out(merchant, receiver):
    endpoint = make.endpoint(merchant, receiver.url)
    notifications.update_endpoint(
        endpoint_id=endpoint.id, merchant_id=merchant.id, is_enabled=False, by=BY, at=NOON
    )

    with pytest.raises(errors.EndpointDisabled):
        notifications.send_test_event(
            endpoint_id=endpoint.id, merchant_id=merchant.id, by=BY, at=NOON
        )


def test_an_event_is_changed_down_to_the_version_of_its_endpoint():
    event = {
        "id": "evt_1",
        "api_version": "2028-01-01",
        "data": {"object": {"id": "1", "total": 5}},
    }
    changes = [
        ("2027-01-01", lambda shown: {"sum": shown.pop("amount"), **shown}),
        ("2028-01-01", lambda shown: {"amount": shown.pop("total"), **shown}),
    ]

    def at(version):
        return versions.changed_down(event, version, changes=changes)["data"]["object"]

    assert at("2028-01-01") == {"id": "1", "total": 5}
    assert at("2027-06-01") == {"id": "1", "amount": 5}
    assert at("2026-11-01") == {"id": "1", "sum": 5}
    assert event["data"]["object"] == {"id": "1", "total": 5}


def test_staff_send_a_range_again_in_the_back_office(merchant, dead, client):
    client.force_login(
        User.objects.get(id=person().id), backend="django.contrib.auth.backends.ModelBackend"
    )
    today = timezone.now().date()
    asked = {
        "since_0": "2026-11-01",
        "since_1": "00:00:00",
        "until_0": str(today + DAY),
        "until_1": "00:00:00",
    }
    page = reverse("admin:notifications_deadletter_replay")

    assert client.get(page).status_code == 200
    told = client.post(page, asked)

    assert told.status_code == 302
    assert {d.state for d in queries.deliveries(merchant.id).items} == {"pending"}
