"""
A large history through the batch services: `make seed-large`, by default 200,000 payments.

    python -m benchmarks.seed_large [--payments 200000] [--batch 450]

What a provider would say is said here (nobody is asked), everything else is the platform's
own: fraud decides, the ledger books, the event log tells, the read models are folded.
"""

import argparse
import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if TYPE_CHECKING:
    from fintech.kernel.actor import Actor
    from fintech.payments import data

DAYS = 180
OWNER = ("owner@large.example", "river-stone-lantern")
CUSTOMERS = 1_000
_GOOD = ("visa", "mastercard", "amex")
_SAYS_NO = 0.06


@dataclass(frozen=True, slots=True)
class Shop:
    """The merchant of the large history."""

    id: UUID
    customers: list[UUID]
    key: str


def main() -> int:
    """Seed, fold the read models, and say how fast it went."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seed_large", description=__doc__)
    parser.add_argument("--payments", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=450)
    parser.add_argument("--seed", type=int, default=7)
    told = parser.parse_args()

    import django

    django.setup()
    from fintech.kernel import actor, clock
    from fintech.web import services as web

    by, now = actor.system("seed-large"), clock.now()
    chance = random.Random(told.seed)
    began = time.monotonic()
    shop = _shop(by, now - timedelta(days=DAYS + 1))
    done = 0
    for orders in _batches(shop, told.payments, told.batch, chance, now):
        done += _pay(orders, chance, by)
        seconds = time.monotonic() - began
        left = (told.payments - done) * seconds / done
        print(
            f"{done:,} of {told.payments:,} payments · {done / seconds:,.0f}/s · {left:.0f} s left",
            flush=True,
        )
    began = time.monotonic()
    items = web.rebuild()
    seconds = time.monotonic() - began
    print(f"read models folded: {items:,} items in {seconds:.0f} s ({items / seconds:,.0f}/s)")
    print(json.dumps({"merchant": str(shop.id), "owner": OWNER[0], "key": shop.key}))
    return 0


def _shop(by: "Actor", at: datetime) -> Shop:
    from fintech.merchants import services as merchants
    from fintech.payments import services as payments

    merchant = merchants.open_merchant(
        name="Large Stores",
        country="DE",
        default_currency="EUR",
        owner_email=OWNER[0],
        owner_name="Large Stores' owner",
        owner_password=OWNER[1],
        by=by,
        at=at,
    )
    customers = [
        payments.create_customer(
            merchant_id=merchant.id,
            email=f"payer{number}@example.com",
            name=f"Payer {number}",
            by=by,
            at=at,
        ).value.id
        for number in range(CUSTOMERS)
    ]
    key = merchants.create_api_key(merchant_id=merchant.id, name="Till", by=by, at=at)
    return Shop(merchant.id, customers, key.secret)


def _batches(
    shop: Shop, count: int, size: int, chance: random.Random, now: datetime
) -> Iterator[list["data.Begin"]]:
    """Yield the orders of half a year, oldest first."""
    from fintech.kernel.money import Money
    from fintech.payments import data

    step = timedelta(days=DAYS) / count
    at = now - timedelta(days=DAYS)
    orders: list[data.Begin] = []
    for number in range(count):
        at += step
        orders.append(
            data.Begin(
                merchant_id=shop.id,
                at=at,
                token=chance.choice(_GOOD),
                new=data.NewPayment(
                    amount=Money(int(chance.lognormvariate(7.6, 0.7)) + 50, "EUR"),
                    capture_method=data.CaptureMethod(
                        "manual" if chance.random() < 0.02 else "automatic"
                    ),
                    customer_id=chance.choice(shop.customers) if chance.random() < 0.8 else None,
                    description=f"Order {number}",
                ),
            )
        )
        if len(orders) == size or number == count - 1:
            yield orders
            orders = []


def _pay(orders: list["data.Begin"], chance: random.Random, by: "Actor") -> int:
    """Decide a batch, say what a provider would say, and record it."""
    from fintech.payments import data
    from fintech.payments import services as payments

    begun = payments.begin(orders, by=by)
    answers = []
    for one in begun:
        if one.ask is None:
            continue
        if chance.random() < _SAYS_NO:
            answer = data.Answer(
                status=data.AnswerStatus.DECLINED, decline_code="insufficient_funds"
            )
        else:
            answer = data.Answer(
                status=data.AnswerStatus.APPROVED,
                amount=one.ask.amount,
                provider_reference=f"seed_{one.ask.attempt_id.hex}",
            )
        answers.append(data.Answered(attempt_id=one.ask.attempt_id, answer=answer, at=one.ask.at))
    payments.record(answers, by=by)
    return len(begun)


if __name__ == "__main__":
    raise SystemExit(main())
