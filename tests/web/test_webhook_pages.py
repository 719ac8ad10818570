"""Endpoints at the desk: what they hear, how they do, trying them out, sending again."""

import json
from datetime import timedelta

import pytest

from fintech.kernel import clock, ids
from fintech.merchants.data import Role
from fintech.notifications import errors, queries
from fintech.notifications import services as notifications
from fintech.notifications.models import Delivery
from tests.make import merchants as make_merchants
from tests.make import notifications as make
from tests.notifications.receiving import Receiver
from tests.web.conftest import at_the_desk
from tests.web.test_actions import form
from tests.web.test_pages import text

URL = "https://shop.example.com/hooks"


@pytest.fixture
def receiver():
    listening = Receiver()
    yield listening
    listening.stop()


@pytest.fixture
def endpoint(shop, receiver):
    return make.endpoint(shop, receiver.url, at=clock.now())


def told(shop, **of):
    make.customer(shop, at=clock.now(), **of)
    make.told_so_far()
    notifications.deliver_due(clock.now())


def path(endpoint, rest=""):
    return f"/dashboard/webhooks/{endpoint.id}{rest}"


def do(desk, endpoint, what, **more):
    return desk.post(path(endpoint, "/change"), {"do": what, **more}, follow=True)


def test_an_endpoint_is_added_with_the_events_it_is_to_hear(desk, shop):
    desk.post(
        "/dashboard/webhooks",
        form(url=URL, events="customer.*, charge.refunded", strict_order="on"),
    )

    (made,) = queries.endpoints(shop.id).items
    assert (made.enabled_events, made.is_ordered) == (("customer.*", "charge.refunded"), True)


def test_an_event_that_there_is_none_of_is_named_at_its_field(desk, shop):
    answer = desk.post("/dashboard/webhooks", form(url=URL, events="coffee.brewed"))

    assert answer.status_code == 400
    assert answer.context["form"].errors["events"] == ["There is no such event type."]
    assert queries.endpoints(shop.id).items == ()


def test_an_endpoint_is_changed(desk, shop, endpoint):
    desk.post(path(endpoint), form(url=URL, events="charge.*", description="Ours"))

    found = queries.endpoint(endpoint.id, shop.id)
    assert (found.url, found.enabled_events, found.description, found.is_ordered) == (
        URL,
        ("charge.*",),
        "Ours",
        False,
    )


def test_who_may_only_look_changes_nothing(shop, endpoint):
    browser = at_the_desk(shop, Role.VIEWER)

    for where, said in (
        (path(endpoint), form(url=URL, events="*")),
        (path(endpoint, "/change"), {"do": "test"}),
        (path(endpoint, "/change"), {"do": "roll"}),
    ):
        assert browser.post(where, said).status_code == 403

    assert queries.endpoint(endpoint.id, shop.id).url == endpoint.url
    assert not Delivery.objects.exists()


def test_a_test_event_is_sent_and_its_answer_shown(desk, shop, endpoint, receiver):
    answer = do(desk, endpoint, "test")
    notifications.deliver_due(clock.now())

    assert "A test event is on its way" in text(answer)
    assert json.loads(receiver.received[0].body)["type"] == "webhook_endpoint.test"
    assert "webhook_endpoint.test" in text(desk.get(path(endpoint)))


def test_a_secret_is_rolled_and_shown_once(desk, shop, endpoint):
    answer = do(desk, endpoint, "roll")

    assert answer.context["secret"].startswith("whsec_")
    assert answer.context["secret"] != endpoint.secret
    assert b"whsec_" not in desk.get(path(endpoint)).content


def test_a_page_says_how_an_endpoint_does_and_what_waits(desk, shop, endpoint, receiver):
    receiver.answers = [200, 500]
    told(shop)
    told(shop)

    words = text(desk.get(path(endpoint)))

    assert "Arrived 100.0% of 2" in words
    assert "Waiting 1, next try" in words
    assert "customer.created" in text(desk.get(path(endpoint), {"state": "waiting"}))
    assert "None of the deliveries is failed." in text(
        desk.get(path(endpoint), {"state": "failed"})
    )


def test_all_that_failed_since_a_moment_is_sent_again(desk, shop, endpoint, receiver):
    told(shop)
    Delivery.objects.update(
        state="abandoned",
        delivered_at=None,
        last_error="http_error",
        failure="temporary",
        created_at=clock.now() - timedelta(hours=5),
    )

    assert "0 that failed" in text(do(desk, endpoint, "resend", hours="1"))
    assert "1 that failed are on their way" in text(do(desk, endpoint, "resend", hours="24"))
    notifications.deliver_due(clock.now())
    assert len(receiver.received) == 2


def test_an_event_is_shown_as_it_is_sent_and_where_it_went(desk, shop, endpoint, receiver):
    told(shop, name="Carla <b>")
    (event,) = queries.events(shop.id).items

    answer = desk.get(f"/dashboard/events/{event.id}")

    assert json.loads(answer.context["sent"]) == json.loads(receiver.received[0].body)
    assert endpoint.url in text(answer)
    assert b"Carla <b>" not in answer.content


def test_a_changed_copy_goes_to_one_endpoint_as_an_event_of_its_own(desk, shop, endpoint, receiver):
    make.endpoint(shop, "http://127.0.0.1:9999/another", at=clock.now())
    told(shop)
    (event,) = queries.events(shop.id).items
    seen = len(receiver.received)

    desk.post(
        f"/dashboard/events/{event.id}",
        form(endpoint=str(endpoint.id), body='{"id": "cus_1", "object": "customer", "name": "X"}'),
    )
    notifications.deliver_due(clock.now())

    (copy,) = receiver.received[seen:]
    body = json.loads(copy.body)
    assert (body["type"], body["data"]["object"]["name"]) == ("customer.created", "X")
    assert body["id"] != ids.public("evt", event.id)
    untouched = queries.event(event.id, shop.id)
    assert untouched.object == event.object


@pytest.mark.parametrize("body", ["", "[1]", "{", '"x"'])
def test_a_copy_that_is_no_object_is_not_sent(desk, shop, endpoint, body):
    told(shop)
    (event,) = queries.events(shop.id).items

    answer = desk.post(f"/dashboard/events/{event.id}", form(endpoint=str(endpoint.id), body=body))

    assert answer.status_code == 400
    assert len(queries.events(shop.id).items) == 1


def test_a_live_endpoint_is_told_what_happened_and_nothing_else(desk, shop, endpoint, settings):
    told(shop)
    (event,) = queries.events(shop.id).items
    settings.MODE = "live"

    with pytest.raises(errors.SandboxOnly):
        notifications.send_copy(
            event_id=event.id,
            endpoint_id=endpoint.id,
            merchant_id=shop.id,
            by=make_merchants.BY,
            at=clock.now(),
        )
    answer = desk.post(f"/dashboard/events/{event.id}", form(endpoint=str(endpoint.id), body="{}"))

    assert answer.status_code == 403
    assert len(queries.events(shop.id).items) == 1


def test_figures_tell_how_telling_went(desk, shop, stranger, endpoint):
    told(shop)
    make.endpoint(stranger, "http://127.0.0.1:9999/theirs", at=clock.now())
    told(stranger)

    words = text(desk.get("/dashboard/webhooks/figures", {"days": "7"}))

    assert f"{endpoint.url} webhook 1 1 · 100.0%" in words
    assert "theirs" not in words
    assert text(desk.get("/dashboard/webhooks/figures", {"days": "nonsense"}))
