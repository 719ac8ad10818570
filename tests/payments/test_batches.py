"""Batches: many go as one does, in as many round trips, and strangers share no fate."""

from dataclasses import replace

import pytest
from django.db import IntegrityError

from fintech.ledger import queries as ledger_queries
from fintech.payments import data, errors
from fintech.payments import services as payments
from fintech.payments.data import PaymentState
from fintech.payments.models import Payment
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.payments.counting import round_trips

MOST_ROUND_TRIPS = 12


def order(shop, minor=10_00, *, token="visa", **facets):
    return data.Begin(
        merchant_id=shop.id,
        at=NOON,
        new=data.NewPayment(amount=eur(minor)),
        token=token,
        key=make.key(shop.id),
        **facets,
    )


@pytest.mark.django_db
def test_a_batch_comes_back_in_its_order(shop):
    tokens = ["visa", "declined", "blocked", "acquirer_error", "three_d_secure", "visa"]
    begun = payments.confirm_all([order(shop, token=token) for token in tokens], by=BY)
    assert [one.payment.state for one in begun] == [
        "captured",
        "created",
        "created",
        "created",
        "awaiting_payer",
        "captured",
    ]
    assert ledger_queries.merchant_pending(shop.id, "EUR").posted == eur(2 * (10_00 - 39))


@pytest.mark.django_db
def test_a_refusal_does_not_touch_its_neighbors(shop):
    taken = make.captured(shop.id)
    wrong = data.Begin(merchant_id=shop.id, payment_id=taken.id, token="visa", at=NOON)
    first, second, third, fourth = payments.confirm_all(
        [order(shop), wrong, order(shop, 0), order(shop)], by=BY
    )
    assert (first.payment.state, fourth.payment.state) == ("captured", "captured")
    assert isinstance(second.refusal, errors.UnexpectedState)
    assert isinstance(third.refusal, errors.AmountTooSmall)


@pytest.mark.django_db
def test_strangers_do_not_share_the_fate_of_what_the_database_refuses(shop):
    """An order with the id of a payment that exists: the whole batch fails, then only it."""
    taken = make.created(shop.id)
    wrong = replace(order(shop), new=data.NewPayment(amount=eur(1_00), id=taken.id))

    first, second, third = payments.confirm_all([order(shop), wrong, order(shop)], by=BY)

    assert [one.payment.state for one in (first, third)] == ["captured"] * 2
    assert isinstance(second.failure, IntegrityError)
    assert make.now(taken) == taken
    with pytest.raises(IntegrityError):
        payments.confirm_one(wrong, by=BY)


@pytest.mark.django_db
def test_one_payment_is_confirmed_once_per_batch(shop):
    payment = make.created(shop.id)
    twice = [
        data.Begin(merchant_id=shop.id, payment_id=payment.id, token="visa", at=NOON)
        for _ in range(2)
    ]
    first, second = payments.confirm_all(twice, by=BY)
    assert first.payment.state == PaymentState.CAPTURED
    assert isinstance(second.refusal, errors.UnexpectedState)


@pytest.mark.django_db
def test_one_key_in_a_batch_twice_has_one_effect(shop):
    one = order(shop)
    first, second = payments.confirm_all([one, one], by=BY)
    assert first.payment.state == PaymentState.CAPTURED
    assert second.refusal.code == "idempotency_key_in_use"
    assert Payment.objects.count() == 1


@pytest.mark.django_db
def test_each_order_of_a_batch_names_its_own_actor(shop):
    from fintech.kernel import event_log
    from fintech.kernel.actor import Actor

    actors = [Actor(kind="api_key", id=name, request_id=f"req_{name}") for name in ("a", "b")]
    begun = payments.confirm_all([order(shop, by=actor) for actor in actors], by=BY)
    for one, actor in zip(begun, actors, strict=True):
        recorded = event_log.stream("payments.payment", one.payment.id)
        assert {fact.meta["request_id"] for fact in recorded} == {actor.request_id}


def turns(shop, size: int) -> int:
    orders = [order(shop) for _ in range(size)]
    with round_trips() as counted:
        begun = payments.confirm_all(orders, by=BY)
        count = counted.count
    assert {one.payment.state for one in begun} == {PaymentState.CAPTURED}
    return count


@pytest.mark.django_db(transaction=True)
def test_the_size_of_a_batch_does_not_change_its_round_trips(shop):
    turns(shop, 1)  # What a process reads once, it has read now.
    counts = {size: turns(shop, size) for size in (1, 2, 25)}
    assert len(set(counts.values())) == 1, counts


@pytest.mark.django_db(transaction=True)
def test_create_and_confirm_take_few_round_trips(shop):
    """
    Both beats, BEGIN and COMMIT counted, as the wire between us and PostgreSQL sees them.

    A new connection waits once more, while it plans a statement that later ones only name.
    """
    turns(shop, 1)
    with round_trips() as counted:
        counts = []
        for _ in range(3):
            counted.count = 0
            payments.confirm_all([order(shop)], by=BY)
            counts.append(counted.count)
    assert counts[0] <= MOST_ROUND_TRIPS + 1
    assert max(counts[1:]) <= MOST_ROUND_TRIPS
