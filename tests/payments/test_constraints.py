"""
The database holds the line: each rule is tried by code that goes around the services.

The rules are read from the database itself, so one that nobody tries fails here.
"""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import Error, connection, transaction

from fintech.payments import services as payments
from fintech.payments.models import (
    Attempt,
    Availability,
    Callback,
    Capture,
    CheckoutLine,
    CheckoutSession,
    Customer,
    Link,
    Payment,
    PaymentMethod,
    Price,
    Product,
    ProviderCost,
    ProviderHold,
    Refund,
    Route,
)
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(shop, acquirer):
    """One row of everything, and a payment for each thing that can be open."""
    payment = make.captured(shop.id)
    named = {"merchant_id": shop.id, "by": BY, "at": NOON}
    payments.refund(payment_id=payment.id, amount=eur(10_00), **named)
    reserved, waiting = make.authorized(shop.id), make.created(shop.id)
    unknown = make.confirmed(shop.id, token="acquirer_timeout")
    taking, giving = make.authorized(shop.id), make.captured(shop.id)
    acquirer.lose_answers(2)
    payments.capture(payment_id=taking.id, amount=eur(1_00), final=False, **named)
    payments.refund(payment_id=giving.id, **named)
    make.customer(shop.id)
    payments.create_link(title="Tea", amount=eur(1), **named)
    product = Product.objects.create(
        merchant_id=shop.id, name="Tea", created_at=NOON, updated_at=NOON, version=1
    )
    price = _price(product)
    Availability.objects.create(
        merchant_id=shop.id, currency="EUR", amount_minor=1, captures=1, created_at=NOON, version=1
    )
    _line(_session(shop.id), price)
    _route()
    ProviderCost.objects.create(
        provider="simulator", currency="EUR", basis_points=10, fixed_minor=5
    )
    ProviderHold.objects.get_or_create(name="simulator")
    return {
        "captured": payment.id,
        "reserved": reserved.id,
        "waiting": waiting.id,
        "unknown": unknown.id,
        "taking": taking.id,
        "giving": giving.id,
        "shop": shop.id,
    }


def _price(product, **facets):
    return Price.objects.create(
        merchant_id=product.merchant_id,
        product=product,
        currency="EUR",
        amount_minor=1,
        created_at=NOON,
        version=1,
        **facets,
    )


def _session(merchant_id, **facets):
    named = {"token": str(uuid4()), "success_url": "https://example.com/", **facets}
    return CheckoutSession.objects.create(
        merchant_id=merchant_id,
        currency="EUR",
        amount_minor=1,
        expires_at=NOON,
        created_at=NOON,
        version=1,
        **named,
    )


def _line(session, price):
    return CheckoutLine.objects.create(
        session=session, number=1, price=price, description="Tea", quantity=1, amount_minor=1
    )


def _route(position=1):
    return Route.objects.create(
        position=position, name="All", providers=["simulator"], changed_at=NOON
    )


def of(model, world, which):
    """The rows of a model that belong to one of the world's payments; all of those that don't."""
    if not which:
        return model.objects.all()
    column = "id" if model is Payment else "payment_id"
    return model.objects.filter(**{column: world[which]})


# What no row may say: of which payment, the change, and the rule without its table's name.
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
    (Attempt, "unknown", {"next_check_at": None}, "unknown_is_asked_about_again"),
    (Attempt, "captured", {"authenticated_at": NOON}, "passed_authentication_and_says_when"),
    (Attempt, "captured", {"liability": "issuer"}, "shifts_liability_by_authentication_alone"),
    (Capture, "taking", {"next_check_at": None}, "open_is_asked_about_again"),
    (Refund, "giving", {"next_check_at": None}, "open_is_asked_about_again"),
    (Refund, "captured", {"amount_minor": 0}, "gives_something"),
    (Refund, "captured", {"entry_id": None, "succeeded_at": None}, "that_succeeded_is_booked"),
    (Refund, "captured", {"succeeded_at": None}, "says_when_it_succeeded"),
    (Refund, "captured", {"return_entry_id": uuid4()}, "that_came_back_is_booked_and_says_when"),
    (Refund, "captured", {"version": 0}, "counts_its_versions_from_one"),
    (Customer, "", {"version": 0}, "counts_its_versions_from_one"),
    (PaymentMethod, "", {"exp_month": 13}, "card_expires_in_a_month"),
    (PaymentMethod, "", {"last4": "x424"}, "is_a_card_or_a_wallet"),
    (Link, "", {"amount_minor": 0}, "asks_for_something_or_anything"),
    (Link, "", {"max_uses": 1, "uses": 2}, "is_used_at_most_so_often"),
    (Link, "", {"quantity": 0}, "of_a_price_asks_for_its_amount"),
    (Product, "", {"name": ""}, "has_a_name"),
    (Product, "", {"deleted_at": NOON}, "deleted_is_not_sold"),
    (Product, "", {"version": 0}, "counts_its_versions_from_one"),
    (Price, "", {"amount_minor": 0}, "asks_for_something"),
    (Price, "", {"amount_minor": 10**12}, "asks_for_something"),
    (Price, "", {"currency": "eur"}, "names_its_currency"),
    (Price, "", {"version": 0}, "counts_its_versions_from_one"),
    (Availability, "", {"amount_minor": 0}, "changes_something"),
    (Availability, "", {"captures": 0}, "changes_something"),
    (Availability, "", {"version": 0}, "counts_its_versions_from_one"),
    (CheckoutSession, "", {"amount_minor": 0}, "asks_for_something"),
    (CheckoutSession, "", {"currency": "eur"}, "names_its_currency"),
    (CheckoutSession, "", {"state": "complete"}, "complete_names_its_payment"),
    (CheckoutSession, "", {"outcome": "paid"}, "is_paid_or_failed_once_complete"),
    (CheckoutSession, "", {"version": 0}, "counts_its_versions_from_one"),
    (CheckoutLine, "", {"quantity": 0}, "sells_something_for_something"),
    (CheckoutLine, "", {"amount_minor": 0}, "sells_something_for_something"),
    (Capture, "captured", {"available_minor": 1}, "says_when_it_became_available"),
    (Capture, "taking", {"available_due_at": NOON}, "becomes_available_once_it_succeeded"),
    (Route, "", {"providers": []}, "leads_to_one_to_five_providers"),
    (Route, "", {"providers": ["simulator"] * 6}, "leads_to_one_to_five_providers"),
    (Route, "", {"least_minor": 1}, "with_amounts_names_their_currency"),
    (
        Route,
        "",
        {"currency": "EUR", "least_minor": 2, "most_minor": 1},
        "begins_below_its_end",
    ),
    (ProviderCost, "", {"basis_points": 10_001}, "is_a_cost"),
    (ProviderCost, "", {"fixed_minor": -1}, "is_a_cost"),
    (ProviderHold, "", {"held": "ajar"}, "is_a_way"),
]


def _same(model, which, other, column):
    """Two rows that say the same where each says its own."""

    def double(world):
        value = getattr(of(model, world, which).get(), column)
        of(model, world, other).update(**{column: value})

    return double


def _another(model, which, state, **changed):
    """One row more, in another state than it could have come to beside the first."""

    def double(world):
        row = of(model, world, which).get()
        for name, value in {"pk": uuid4(), "provider_reference": "", **changed}.items():
            setattr(row, name, value() if callable(value) else value)
        row.__dict__["state"] = state
        row.save(force_insert=True)

    return double


def _parted_twice(world):
    """A second part of one refund for the same capture."""
    whole, part = of(Refund, world, "captured").get(), of(Refund, world, "captured").get()
    part.__dict__["state"], part.next_check_at = "submitted", NOON
    part.entry_id = part.succeeded_at = None
    for reference in ("first", "second"):
        part.pk, part.whole, part.provider_reference = uuid4(), whole, reference
        part.save(force_insert=True)


def _tokened_twice(world):
    _session(world["shop"], token=CheckoutSession.objects.get().token)


def _sold_twice(world):
    for _ in range(2):
        _session(world["shop"], payment_id=world["waiting"])


def _lined_twice(_world):
    _line(CheckoutSession.objects.get(), Price.objects.get())


def _heard_twice(_world):
    for _ in range(2):
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


def _linked_twice(world):
    other = payments.create_link(
        merchant_id=world["shop"], title="Cup", amount=eur(1), by=BY, at=NOON
    ).value
    token = Link.objects.exclude(id=other.id).get().token
    Link.objects.filter(id=other.id).update(token=token)


def _priced_twice(_world):
    for _ in range(2):
        _price(Product.objects.get(), lookup_key="tea")


def _costs_twice(_world):
    cost = ProviderCost.objects.get()
    cost.pk = uuid4()
    cost.save(force_insert=True)


# What may not be there twice, by the whole name of the rule.
DOUBLED = {
    "payments_attempt_is_the_only_open_one_of_its_payment": _another(
        Attempt, "unknown", "authorizing", number=2
    ),
    "payments_attempt_is_numbered_once": _another(Attempt, "captured", "authorizing"),
    "payments_attempt_has_its_own_authorization": _same(
        Attempt, "captured", "reserved", "provider_reference"
    ),
    "payments_capture_is_the_only_open_one_of_its_payment": _another(
        Capture, "taking", "submitted", reference=uuid4
    ),
    "payments_capture_is_booked_once_per_provider_reference": _same(
        Capture, "captured", "giving", "provider_reference"
    ),
    "payments_capture_reference_key": _same(Capture, "captured", "giving", "reference"),
    "payments_refund_is_booked_once_per_provider_reference": _same(
        Refund, "captured", "giving", "provider_reference"
    ),
    "payments_refund_has_one_part_per_capture": _parted_twice,
    "payments_checkoutsession_token_key": _tokened_twice,
    "payments_checkoutsession_payment_id_key": _sold_twice,
    "payments_checkoutline_stands_in_one_place": _lined_twice,
    "payments_callback_is_heard_once_per_event": _heard_twice,
    "payments_link_token_key": _linked_twice,
    "payments_price_is_found_by_its_lookup_key": _priced_twice,
    "payments_route_has_its_own_position": lambda _world: _route(),
    "payments_providercost_is_agreed_once": _costs_twice,
    "payments_providerhold_name_key": lambda _world: ProviderHold.objects.create(name="simulator"),
}


def rules() -> set[str]:
    """What the database keeps of this room: CHECK and UNIQUE, also those that are indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype IN ('c', 'u', 'x') "
            "AND connamespace = 'payments'::regnamespace "
            "UNION SELECT i.indexrelid::regclass::text FROM pg_index i "
            "JOIN pg_class t ON t.oid = i.indrelid WHERE i.indisunique AND NOT i.indisprimary "
            "AND t.relnamespace = 'payments'::regnamespace"
        )
        return {name for (name,) in cursor.fetchall()}


def refused_by(act) -> str:
    """The name of the rule by which the database refuses an act."""
    with pytest.raises(Error) as refused, transaction.atomic():
        act()
    return refused.value.__cause__.diag.constraint_name


def test_every_rule_is_tried():
    tried = {f"{model._meta.db_table}_{rule}" for model, _, _, rule in WRONG} | DOUBLED.keys()
    untried = sorted(rules() - tried)
    assert untried == [], (
        f"Nobody tries {untried}: add a row that breaks each to WRONG or DOUBLED in {__file__}."
    )
    assert tried - rules() == set(), "These rules are gone."


@pytest.mark.parametrize(("model", "which", "change", "rule"), WRONG)
def test_a_row_that_breaks_a_rule_is_refused(world, model, which, change, rule):
    rows = of(model, world, which)
    assert rows.exists()
    before = list(rows.values())

    assert refused_by(lambda: rows.update(**change)) == f"{model._meta.db_table}_{rule}"

    assert list(rows.values()) == before


@pytest.mark.parametrize("rule", DOUBLED)
def test_what_must_be_there_once_is_there_once(world, rule):
    assert refused_by(lambda: DOUBLED[rule](world)) == rule


def test_no_more_than_four_digits_of_a_card_have_a_place(world):
    with pytest.raises(Error, match="too long"), transaction.atomic():
        PaymentMethod.objects.update(last4="42424")
