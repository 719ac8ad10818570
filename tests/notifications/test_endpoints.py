"""Endpoints: made, changed, rolled, deleted; and what is refused."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django_subatomic import db

from fintech.kernel import event_log, ids
from fintech.kernel.idempotency import Key, KeyReused
from fintech.notifications import errors, queries
from fintech.notifications import services as notifications
from fintech.notifications.models import Delivery, Endpoint
from tests.make import merchants as make_merchants
from tests.make import notifications as make

pytestmark = pytest.mark.django_db
NOON, BY = make_merchants.NOON, make_merchants.BY


def facts_of(endpoint):
    recorded = event_log.stream("notifications.endpoint", endpoint.id)
    assert [fact.version for fact in recorded] == list(range(1, len(recorded) + 1))
    return [fact.name.split(".")[1].removeprefix("endpoint_") for fact in recorded]


def test_an_endpoint_listens_from_the_moment_it_is_made(merchant):
    endpoint = make.endpoint(merchant, events=("customer.*", "customer.*", "refund.created"))

    assert endpoint.enabled_events == ("customer.*", "refund.created")
    assert endpoint.is_enabled
    assert len(endpoint.secret) == len("whsec_") + 44
    assert queries.endpoints(merchant.id).items == (queries.endpoint(endpoint.id, merchant.id),)
    assert facts_of(endpoint) == ["created"]


def test_the_same_key_makes_one_endpoint_with_the_same_secret(merchant):
    key = Key(scope=merchant.id, key="k", fingerprint=b"f", command="create_endpoint")
    order = {
        "merchant_id": merchant.id,
        "url": "http://127.0.0.1:9999/",
        "events": ("*",),
        "by": BY,
        "at": NOON,
    }

    first = notifications.create_endpoint(**order, key=key)
    again = notifications.create_endpoint(**order, key=key)

    assert again.value == first.value
    assert (first.replayed, again.replayed) == (False, True)
    assert Endpoint.objects.count() == 1
    with pytest.raises(KeyReused):
        notifications.create_endpoint(
            **order, key=Key(scope=merchant.id, key="k", fingerprint=b"g", command="other")
        )


@pytest.mark.parametrize(
    ("wrong", "refusal", "param"),
    [
        ({"url": "ftp://example.com"}, errors.UrlInvalid, "url"),
        ({"url": "https://10.0.0.1/"}, errors.UrlInvalid, "url"),
        ({"url": "https://user:pass@example.com/"}, errors.UrlInvalid, "url"),
        ({"events": ()}, errors.EventsMissing, "enabled_events"),
        ({"events": ("*",) * 101}, errors.EventsMissing, "enabled_events"),
        ({"events": ("payment_intent.exploded",)}, errors.EventTypeUnknown, "enabled_events"),
        ({"events": ("nothing.*",)}, errors.EventTypeUnknown, "enabled_events"),
        ({"events": ("pay*",)}, errors.EventTypeUnknown, "enabled_events"),
        ({"description": "x" * 501}, errors.DescriptionTooLong, "description"),
    ],
)
def test_what_is_refused_leaves_no_endpoint(merchant, wrong, refusal, param):
    right = {
        "merchant_id": merchant.id,
        "url": "https://example.com/hooks",
        "events": ("*",),
        "by": BY,
        "at": NOON,
    }

    with pytest.raises(refusal) as refused:
        notifications.create_endpoint(**(right | wrong))

    assert refused.value.param == param
    assert Endpoint.objects.count() == 0


def test_a_merchant_has_at_most_twenty(merchant):
    for _ in range(20):
        make.endpoint(merchant)

    with pytest.raises(errors.TooManyEndpoints):
        make.endpoint(merchant)

    assert len(queries.endpoints(merchant.id).items) == 20


def test_what_is_not_given_stays(merchant):
    endpoint = make.endpoint(merchant)

    changed = notifications.update_endpoint(
        endpoint_id=endpoint.id,
        merchant_id=merchant.id,
        events=["refund.*"],
        description="Books",
        by=BY,
        at=NOON,
    ).value

    assert changed.enabled_events == ("refund.*",)
    assert (changed.url, changed.description) == (endpoint.url, "Books")
    assert changed == queries.endpoint(endpoint.id, merchant.id)
    assert facts_of(endpoint) == ["created", "updated"]


def test_one_that_is_switched_off_hears_nothing_until_it_is_on_again(merchant):
    endpoint = make.endpoint(merchant)
    for is_enabled, name in ((False, "Off"), (True, "On")):
        notifications.update_endpoint(
            endpoint_id=endpoint.id,
            merchant_id=merchant.id,
            is_enabled=is_enabled,
            by=BY,
            at=NOON,
        )
        make.customer(merchant, name=name)
        make.told_so_far()

    (delivery,) = queries.deliveries(merchant.id).items
    assert queries.event(delivery.event_id, merchant.id).object["name"] == "On"


def test_one_that_is_deleted_is_gone_and_so_is_what_was_on_its_way(merchant):
    endpoint = make.endpoint(merchant)
    make.customer(merchant)
    make.told_so_far()

    notifications.delete_endpoint(endpoint_id=endpoint.id, merchant_id=merchant.id, by=BY, at=NOON)

    assert queries.endpoints(merchant.id).items == ()
    with pytest.raises(errors.EndpointNotFound):
        queries.endpoint(endpoint.id, merchant.id)
    (delivery,) = queries.deliveries(merchant.id).items
    assert (delivery.state, delivery.last_error) == ("abandoned", "endpoint_disabled")
    assert facts_of(endpoint) == ["created", "deleted"]
    assert [f.name for f in event_log.stream("notifications.delivery", delivery.id)] == [
        "notifications.delivery_given_up.v1"
    ]


def test_another_merchants_endpoint_is_as_unknown_as_none(merchant):
    theirs = make.endpoint(make_merchants.merchant(name="Other"))
    whose = {"merchant_id": merchant.id, "by": BY, "at": NOON}

    for endpoint_id in (theirs.id, ids.new()):
        for act in (
            notifications.update_endpoint,
            notifications.roll_secret,
            notifications.delete_endpoint,
        ):
            with pytest.raises(errors.EndpointNotFound):
                act(endpoint_id=endpoint_id, **whose)

    assert facts_of(theirs) == ["created"]


def test_a_log_of_what_happened_names_no_address(merchant):
    make.endpoint(merchant, "http://127.0.0.1:9999/very-secret-path")

    assert "very-secret-path" not in str(event_log.after(0, 100))


def test_the_database_keeps_the_rules_too(merchant):
    endpoint = make.endpoint(merchant)
    row = Endpoint.objects.filter(id=endpoint.id)

    for change, rule in (
        ({"enabled_events": []}, "listens_to_something"),
        ({"secret": "short"}, "has_a_sealed_secret"),
        ({"is_enabled": False}, "disabled_says_why"),
        ({"deleted_at": NOON}, "deleted_is_not_enabled"),
        ({"former_secret": "whsec_x"}, "says_how_long"),
    ):
        with pytest.raises(IntegrityError, match=rule), db.transaction():
            row.update(**change)


def dead(merchant):
    endpoint = make.endpoint(merchant)
    make.customer(merchant)
    make.told_so_far()
    make.all_given_up()
    return endpoint, queries.deliveries(merchant.id).items[0]


def test_a_dead_letter_is_sent_again_from_its_first_try_on(merchant, receiver):
    _, delivery = dead(merchant)
    Endpoint.objects.update(url=receiver.url)

    again = notifications.resend(delivery_id=delivery.id, merchant_id=merchant.id, by=BY, at=NOON)

    assert (again.state, again.next_attempt_at) == ("pending", NOON)
    with pytest.raises(errors.StillUnderWay):
        notifications.resend(delivery_id=delivery.id, by=BY, at=NOON)
    notifications.deliver_due(NOON)
    assert queries.delivery(delivery.id, merchant.id).state == "delivered"
    assert receiver.received[0].headers["webhook-id"] == ids.public("evt", delivery.event_id)


def test_all_that_an_endpoint_missed_is_sent_again(merchant):
    endpoint, _ = dead(merchant)
    order = {"endpoint_id": endpoint.id, "merchant_id": merchant.id, "by": BY, "at": NOON}

    assert notifications.resend_failed(**order, since=NOON + timedelta(seconds=1)) == 0
    assert notifications.resend_failed(**order, since=NOON) == 1
    assert notifications.resend_failed(**order, since=NOON) == 0


def test_nothing_is_sent_again_to_one_that_is_off(merchant):
    endpoint, delivery = dead(merchant)
    notifications.update_endpoint(
        endpoint_id=endpoint.id, merchant_id=merchant.id, is_enabled=False, by=BY, at=NOON
    )

    with pytest.raises(errors.EndpointDisabled):
        notifications.resend(delivery_id=delivery.id, by=BY, at=NOON)
    with pytest.raises(errors.EndpointDisabled):
        notifications.resend_failed(
            endpoint_id=endpoint.id, merchant_id=merchant.id, since=NOON, by=BY, at=NOON
        )

    assert queries.delivery(delivery.id, merchant.id).state == "abandoned"


def test_another_merchants_delivery_is_not_sent_again(merchant):
    _, delivery = dead(merchant)

    with pytest.raises(errors.DeliveryNotFound):
        notifications.resend(delivery_id=delivery.id, merchant_id=ids.new(), by=BY, at=NOON)


def test_one_that_keeps_failing_is_pointed_out(merchant):
    fine, failing = make.endpoint(merchant), make.endpoint(merchant)
    make.customer(merchant)
    make.told_so_far()
    assert queries.failing_endpoints(merchant.id) == []

    Delivery.objects.filter(endpoint_id=failing.id).update(attempts=3)

    assert [endpoint.id for endpoint in queries.failing_endpoints(merchant.id)] == [failing.id]
    assert fine.id != failing.id
