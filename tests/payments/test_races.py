"""
Many at once: each race has one exact outcome.

A whole campaign (EFFORT=1) runs a hundred rounds of a hundred callers; `make test` a share.
"""

import os
from collections import Counter

import pytest

from fintech.kernel import invariants
from fintech.kernel.errors import Refusal
from fintech.ledger import queries as ledger_queries
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.payments.models import Payment
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)

EFFORT = float(os.environ.get("EFFORT", "0.02"))
CALLERS = 100 if EFFORT >= 0.1 else 8
ROUNDS = range(max(1, int(100 * EFFORT)))


def outcomes(results) -> Counter[str]:
    names = Counter()
    for result in results:
        if isinstance(result, Refusal):
            names[type(result).__name__] += 1
        elif isinstance(result, Exception):
            raise result
        else:
            names["replayed" if result.replayed else "done"] += 1
    return names


def nothing_broken() -> None:
    assert not list(invariants.check(queries.INVARIANTS))
    assert not list(queries.replay())


@pytest.mark.parametrize("turn", ROUNDS)
def test_one_key_makes_one_payment_however_many_ask_at_once(shop, acquirer, turn):
    results = race(
        CALLERS,
        payments.create,
        merchant_id=shop.id,
        amount=eur(42_50),
        token="visa",
        confirm=True,
        key=make.key(shop.id, "k"),
        by=BY,
        at=NOON,
    )

    found = outcomes(results)
    assert found["done"] == 1
    assert set(found) <= {"done", "replayed", "KeyInUse"}
    assert Payment.objects.count() == 1
    assert acquirer.counts() == {"authorization_succeeded": 1}
    assert ledger_queries.merchant_pending(shop.id, "EUR").posted == eur(41_65)
    nothing_broken()


@pytest.mark.parametrize("turn", ROUNDS)
def test_money_is_taken_once_however_many_ask_at_once(shop, acquirer, turn):
    payment = make.authorized(shop.id)

    results = race(
        CALLERS,
        payments.capture,
        merchant_id=shop.id,
        payment_id=payment.id,
        by=BY,
        at=NOON,
    )

    assert outcomes(results) == {"done": 1, "UnexpectedState": CALLERS - 1}
    assert acquirer.counts()["capture_succeeded"] == 1
    assert make.now(payment).captured == eur(42_50)
    nothing_broken()


@pytest.mark.parametrize("turn", ROUNDS)
def test_money_is_taken_or_let_go_and_never_both(shop, acquirer, turn):
    payment = make.authorized(shop.id)
    verbs = iter([payments.capture, payments.cancel] * CALLERS)

    def either():
        return next(verbs)(merchant_id=shop.id, payment_id=payment.id, by=BY, at=NOON)

    results = race(CALLERS, either)

    assert outcomes(results) == {"done": 1, "UnexpectedState": CALLERS - 1}
    counts = acquirer.counts()
    assert counts.get("capture_succeeded", 0) + counts.get("void_succeeded", 0) == 1
    assert make.now(payment).state in {"captured", "canceled"}
    nothing_broken()


@pytest.mark.parametrize("turn", ROUNDS)
def test_no_more_is_given_back_than_was_taken(shop, acquirer, turn):
    payment = make.captured(shop.id)

    results = race(
        CALLERS,
        payments.refund,
        merchant_id=shop.id,
        payment_id=payment.id,
        amount=eur(10_00),
        by=BY,
        at=NOON,
    )

    assert outcomes(results) == {"done": 4, "RefundTooLarge": CALLERS - 4}
    assert make.now(payment).refunded == eur(40_00)
    assert acquirer.counts()["refund_succeeded"] == 4
    nothing_broken()


def test_one_event_told_many_times_at_once_is_heard_once(shop, acquirer):
    payment = make.confirmed(shop.id, token="acquirer_timeout")
    body, headers = acquirer.callback(str(payment.latest_attempt.id))

    results = race(
        CALLERS, payments.receive, provider="simulator", body=body, headers=headers, at=NOON
    )

    assert Counter(str(result.outcome) for result in results) == {
        "heard": 1,
        "duplicate": CALLERS - 1,
    }
    assert make.now(payment).captured == eur(42_50)
    nothing_broken()


def test_one_review_is_decided_once(shop):
    payment = make.in_review(shop.id)
    verdicts = iter(["approve", "decline"] * CALLERS)

    def either():
        return payments.decide_review(payment_id=payment.id, verdict=next(verdicts), by=BY, at=NOON)

    found = outcomes(race(CALLERS, either))

    assert found["done"] == 1
    assert set(found) <= {"done", "ReviewNotOpen", "ReviewLost"}
    nothing_broken()
