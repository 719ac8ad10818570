"""Fifty requests with one key at once: one effect, and one answer for all who get one."""

import os
import threading

import pytest
from django.db import connections

from fintech.payments import queries as payments
from tests.api.conftest import Api
from tests.api.front_door import Front

INTENT = "/v1/payment_intents"
AT_ONCE = 50
ROUNDS = max(1, round(100 * float(os.environ.get("EFFORT", "0.02"))))
PAID = {"amount": 500, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}


def at_once(send) -> list:
    """What everybody was told who sent the same at the same moment."""
    gate, answers = threading.Barrier(AT_ONCE), []

    def one() -> None:
        try:
            gate.wait()
            answers.append(send())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("door", [Api, Front], ids=["Django", "front"])
def test_fifty_at_once_have_one_effect_and_one_answer(door, api, shop, acquirer, settings):
    settings.API_RATES = {"default": 100_000, "money": 100_000}
    caller = door(api.secret)
    for number in range(ROUNDS):
        before = acquirer.counts()
        key = f"round-{number}"

        answers = at_once(lambda key=key: caller.post(INTENT, PAID, key=key))

        told = [answer for answer in answers if answer.status == 200]
        assert len(answers) == AT_ONCE
        assert {answer.status for answer in answers} <= {200, 409}
        assert {a.error["code"] for a in answers if a.status == 409} <= {"idempotency_key_in_use"}
        assert len({answer.content for answer in told}) == 1
        assert sum("Idempotent-Replayed" not in answer.headers for answer in told) == 1
        assert len(payments.payments(shop.id, limit=100).items) == number + 1
        made = sum(acquirer.counts().values()) - sum(before.values())
        assert made == 1
