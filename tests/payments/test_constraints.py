"""The database holds the line: each rule is tried by code that goes around the services."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from fintech.payments import services as payments
from fintech.payments.models import (
    Attempt,
    Callback,
    Capture,
    Customer,
    Link,
    Payment,
    PaymentMethod,
    Refund,
)
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(shop):
    """One row of everything."""
    payment = make.captured(shop.id)
    payments.refund(merchant_id=shop.id, payment_id=payment.id, amount=eur(10_00), by=BY, at=NOON)
    reserved = make.authorized(shop.id)
    waiting = make.created(shop.id)
    make.customer(shop.id)
    payments.create_link(merchant_id=shop.id, title="Tea", amount=eur(1), by=BY, at=NOON)
    return {"captured": payment.id, "reserved": reserved.id, "waiting": waiting.id}


def of(model, world, which="captured"):
    return {
        Payment: Payment.objects.filter(id=world[which]),
        Attempt: Attempt.objects.filter(payment_id=world[which]),
        Capture: Capture.objects.filter(payment_id=world[which]),
        Refund: Refund.objects.filter(payment_id=world[which]),
        Customer: Customer.objects.all(),
        PaymentMethod: PaymentMethod.objects.all(),
        Link: Link.objects.all(),
    }[model]


WRONG = [
    (Payment, "waiting", {"amount_minor": 0}, "asks_for_something"),
    (Payment, "waiting", {"amount_minor": 10**12}, "asks_for_something"),
    (Payment, "waiting", {"currency": "eur"}, "names_its_currency"),
    (Payment, "reserved", {"authorized_minor": 42_51}, "authorizes_at_most_what_is_asked"),
    (Payment, "captured", {"captured_minor": 42_51}, "captures_at_most_what_is_authorized"),
    (Payment, "captured", {"refunded_minor": 42_51}, "refunds_at_most_what_is_captured"),
    (Payment, "captured", {"refunded_minor": -1}, "refunds_at_most_what_is_captured"),
    (Payment, "captured", {"refund_pending_minor": 32_51}, "refunds_at_most_what_is_captured"),
    (Payment, "captured", {"fee_minor": 42_51}, "costs_at_most_what_is_captured"),
    (Payment, "captured", {"captured_at": None}, "says_when_it_captured"),
    (Payment, "waiting", {"state": "canceled"}, "canceled_takes_nothing_and_says_when"),
    (Payment, "waiting", {"wallet_id": uuid4()}, "tops_up_a_wallet_or_none"),
    (Payment, "waiting", {"purpose": "top_up"}, "tops_up_a_wallet_or_none"),
    (
        Payment,
        "waiting",
        {"authorized_minor": 1, "captured_minor": 1, "captured_at": NOON},
        "takes_nothing_before_it_is_authorized",
    ),
    (Payment, "reserved", {"authorized_minor": 0}, "authorized_has_reserved_and_not_taken"),
    (
        Payment,
        "captured",
        {"captured_minor": 0, "captured_at": None, "refunded_minor": 0, "fee_minor": 0},
        "captured_has_taken_something",
    ),
    (Payment, "captured", {"state": "conflicted"}, "held_for_people_names_its_review"),
    (Payment, "waiting", {"version": 0}, "counts_its_versions_from_one"),
    (Attempt, "captured", {"amount_minor": 0}, "asks_for_something"),
    (Attempt, "captured", {"captured_minor": 42_51}, "captures_at_most_what_is_authorized"),
    (Attempt, "captured", {"refunded_minor": 42_51}, "refunds_at_most_what_is_captured"),
    (
        Capture,
        "captured",
        {"amount_minor": 0, "fee_minor": 0, "refunded_minor": 0},
        "takes_something",
    ),
    (Capture, "captured", {"fee_minor": 42_51}, "costs_at_most_what_it_takes"),
    (Capture, "captured", {"refunded_minor": 42_51}, "refunds_at_most_what_it_took"),
    (Capture, "captured", {"entry_id": None}, "that_succeeded_is_booked"),
    (Capture, "captured", {"succeeded_at": None}, "tells_when_it_succeeded"),
    (Capture, "captured", {"reversed_at": NOON}, "reversed_is_booked_and_says_when"),
    (Attempt, "reserved", {"adjust_minor": 1}, "adjusting_is_asked_about_again"),
    (Refund, "captured", {"amount_minor": 0}, "gives_something"),
    (Refund, "captured", {"entry_id": None, "succeeded_at": None}, "that_succeeded_is_booked"),
    (Refund, "captured", {"succeeded_at": None}, "says_when_it_succeeded"),
    (Refund, "captured", {"return_entry_id": uuid4()}, "that_came_back_is_booked_and_says_when"),
    (Refund, "captured", {"version": 0}, "counts_its_versions_from_one"),
    (Customer, "captured", {"version": 0}, "counts_its_versions_from_one"),
    (PaymentMethod, "captured", {"exp_month": 13}, "card_expires_in_a_month"),
    (PaymentMethod, "captured", {"last4": "42424"}, "too long"),
    (PaymentMethod, "captured", {"last4": "x424"}, "is_a_card_or_a_wallet"),
    (Link, "captured", {"amount_minor": 0}, "asks_for_something_or_anything"),
    (Link, "captured", {"max_uses": 1, "uses": 2}, "is_used_at_most_so_often"),
]


@pytest.mark.parametrize(("model", "which", "change", "rule"), WRONG)
def test_a_row_that_breaks_a_rule_is_refused(world, model, which, change, rule):
    rows = of(model, world, which)
    assert rows.exists()
    with pytest.raises(Exception, match=rule), transaction.atomic():
        rows.update(**change)


def test_an_operation_that_is_open_is_asked_about_again(shop, acquirer):
    unknown = make.confirmed(shop.id, token="acquirer_timeout")
    taken, reserved = make.captured(shop.id), make.authorized(shop.id)
    acquirer.lose_answers(2)
    payments.refund(merchant_id=shop.id, payment_id=taken.id, by=BY, at=NOON)
    payments.capture(merchant_id=shop.id, payment_id=reserved.id, by=BY, at=NOON)

    for rows in (
        Attempt.objects.filter(payment_id=unknown.id),
        Refund.objects.all(),
        Capture.objects.filter(payment_id=reserved.id),
    ):
        with pytest.raises(IntegrityError, match="asked_about_again"), transaction.atomic():
            rows.update(next_check_at=None)


def test_one_open_attempt_and_one_open_capture_per_payment(shop, acquirer):
    payment = make.authorized(shop.id)
    acquirer.lose_answers()
    payments.capture(
        merchant_id=shop.id, payment_id=payment.id, amount=eur(1_00), final=False, by=BY, at=NOON
    )
    attempt, capture = Attempt.objects.get(), Capture.objects.get()

    attempt.pk, attempt.number, attempt.provider_reference = uuid4(), 2, "other"
    attempt.__dict__["state"] = "authorizing"
    with pytest.raises(IntegrityError, match="only_open_one"), transaction.atomic():
        attempt.save(force_insert=True)
    capture.pk = capture.reference = uuid4()
    capture.__dict__["state"] = "submitted"
    with pytest.raises(IntegrityError, match="only_open_one"), transaction.atomic():
        capture.save(force_insert=True)


def test_a_provider_s_reference_is_booked_once(shop):
    first, second = make.captured(shop.id), make.captured(shop.id)
    reference = Capture.objects.get(payment_id=first.id).provider_reference
    for model, rule in (
        (Capture, "booked_once_per_provider_reference"),
        (Attempt, "has_its_own_authorization"),
    ):
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            model.objects.filter(payment_id=second.id).update(provider_reference=reference)


def test_a_callback_is_kept_once_per_event(db):
    def keep():
        Callback.objects.create(
            provider="simulator",
            event_id="evt_1",
            kind="capture",
            reference="x",
            status="succeeded",
            outcome="unmatched",
            occurred_at=NOON,
            received_at=NOON + timedelta(seconds=1),
        )

    keep()
    with pytest.raises(IntegrityError, match="heard_once_per_event"), transaction.atomic():
        keep()
