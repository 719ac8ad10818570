"""The back office: money to look at, reviews to decide."""

import pytest
from django.urls import reverse

from fintech.kernel import clock, ids
from fintech.merchants import services as merchants
from fintech.payments import services as payments
from fintech.payments.data import PaymentState
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

# Pages take their time; a test that holds one transaction over them could run out of it.
pytestmark = pytest.mark.django_db(transaction=True)

TABLES = [
    "attempt",
    "callback",
    "capture",
    "customer",
    "link",
    "payment",
    "paymentmethod",
    "refund",
    "review",
]


@pytest.fixture
def office(client, db):
    from django.contrib.auth import get_user_model

    merchants.create_staff(
        email="staff@example.com", name="Sam", password="correct horse battery", by=BY, at=NOON
    )
    client.force_login(
        get_user_model().objects.get(email="staff@example.com"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return client


@pytest.mark.parametrize("table", TABLES)
def test_every_table_can_be_read_and_nothing_added(office, shop, table):
    taken = make.captured(shop.id, customer_id=make.customer(shop.id).id)
    payments.refund(merchant_id=shop.id, payment_id=taken.id, by=BY, at=NOON)
    payments.create_link(merchant_id=shop.id, title="Tea", amount=eur(1), by=BY, at=NOON)
    make.in_review(shop.id)
    assert office.get(reverse(f"admin:payments_{table}_changelist")).status_code == 200
    assert office.get(reverse(f"admin:payments_{table}_add")).status_code == 403


def test_a_payment_shows_its_attempts_and_cannot_be_changed(office, shop):
    payment = make.captured(shop.id)
    url = reverse("admin:payments_payment_change", args=[payment.id])
    page = office.get(url)
    assert page.status_code == 200
    assert office.post(url, {"state": "canceled"}).status_code == 403
    assert make.now(payment) == payment


@pytest.mark.parametrize(
    ("action", "state"),
    [("approve", PaymentState.CAPTURED), ("decline", PaymentState.CANCELED)],
)
def test_a_review_is_decided_from_the_queue(office, shop, action, state):
    payment = make.in_review(shop.id)
    queue = reverse("admin:payments_review_changelist")
    assert "€42.50" in office.get(queue).content.decode()

    with clock.fixed(NOON):
        answer = office.post(
            queue, {"action": action, "_selected_action": [str(payment.id)]}, follow=True
        )

    public = ids.public("pi", payment.id)
    said = [str(message) for message in answer.context["messages"]]
    assert said == [f"{public} is {state}."]
    assert make.now(payment).state == state
    assert "€42.50" not in office.get(queue).content.decode()
