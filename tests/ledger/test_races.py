"""
Many at once: money is spent once, ids count once, and nobody waits in a circle.

A whole campaign (EFFORT=1) is a hundred rounds of a hundred callers; `make test` a share.
"""

import os
import random
import threading

import pytest

from fintech.kernel import ids
from fintech.ledger import errors, queries, services
from fintech.ledger.data import Code
from tests.make import ledger as make
from tests.make.ledger import eur
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)


EFFORT = float(os.environ.get("EFFORT", "0.02"))
CALLERS = max(10, min(100, round(100 * EFFORT)))
ROUNDS = max(3, round(100 * EFFORT))


def consistent() -> bool:
    return not queries.verify() and not list(queries.replay())


def test_money_for_one_is_spent_by_one():
    wallet = make.full_wallet(eur(10_00))

    def spend():
        return make.post(make.transfer(wallet, ids.new(), eur(7_00)))

    outcomes = race(8, spend)

    assert sum(isinstance(outcome, list) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, errors.Overdraft) for outcome in outcomes) == 7
    assert queries.wallet_balance(wallet, "EUR").posted == eur(3_00)
    assert consistent()


def test_round_after_round_one_of_a_hundred_has_the_money(record_property):
    """Every caller keeps its connection and tries once in each round, all at once."""
    wallets = [make.full_wallet(eur(7_00)) for _ in range(ROUNDS)]
    begin = threading.Barrier(CALLERS)

    def try_all():
        codes = []
        for wallet in wallets:
            entry = make.transfer(wallet, ids.new(), eur(7_00))
            begin.wait(60)
            codes += services.try_post([entry], by=make.BY)
        return codes

    outcomes = race(CALLERS, try_all)

    by_round = [[outcome.code for outcome in turn] for turn in zip(*outcomes, strict=True)]
    assert [codes.count(Code.POSTED) for codes in by_round] == [1] * ROUNDS
    assert [codes.count(Code.OVERDRAFT) for codes in by_round] == [CALLERS - 1] * ROUNDS
    assert {queries.wallet_balance(one, "EUR").posted for one in wallets} == {eur(0)}
    assert consistent()
    record_property("rounds", ROUNDS)
    record_property("callers", CALLERS)


def test_one_id_counts_once_however_many_post_it():
    wallet = ids.new()
    entry = make.top_up(wallet, eur(10_00))
    outcomes = race(8, services.post, entries=[entry], by=make.BY)

    assert all(isinstance(outcome, list) for outcome in outcomes), outcomes
    assert sum(not outcome[0].existed for outcome in outcomes) == 1
    assert queries.wallet_balance(wallet, "EUR").posted == eur(10_00)
    assert consistent()


def test_an_authorization_is_captured_up_to_its_amount_by_any_number():
    entry = make.authorized(eur(10_00))

    def take():
        return make.post(make.capture(entry, eur(3_00), final=False))

    outcomes = race(8, take)
    assert sum(isinstance(outcome, list) for outcome in outcomes) == 3
    assert queries.entry(entry.id).remaining == eur(1_00)
    assert consistent()


def test_capture_and_release_meet_and_one_of_them_wins():
    entry = make.authorized(eur(10_00))
    captured, released = make.capture(entry, eur(10_00)), make.release(entry)

    def end():
        services.try_post([captured], by=make.BY)
        return services.try_post([released], by=make.BY)

    race(6, end)
    posted = queries.merchant_pending(make.merchant_of(entry), "EUR")
    assert posted.posted == eur(10_00)
    assert posted.pending == eur(0)
    assert consistent()


def test_an_account_is_opened_once_however_many_use_it_first():
    wallet = ids.new()

    def fill():
        return make.post(make.top_up(wallet, eur(1_00)))

    outcomes = race(8, fill)
    assert all(isinstance(outcome, list) for outcome in outcomes), outcomes
    assert queries.wallet_balance(wallet, "EUR").posted == eur(8_00)
    assert consistent()


def test_batches_over_the_same_accounts_never_wait_in_a_circle(record_property):
    batches = max(6, round(300 * EFFORT))
    record_property("batches", 6 * batches)
    wallets = [make.full_wallet(eur(100_000_00)) for _ in range(6)]
    fresh = [ids.new() for _ in range(20)]

    def shuffle():
        codes = set()
        for _ in range(batches):
            entries = []
            for _ in range(10):
                source, destination = random.sample(wallets, 2)
                entries.append(make.transfer(source, destination, eur(random.randint(1, 100))))
                entries.append(make.transfer(source, random.choice(fresh), eur(1)))
            codes |= {outcome.code for outcome in services.try_post(entries, by=make.BY)}
        return codes

    outcomes = race(6, shuffle)
    assert all(outcome == {Code.POSTED} for outcome in outcomes), outcomes
    total = sum(queries.wallet_balance(one, "EUR").posted.minor for one in (*wallets, *fresh))
    assert total == 6 * 100_000_00
    assert consistent()
