"""In a web worker, requests that meet share their commits and get their own answers."""

import pytest

from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.payments import queries
from fintech.payments import services as payments
from tests.make.merchants import NOON
from tests.make.payments import eur
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_caller_hears_his_own_answer(shop, settings):
    settings.COMBINE = True
    minors = iter(range(1, 17))

    def pay():
        minor = next(minors)
        made = payments.create(
            merchant_id=shop.id,
            amount=eur(minor),
            token="declined" if minor % 4 == 0 else "visa",
            confirm=True,
            by=Actor(kind="api_key", id=str(minor)),
            at=NOON,
        ).value
        return minor, made

    results = race(16, pay)

    paid = [result for result in results if not isinstance(result, Exception)]
    declined = [result for result in results if isinstance(result, Refusal)]
    assert (len(paid), len(declined)) == (12, 4)
    assert all(made.captured == eur(minor) for minor, made in paid)
    assert len(queries.payments(shop.id, limit=100).items) == 16
