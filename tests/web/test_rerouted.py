"""A payment that went over to another acquirer, as its merchant reads it."""

import pytest

from fintech.kernel import ids
from fintech.notifications import queries as notifications
from fintech.payments import data, queries
from fintech.payments.data import AnswerStatus
from fintech.payments.providers import registry
from fintech.payments.services import routing
from tests.make import notifications as make_notifications
from tests.make import payments as make
from tests.payments.providers.fake import FakeAcquirer
from tests.payments.test_routing import route
from tests.web.test_pages import path_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_timeline_says_where_it_went_and_why(desk, shop, acquirer, hear):
    answer = data.Answer(status=AnswerStatus.ABSENT)
    acquirer.authorize = lambda **_: answer
    route("simulator", "backup")
    with registry.using(FakeAcquirer(name="backup")):
        payment = make.captured(shop.id)
    routing.forget()
    hear()

    steps = desk.get(path_of(payment)).context["steps"]

    told = next(step for step in steps if step.title.startswith("Goes over"))
    assert told.title == "Goes over to the acquirer “backup”"
    assert told.lines[0] == (
        "Nothing was charged there. At “simulator”: "
        "The acquirer was not available; nothing was charged."
    )
    assert told.links


def test_webhooks_tell_of_the_charge_that_failed_and_of_the_one_that_followed(shop, acquirer, hear):
    answer = data.Answer(status=AnswerStatus.ABSENT)
    acquirer.authorize = lambda **_: answer
    route("simulator", "backup")
    with registry.using(FakeAcquirer(name="backup")):
        payment = make.captured(shop.id)
    routing.forget()
    make_notifications.told_so_far()

    failed, paid = queries.attempts_of(payment.id)
    events = notifications.events(shop.id).items
    charges = {
        event.type: (event.object["id"], event.object["status"])
        for event in events
        if event.type in {"charge.failed", "charge.succeeded"}
    }
    assert charges == {
        "charge.failed": (ids.public("ch", failed.id), "failed"),
        "charge.succeeded": (ids.public("ch", paid.id), "succeeded"),
    }
    assert "payment_intent.payment_failed" not in {event.type for event in events}
