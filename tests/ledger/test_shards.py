"""Two shards in one database: books apart, money that crosses by way of transit accounts."""

import itertools

import pytest

from fintech.kernel import ids, invariants
from fintech.ledger import errors, queries, services
from fintech.ledger.data import templates
from tests.make.ledger import BY, DUE, NOON, PROVIDER, eur
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)


def funded(shard: int, minor: int):
    wallet = ids.new()
    entry = templates.top_up(
        entry_id=ids.new(),
        wallet_id=wallet,
        provider=PROVIDER,
        amount=eur(minor),
        processor_fee=eur(0),
        provider_reference=str(ids.new()),
        due_on=DUE,
        subject=wallet,
        at=NOON,
    )
    services.post([entry], by=BY, shard=shard)
    return wallet


def held(shard: int, wallet) -> int:
    return queries.balance(f"liabilities:wallet:{wallet}", "EUR", shard=shard).posted.minor


def transit(shard: int, other: int) -> int:
    return queries.balance(f"assets:transit:{other}", "EUR", shard=shard).posted.minor


def cross(source, destination, minor, **named):
    return services.transfer_across(
        **{
            "departure_id": ids.new(),
            "arrival_id": ids.new(),
            "source": source,
            "destination": destination,
            "amount": eur(minor),
            "subject": ids.new(),
            "by": BY,
            "at": NOON,
            **named,
        }
    )


def test_money_crosses_and_transit_nets_to_nothing():
    payer, payee = funded(0, 10_00), funded(1, 1_00)
    cross((0, payer), (1, payee), 4_00)
    assert (held(0, payer), held(1, payee)) == (6_00, 5_00)
    assert (transit(0, 1), transit(1, 0)) == (-4_00, 4_00)
    assert list(invariants.check(queries.INVARIANTS)) == []
    cross((1, payee), (0, payer), 4_00)
    assert (transit(0, 1), transit(1, 0)) == (0, 0)
    assert queries.verify() == []
    assert list(queries.replay()) == []


def test_the_same_ids_again_change_nothing():
    payer, payee = funded(0, 10_00), funded(1, 1_00)
    same = {"departure_id": ids.new(), "arrival_id": ids.new(), "subject": ids.new()}
    cross((0, payer), (1, payee), 4_00, **same)
    again = cross((0, payer), (1, payee), 4_00, **same)
    assert [posted.existed for posted in again] == [True, True]
    assert (held(0, payer), held(1, payee)) == (6_00, 5_00)


def test_who_has_too_little_sends_nothing_and_leaves_nothing():
    payer, payee = funded(1, 3_99), funded(0, 1_00)
    with pytest.raises(errors.Overdraft):
        cross((1, payer), (0, payee), 4_00)
    assert (held(1, payer), held(0, payee)) == (3_99, 1_00)
    assert (transit(0, 1), transit(1, 0)) == (0, 0)


def test_a_wallet_of_one_shard_is_unknown_to_the_other():
    payer = funded(0, 10_00)
    assert held(1, payer) == 0


def test_those_who_cross_each_other_never_wait_in_a_circle():
    left, right = funded(0, 100_00), funded(1, 100_00)

    turns = itertools.count()

    def call() -> bool:
        ways = ((0, left), (1, right))
        source, destination = ways if next(turns) % 2 else ways[::-1]
        cross(source, destination, 1)
        return True

    assert race(16, call) == [True] * 16
    assert (held(0, left), held(1, right)) == (100_00, 100_00)
    assert queries.verify() == []


def test_a_transfer_within_a_shard_is_an_ordinary_one():
    payer = funded(0, 10_00)
    with pytest.raises(ValueError, match="needs no transit"):
        cross((0, payer), (0, ids.new()), 1)
