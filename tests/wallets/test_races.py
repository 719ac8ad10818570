"""A hundred callers race one balance, one hold, one limit: exactly what fits goes through."""

import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django_subatomic import db

from fintech.kernel import ids, invariants
from fintech.kernel.errors import Refusal
from fintech.kernel.money import Money
from fintech.wallets import data, queries
from fintech.wallets import services as wallets
from tests.make import wallets as make
from tests.make.wallets import eur

pytestmark = pytest.mark.django_db(transaction=True)
EFFORT = float(os.environ.get("EFFORT", "0.02"))
ROUNDS = max(2, int(100 * EFFORT))
CALLERS = 100
BY_NOW = {"by": make.BY, "at": make.NOON}


class Crowd:
    """Threads that stay connected between rounds and begin each at once."""

    def __init__(self, callers: int) -> None:
        self.callers = callers

    def __enter__(self):
        self.pool = ThreadPoolExecutor(self.callers)
        return self

    def __exit__(self, *_):
        barrier = threading.Barrier(self.callers)

        def leave():
            barrier.wait()
            connections.close_all()

        for leaving in [self.pool.submit(leave) for _ in range(self.callers)]:
            leaving.result()
        self.pool.shutdown()

    def race(self, act) -> Counter:
        """Let everybody act at once; count what came of it, by the refusal's name."""
        barrier = threading.Barrier(self.callers)

        def one(number):
            barrier.wait()
            try:
                act(number)
            except Refusal as refused:
                return type(refused).__name__
            return "through"

        return Counter(self.pool.map(one, range(self.callers)))


def test_what_fits_of_one_balance_leaves_it(record_property):
    with Crowd(CALLERS) as crowd:
        for _ in range(ROUNDS):
            fits = random.randint(0, CALLERS)
            wallet, other = make.wallet(3 * fits + 2), make.wallet()

            def take(number, wallet=wallet, other=other):
                if number % 2:
                    wallets.hold(wallet_id=wallet.id, amount=eur(3), **BY_NOW)
                else:
                    wallets.transfer(
                        source_id=wallet.id, destination_id=other.id, amount=eur(3), **BY_NOW
                    )

            told = crowd.race(take)

            expected = {"through": fits, "InsufficientFunds": CALLERS - fits}
            assert told == {name: n for name, n in expected.items() if n}
            assert queries.balances(wallet.id)[0].available == eur(2)
    assert list(invariants.check(queries.INVARIANTS)) == []
    record_property("rounds", ROUNDS)
    record_property("callers", CALLERS)


def test_what_fits_of_one_hold_is_captured(record_property):
    with Crowd(CALLERS) as crowd:
        for _ in range(ROUNDS):
            fits = random.randint(1, CALLERS - 1)
            wallet = make.wallet(3 * CALLERS)
            held = make.hold(wallet, 3 * fits)

            def capture(_, held=held):
                wallets.capture(hold_id=held.id, amount=eur(3), final=False, **BY_NOW)

            told = crowd.race(capture)

            assert told == {"through": fits, "UnexpectedState": CALLERS - fits}
            assert queries.hold(held.id).state == "captured"
            assert queries.balances(wallet.id)[0].posted == eur(3 * (CALLERS - fits))
    assert list(invariants.check(queries.INVARIANTS)) == []
    record_property("rounds", ROUNDS)
    record_property("callers", CALLERS)


def test_what_fits_of_one_limit_passes(record_property):
    with Crowd(CALLERS) as crowd:
        for number in range(ROUNDS):
            fits = random.randint(1, CALLERS - 1)
            merchant, kind = ids.new(), ("amount", "count", "balance")[number % 3]
            wallet = make.wallet(5 * CALLERS, merchant=merchant)
            other = make.wallet(merchant=merchant)
            wallets.create_limit(
                merchant_id=merchant,
                scope="wallet",
                kind=kind,
                window="per_transaction" if kind == "balance" else "day",
                maximum=fits if kind == "count" else 5 * fits + 4,
                currency="EUR",
                subject=str(other.id) if kind == "balance" else "",
                **BY_NOW,
            )

            def send(_, wallet=wallet, other=other):
                wallets.transfer(
                    source_id=wallet.id, destination_id=other.id, amount=eur(5), **BY_NOW
                )

            told = crowd.race(send)

            assert told == {"through": fits, "LimitExceeded": CALLERS - fits}
            assert queries.balances(other.id)[0].posted == eur(5 * fits)
    assert list(invariants.check(queries.INVARIANTS)) == []
    record_property("rounds", ROUNDS)
    record_property("callers", CALLERS)


def test_giving_back_and_taking_at_once_keep_the_counter(record_property):
    """Half give back what they had while half ask for more: the counter is exact at the end."""
    merchant, customer = ids.new(), ids.new()
    limit = wallets.create_limit(
        merchant_id=merchant, scope="customer", kind="count", window="rolling", seconds=3600,
        maximum=10**6, **BY_NOW,
    ).value  # fmt: skip
    had = [ids.new() for _ in range(CALLERS)]

    def reserve(operation):
        with db.transaction():
            wallets.reserve_or_refuse(
                data.LimitRequest(
                    operation_id=operation,
                    merchant_id=merchant,
                    customer_id=customer,
                    card_fingerprint="",
                    amount=Money(1, "EUR"),
                    at=make.NOON,
                )
            )

    def free(operation):
        with db.transaction():
            wallets.free([operation])

    with Crowd(CALLERS) as crowd:
        crowd.race(lambda number: reserve(had[number]))
        for _ in range(ROUNDS):
            new = [ids.new() for _ in range(CALLERS)]
            crowd.race(lambda n, had=had, new=new: free(had[n]) if n % 2 else reserve(new[n]))
            had = [new[n] if n % 2 == 0 else had[n - 1] for n in range(CALLERS)]
            crowd.race(lambda n, had=had: reserve(ids.new()) if n % 10 == 0 else free(had[n]))
            had = [ids.new() for _ in range(CALLERS)]
            crowd.race(lambda n, had=had: reserve(had[n]))
    assert list(invariants.check(queries.INVARIANTS)) == []
    assert queries.usage(limit.id, subject=str(customer), at=make.NOON).used >= CALLERS
    record_property("rounds", ROUNDS)
