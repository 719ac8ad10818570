"""From facts to what merchants are told."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django_subatomic import db

from fintech.kernel import event_log, ids, invariants, subscriptions
from fintech.kernel.event_log import EventSource
from fintech.kernel.subscriptions import Subscription
from fintech.notifications import errors, handlers, queries, tasks
from fintech.notifications import services as notifications
from fintech.notifications.models import Delivery, MerchantEvent
from fintech.payments import services as payments
from fintech.payments.providers import registry
from tests.make import merchants as make_merchants
from tests.make import notifications as make
from tests.make import payments as make_payments
from tests.payments.providers.fake import FakeAcquirer

pytestmark = pytest.mark.django_db
NOON, BY = make_merchants.NOON, make_merchants.BY


def findings():
    with db.transaction():  # One that is open is left as it is.
        return list(invariants.check(queries.INVARIANTS))


def test_a_fact_becomes_an_event_and_a_delivery_per_endpoint_that_listens(merchant):
    everything = make.endpoint(merchant)
    group = make.endpoint(merchant, events=("customer.*",))
    make.endpoint(merchant, events=("payment_intent.succeeded",))
    customer = make.customer(merchant)

    make.told_so_far()

    (event,) = queries.events(merchant.id).items
    assert (event.type, event.object_id) == ("customer.created", ids.public("cus", customer.id))
    assert event.object["name"] == "Carla Customer"
    assert event.created_at == NOON
    sent = queries.deliveries(merchant.id, event_id=event.id).items
    assert {delivery.endpoint_id for delivery in sent} == {everything.id, group.id}
    assert {delivery.state for delivery in sent} == {"pending"}
    assert queries.pending_webhooks([event.id]) == {event.id: 2}
    assert findings() == []


def test_another_merchant_hears_nothing_of_it(merchant):
    other = make_merchants.merchant(name="Other")
    make.endpoint(other)
    make.customer(merchant)

    make.told_so_far()

    (event,) = queries.events(merchant.id).items
    assert queries.events(other.id).items == ()
    assert queries.deliveries(other.id).items == ()
    with pytest.raises(errors.EventNotFound):
        queries.event(event.id, other.id)


def test_a_merchant_hears_what_became_available(merchant):
    with registry.using(FakeAcquirer()):
        for day in (NOON, NOON + timedelta(days=1)):
            make_payments.captured(merchant.id, at=day)
            payments.make_available(by=BY, at=day + timedelta(days=2))

    make.told_so_far()

    second, first = queries.events(merchant.id, types=["balance.available"]).items
    assert (first.object_id, first.sequence, second.sequence) == ("balance", 1, 2)
    assert second.previous_event_id == first.id
    assert second.object["available"][0]["amount"] == 2 * 41_65
    assert findings() == []


def test_an_event_is_kept_even_if_nobody_listens(merchant):
    make.customer(merchant)

    make.told_so_far()

    assert len(queries.events(merchant.id).items) == 1
    assert queries.deliveries(merchant.id).items == ()


def test_nothing_is_told_twice_when_the_log_is_read_again(merchant):
    make.endpoint(merchant)
    make.customer(merchant)
    for _ in range(2):
        make.told_so_far()

    assert MerchantEvent.objects.count() == 1
    assert Delivery.objects.count() == 1


def test_what_is_told_of_one_thing_is_numbered_without_gaps(merchant):
    customer = make.customer(merchant)
    make.told_so_far()
    for name in ("Second", "Third"):
        payments.update_customer(
            merchant_id=merchant.id, customer_id=customer.id, name=name, by=BY, at=NOON
        )
    make.customer(merchant, name="Somebody else")
    make.told_so_far()

    told = queries.events(merchant.id, subject_id=customer.id).items[::-1]
    assert [event.type for event in told] == [
        "customer.created",
        "customer.updated",
        "customer.updated",
    ]
    assert [event.sequence for event in told] == [1, 2, 3]
    assert [event.previous_event_id for event in told] == [None, told[0].id, told[1].id]


def test_the_number_of_statements_does_not_depend_on_the_endpoints(
    merchant, django_assert_max_num_queries
):
    for _ in range(10):
        make.endpoint(merchant)
    make.customer(merchant)
    facts = event_log.after(0, 1000)

    # Objects read once, what is known, who listens, numbers, events, deliveries.
    with db.transaction(), django_assert_max_num_queries(7):
        notifications.publish(facts, wake=lambda: None)

    assert Delivery.objects.count() == 10


def test_what_notifications_say_of_themselves_is_told_to_nobody(merchant):
    make.endpoint(merchant)  # A fact of its own.

    make.told_so_far()

    assert MerchantEvent.objects.count() == 0


def test_the_database_keeps_one_delivery_per_event_and_endpoint(merchant):
    make.endpoint(merchant)
    make.customer(merchant)
    make.told_so_far()
    twin = Delivery.objects.get()
    twin.id = ids.new()

    with pytest.raises(IntegrityError, match="one_per_event_and_endpoint"), db.transaction():
        twin.save(force_insert=True)


@pytest.mark.parametrize(
    ("types", "found"),
    [
        (("customer.created",), 1),
        (("customer.*",), 2),
        (("payment_intent.*", "customer.updated"), 1),
        (("*",), 2),
        (("payment_intent.*",), 0),
    ],
)
def test_events_are_listed_by_type(merchant, types, found):
    customer = make.customer(merchant)
    payments.update_customer(
        merchant_id=merchant.id, customer_id=customer.id, name="New", by=BY, at=NOON
    )
    make.told_so_far()

    assert len(queries.events(merchant.id, types=types).items) == found


def test_events_are_listed_in_stretches_newest_first(merchant):
    for number in range(5):
        make.customer(merchant, name=f"Number {number}")
    make.told_so_far()

    first = queries.events(merchant.id, limit=2)
    second = queries.events(merchant.id, limit=2, after=first.items[-1].id)
    last = queries.events(merchant.id, limit=2, after=second.items[-1].id)
    back = queries.events(merchant.id, limit=2, before=second.items[0].id)

    names = [event.object["name"] for page in (first, second, last) for event in page.items]
    assert names == [f"Number {number}" for number in (4, 3, 2, 1, 0)]
    assert [page.has_more for page in (first, second, last)] == [True, True, False]
    assert back.items == first.items


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ({"gte": 0}, 1),
        ({"gt": 0}, 0),
        ({"lte": 0}, 1),
        ({"lt": 0}, 0),
        ({"gte": -1, "lt": 1}, 1),
    ],
)
def test_events_are_listed_by_whole_seconds(merchant, bounds, found):
    make.customer(merchant, at=NOON.replace(microsecond=500_000))
    make.told_so_far()
    noon = int(NOON.timestamp())

    within = {name: noon + offset for name, offset in bounds.items()}

    assert len(queries.events(merchant.id, created=within).items) == found


@pytest.mark.django_db(transaction=True)
def test_the_subscription_tells_what_was_committed_and_moves_on():
    merchant = make_merchants.merchant()
    make.endpoint(merchant)
    make.customer(merchant)
    hearing = Subscription(name="hearing", sources=(EventSource(),), handle=handlers.hear)

    assert subscriptions.catch_up([hearing]) > 0
    assert subscriptions.catch_up([hearing]) == 0
    subscriptions.forget("hearing")
    subscriptions.catch_up([hearing])

    assert [event.type for event in queries.events(merchant.id).items] == ["customer.created"]
    assert len(queries.deliveries(merchant.id).items) == 1
    assert findings() == []


def test_a_broker_that_is_away_loses_a_hint_and_nothing_else(merchant, monkeypatch):
    def away(**_):
        raise ConnectionRefusedError

    monkeypatch.setattr(tasks.deliver_due, "apply_async", away)
    make.endpoint(merchant)
    make.customer(merchant)

    make.told_so_far()

    assert [delivery.state for delivery in queries.deliveries(merchant.id).items] == ["pending"]


def test_a_delivery_that_is_missing_is_found(merchant):
    make.endpoint(merchant)
    make.customer(merchant)
    make.told_so_far()
    Delivery.objects.all().delete()

    assert [(finding.id, finding.violations) for finding in findings()] == [("I-11", 1)]


def test_a_delivery_that_only_says_it_arrived_is_found(merchant):
    make.endpoint(merchant)
    make.customer(merchant)
    make.told_so_far()
    Delivery.objects.update(state="delivered", next_attempt_at=None, delivered_at=NOON)

    assert [(finding.id, finding.violations) for finding in findings()] == [("I-13", 1)]


def test_a_dead_letter_that_nobody_was_told_of_is_found(merchant):
    make.endpoint(merchant)
    make.customer(merchant)
    make.told_so_far()
    Delivery.objects.update(
        state="abandoned", next_attempt_at=None, last_error="http_error", failure="temporary"
    )

    assert [(finding.id, finding.violations) for finding in findings()] == [("I-13", 1)]


@pytest.mark.django_db(transaction=True)
def test_a_reader_that_stands_still_is_found(owner):
    merchant = make_merchants.merchant()
    make.customer(merchant)
    hearing = Subscription(name="hearing", sources=(EventSource(),), handle=lambda _: None)
    subscriptions.catch_up([hearing])
    assert findings() == []

    make.customer(merchant)
    owner.execute("ALTER TABLE kernel.kernel_event DISABLE TRIGGER USER")
    owner.execute("UPDATE kernel.kernel_event SET recorded_at = recorded_at - interval '61 s'")
    owner.execute("ALTER TABLE kernel.kernel_event ENABLE TRIGGER USER")

    (finding,) = findings()
    assert finding.id == "I-11"
    assert finding.samples[0].startswith("hearing misses ")
    subscriptions.catch_up([hearing])
    assert findings() == []


@pytest.mark.django_db(transaction=True)
def test_a_whole_window_to_many_endpoints_is_told_well_within_a_transactions_time():
    """500 facts to 20 endpoints: by statements, since tests assert no times."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from fintech.notifications.models import Delivery

    merchant = make_merchants.merchant()
    for number in range(20):
        make.endpoint(merchant, f"http://127.0.0.1:9999/{number}", is_ordered=number == 0)
    customers = [make.customer(merchant, name=f"Number {number}") for number in range(12)]

    with CaptureQueriesContext(connection) as captured:
        make.told_so_far()

    written = [one["sql"] for one in captured if "INSERT INTO notifications_delivery" in one["sql"]]
    assert len(written) == 1
    events = MerchantEvent.objects.filter(type="customer.created")
    assert events.count() == len(customers)
    webhooks = Delivery.objects.filter(channel="webhook", event__in=events)
    assert webhooks.count() == len(customers) * 20
    assert webhooks.exclude(order_key="").count() == len(customers)
