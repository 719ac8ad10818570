"""The back office: money to look at, reviews to decide."""

import pytest
from django.urls import reverse

from fintech.fraud import queries as fraud_queries
from fintech.kernel import approvals, clock, ids
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


def test_the_desk_gives_one_case_at_a_time_and_a_letter_decides_it(office, shop):
    first, second = (
        make.in_review(shop.id, amount, at=clock.now()) for amount in (eur(42_50), eur(99_00))
    )
    desk = reverse("admin:payments_review_desk")

    page = office.get(desk).content.decode()
    at_hand, other = (first, second) if "€42.50" in page else (second, first)
    assert 'data-key="a"' in page
    assert "Blue Bottle Books" in page
    assert office.get(desk).content.decode().count("this one is yours") == 1
    office.post(desk, {"do": "approve", "payment": str(at_hand.id)})
    office.get(desk)
    office.post(desk, {"do": "decline", "payment": str(other.id)})

    assert make.now(at_hand).state == PaymentState.CAPTURED
    assert make.now(other).state == PaymentState.CANCELED
    assert "The queue is clear" in office.get(desk).content.decode()


def test_two_at_the_desk_get_two_cases(office, shop):
    from django.contrib.auth import get_user_model
    from django.test import Client

    make.in_review(shop.id, at=clock.now())
    make.in_review(shop.id, eur(99_00), at=clock.now())
    merchants.create_staff(
        email="other@example.com", name="Oda", password="correct horse battery", by=BY, at=NOON
    )
    other = Client()
    other.force_login(
        get_user_model().objects.get(email="other@example.com"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    desk = reverse("admin:payments_review_desk")

    pages = [browser.get(desk).content.decode() for browser in (office, other)]

    assert sorted("€99.00" in page for page in pages) == [False, True]
    assert "Nobody else waits" in office.post(desk, {"do": "next"}, follow=True).content.decode()


def test_the_desk_snoozes_escalates_and_blocks_a_card(office, shop):
    payment = make.in_review(shop.id, at=clock.now())
    desk = reverse("admin:payments_review_desk")
    asked = {"payment": str(payment.id)}

    page = office.get(desk).content.decode()
    office.post(desk, {"do": "snooze", **asked})
    clear = office.get(desk).content.decode()
    office.post(desk, {"do": "escalate", **asked})
    (case,) = fraud_queries.cases()
    said = office.post(desk, {"do": "block", **asked}, follow=True).content.decode()

    assert "23 h 59 min left" in page
    assert "the money is reserved until" in page
    assert "0 others of it, 0 open, 0 confirmed as fraud" in page
    assert "The queue is clear" in clear
    assert (case.escalated, str(case.state)) == (True, "pending")
    assert "Its card is blocked for this merchant." in said
    assert make.now(payment).state == PaymentState.CANCELED
    assert [item.value for item in fraud_queries.list_items(shop.id)] == [payment.card.fingerprint]


def test_at_the_desk_so_much_is_only_proposed(office, shop):
    payment = make.in_review(shop.id, eur(10_000_01), at=clock.now())
    desk = reverse("admin:payments_review_desk")

    assert "Propose to approve (A)" in office.get(desk).content.decode()
    said = office.post(desk, {"do": "approve", "payment": str(payment.id)}, follow=True)

    assert "so much is approved by two" in said.content.decode()
    assert make.now(payment).state == PaymentState.IN_REVIEW
    (waiting,) = approvals.waiting(kind=payments.REVIEW_KIND, about={}, at=clock.now())
    assert waiting.payload["amount_minor"] == 10_000_01


def test_the_desk_refuses_what_was_decided_before_and_strangers(office, client, shop):
    from django.test import Client

    payment = make.in_review(shop.id, at=clock.now())
    desk = reverse("admin:payments_review_desk")
    office.post(desk, {"do": "approve", "payment": str(payment.id)})

    again = office.post(desk, {"do": "decline", "payment": str(payment.id)}, follow=True)

    assert make.now(payment).state == PaymentState.CAPTURED
    assert again.status_code == 200
    assert Client().get(desk).status_code == 302
    for wrong in (
        {},
        {"do": "approve", "payment": "x"},
        {"do": "explode", "payment": str(payment.id)},
    ):
        assert office.post(desk, wrong).status_code == 302


def test_merchants_are_shown_by_name(office, shop):
    make.captured(shop.id)

    page = office.get(reverse("admin:payments_payment_changelist")).content.decode()

    assert "Blue Bottle Books" in page
    assert str(shop.id) not in page
