"""
All 720 orders of six callbacks end in the same state.

Authorized, captured, captured again, refund succeeded, a late decline, and the first once
more: an acquirer tells them in whatever order its queues please. Money that has moved is
booked whichever comes first; the decline freezes the payment whenever it comes.
"""

import itertools
import os
import random
from datetime import timedelta
from uuid import UUID

import pytest

from fintech.ledger import queries as ledger_queries
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.payments.data import CaptureState, PaymentState, RefundState
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

EFFORT = float(os.environ.get("EFFORT", "0.02"))
TOLD = ("authorized", "captured", "captured again", "refunded", "declined", "authorized twice")
ORDERS = list(itertools.permutations(TOLD))
SHARE = random.Random(7).sample(ORDERS, max(12, min(len(ORDERS), int(len(ORDERS) * EFFORT))))


@pytest.fixture
def waiting(shop, acquirer):
    """One capture known, a second and a refund asked for and not answered yet."""
    payment = make.authorized(shop.id, token="refund_pending")
    named = {"merchant_id": shop.id, "payment_id": payment.id, "by": BY, "at": NOON}
    payments.capture(amount=eur(10_00), final=False, **named)
    refund = payments.refund(amount=eur(4_00), **named).value
    acquirer.lose_answers()
    payments.capture(amount=eur(20_00), final=False, **named)
    first, second = queries.captures_of(payment.id)
    assert (first.state, second.state) == (CaptureState.SUCCEEDED, CaptureState.UNKNOWN)
    assert refund.state == RefundState.SUBMITTED
    return payment, first, second, refund


def callbacks(acquirer, waiting) -> dict[str, tuple[bytes, dict[str, str]]]:
    payment, first, second, refund = waiting
    attempt = str(payment.latest_attempt.id)
    authorized = acquirer.callback(attempt, event_id="authorized")
    return {
        "authorized": authorized,
        "authorized twice": authorized,
        "captured": acquirer.callback(str(first.reference), event_id="captured"),
        "captured again": acquirer.callback(str(second.reference), event_id="again"),
        "refunded": acquirer.callback(str(refund.id), event_id="refunded", status="succeeded"),
        "declined": acquirer.callback(attempt, event_id="declined", status="declined"),
    }


def ending(payment_id: UUID, shop) -> dict[str, object]:
    payment = queries.payment(payment_id, shop.id)
    return {
        "state": payment.state,
        "was": payment.conflicted_from,
        "captured": payment.captured,
        "refunded": payment.refunded,
        "refund_pending": payment.refund_pending,
        "fee": payment.fee,
        "captures": [(one.state, one.amount) for one in queries.captures_of(payment_id)],
        "refunds": [(one.state, one.amount) for one in queries.refunds_of(payment_id)],
        "owed": ledger_queries.merchant_pending(shop.id, "EUR").posted,
    }


@pytest.mark.django_db
@pytest.mark.parametrize("order", SHARE, ids="-".join)
def test_any_order_ends_in_the_same_state(shop, acquirer, waiting, order):
    told = callbacks(acquirer, waiting)

    for place, name in enumerate(order):
        body, headers = told[name]
        at = NOON + timedelta(seconds=place)
        payments.receive(provider="simulator", body=body, headers=headers, at=at)

    assert ending(waiting[0].id, shop) == {
        "state": PaymentState.CONFLICTED,
        "was": PaymentState.PARTIALLY_CAPTURED,
        "captured": eur(30_00),
        "refunded": eur(4_00),
        "refund_pending": eur(0),
        "fee": eur(39 + 28),
        "captures": [
            (CaptureState.SUCCEEDED, eur(10_00)),
            (CaptureState.SUCCEEDED, eur(20_00)),
        ],
        "refunds": [(RefundState.SUCCEEDED, eur(4_00))],
        "owed": eur(30_00 - 39 - 28 - 4_00),
    }
    assert not list(queries.replay())
