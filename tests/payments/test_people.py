"""Customers and cards: what is kept, what is shown, what is forgotten."""

from uuid import uuid4

import pytest
from django.db import connection

from fintech.kernel import event_log
from fintech.payments import errors, queries
from fintech.payments import services as payments
from fintech.payments.models import Customer, PaymentMethod
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY

pytestmark = pytest.mark.django_db


def test_a_customer_is_remembered_changed_and_forgotten(shop):
    ada = make.customer(shop.id, metadata={"tier": "gold", "x": "y"})
    changed = payments.update_customer(
        merchant_id=shop.id,
        customer_id=ada.id,
        name="Ada L.",
        metadata={"x": ""},
        by=BY,
        at=NOON,
    ).value
    assert (changed.name, changed.email, changed.metadata) == (
        "Ada L.",
        "ada@example.com",
        {"tier": "gold"},
    )

    payments.delete_customer(merchant_id=shop.id, customer_id=ada.id, by=BY, at=NOON)

    gone = queries.customer(ada.id, shop.id)
    assert (gone.deleted, gone.name, gone.email, gone.metadata) == (True, "", "", {})
    assert not queries.customers(shop.id).items
    with pytest.raises(errors.CustomerNotFound):
        payments.update_customer(
            merchant_id=shop.id, customer_id=ada.id, name="Eve", by=BY, at=NOON
        )


def test_nothing_personal_is_in_the_log(shop):
    ada = make.customer(shop.id, phone="+49 30 1234", description="likes tea")
    make.confirmed(shop.id, customer_id=ada.id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(data::text || meta::text, '') FROM kernel_event")
        log = cursor.fetchone()[0]
    for personal in ("ada@example.com", "Ada", "1234", "likes tea", "4242"):
        assert personal not in log


def test_a_customer_of_another_merchant_is_unknown(shop):
    ada = make.customer(shop.id)
    other = make.merchant()
    with pytest.raises(errors.CustomerNotFound):
        queries.customer(ada.id, other.id)
    with pytest.raises(errors.CustomerNotFound):
        payments.delete_customer(merchant_id=other.id, customer_id=ada.id, by=BY, at=NOON)
    with pytest.raises(errors.CustomerNotFound):
        make.confirmed(other.id, customer_id=ada.id)
    assert queries.customer(ada.id, shop.id) == ada


def test_neighbors_of_a_batch_do_not_lend_each_other_customers(shop):
    """One batch, two merchants, one customer: only its own merchant may charge for it."""
    from fintech.payments import data

    ada, other = make.customer(shop.id), make.merchant()
    orders = [
        data.Begin(
            merchant_id=merchant_id,
            at=NOON,
            token="visa",
            new=data.NewPayment(amount=make.eur(1_00), customer_id=ada.id),
        )
        for merchant_id in (shop.id, other.id)
    ]

    mine, theirs = payments.begin(orders, by=BY)

    assert mine.payment.customer_id == ada.id
    assert isinstance(theirs.refusal, errors.CustomerNotFound)


@pytest.mark.parametrize("wrong", [{"email": "x" * 513}, {"name": "x" * 257}, {"phone": "1" * 41}])
def test_too_much_is_refused(shop, wrong):
    with pytest.raises(errors.ParameterInvalid):
        make.customer(shop.id, **wrong)
    assert not Customer.objects.exists()


def test_a_card_is_kept_as_a_token(shop):
    card = payments.create_payment_method(
        merchant_id=shop.id,
        number="4242 4242 4242 4242",
        exp_month=12,
        exp_year=2034,
        billing_name="Ada",
        by=BY,
        at=NOON,
    ).value
    assert (card.card.brand, card.card.last4) == ("visa", "4242")
    row = PaymentMethod.objects.values().get()
    assert "4242424242424242" not in str(row)
    same = make.card(shop.id)
    assert same.card.fingerprint == card.card.fingerprint


@pytest.mark.parametrize(
    ("wrong", "error", "code"),
    [
        ({"number": "4111111111111111"}, errors.CardNumberUnknown, "test_card_required"),
        ({"number": "4242424242424241"}, errors.CardNumberIncorrect, "incorrect_number"),
        ({"number": "visa"}, errors.CardNumberIncorrect, "incorrect_number"),
        ({"number": ""}, errors.CardNumberIncorrect, "incorrect_number"),
        ({"token": "mine"}, errors.CardNumberUnknown, "test_card_required"),
        ({"token": "visa", "exp_month": 13}, errors.ParameterInvalid, "parameter_invalid"),
        ({"token": "visa", "exp_year": 2020}, errors.ParameterInvalid, "parameter_invalid"),
    ],
)
def test_what_is_no_card_of_the_table_is_refused(shop, wrong, error, code):
    with pytest.raises(error) as refused:
        payments.create_payment_method(merchant_id=shop.id, by=BY, at=NOON, **wrong)
    assert refused.value.code == code
    assert not PaymentMethod.objects.exists()


def test_a_card_is_attached_changed_and_detached(shop):
    ada, card = make.customer(shop.id), make.card(shop.id)
    named = {"merchant_id": shop.id, "payment_method_id": card.id, "by": BY, "at": NOON}

    assert payments.attach(customer_id=ada.id, **named).value.customer_id == ada.id
    assert list(queries.payment_methods(shop.id, customer_id=ada.id)) == [
        queries.payment_method(card.id, shop.id)
    ]
    bob = make.customer(shop.id, email="bob@example.com")
    with pytest.raises(errors.ParameterInvalid, match="another customer"):
        payments.attach(customer_id=bob.id, **named)
    changed = payments.update_payment_method(billing_email="ada@home", metadata={"a": "b"}, **named)
    assert (changed.value.billing_email, changed.value.metadata) == ("ada@home", {"a": "b"})
    assert payments.detach(**named).value.customer_id is None
    facts = event_log.stream("payments.payment_method", card.id)
    assert [fact.name.split(".")[1] for fact in facts] == [
        "payment_method_attached",
        "payment_method_updated",
        "payment_method_detached",
    ]
    with pytest.raises(errors.PaymentMethodNotFound):
        payments.detach(merchant_id=shop.id, payment_method_id=uuid4(), by=BY, at=NOON)


def test_a_new_card_is_attached_once_under_its_key(shop):
    """Asking again makes no card that nobody has."""
    ada, key = make.customer(shop.id), make.key(shop.id, "once")

    def attach():
        return payments.attach(
            merchant_id=shop.id, token="visa", customer_id=ada.id, key=key, by=BY, at=NOON
        ).value

    assert attach() == attach()
    assert len(queries.payment_methods(shop.id)) == 1


def test_a_new_card_has_the_metadata_that_it_was_given(shop):
    assert make.card(shop.id, metadata={"crm": "7"}).metadata == {"crm": "7"}
