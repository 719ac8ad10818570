"""How many questions a page asks the database: bounded, and the same for few rows and for many."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fintech.kernel import clock, ids
from fintech.payments import services as payments
from tests.make import merchants as make_merchants
from tests.make import payments as make
from tests.make.payments import BY, eur

MOST = 40  # Session, person, memberships and rights take about eight of them.
LISTS = [
    "",
    "payments",
    "payments?state=declined&currency=EUR&min=1",
    "refunds",
    "customers",
    "links",
    "balance",
    "statements",
    "keys",
    "webhooks",
    "requests",
    "exports",
    "team",
    "simulate",
]


def fill(shop, hear, count: int) -> None:
    for number in range(count):
        customer = make.customer(shop.id, email=f"payer{ids.new()}@example.com")
        make.captured(shop.id, eur(1_00 + number), customer_id=customer.id)
        make.confirmed(shop.id, eur(1_00 + number), token="insufficient_funds")
        make_merchants.api_key(shop)
        payments.create_link(merchant_id=shop.id, title="Tea", amount=eur(5), by=BY, at=clock.now())
    hear()


def asked(desk, page: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert desk.get(f"/dashboard/{page}").status_code == 200
    return len(seen)


@pytest.mark.parametrize("page", LISTS)
def test_a_list_asks_as_much_for_many_rows_as_for_few(desk, shop, hear, page):
    fill(shop, hear, 2)
    asked(desk, page)  # Rights and prices are remembered from here on.
    few = asked(desk, page)

    fill(shop, hear, 6)

    many = asked(desk, page)
    assert few <= MOST
    assert many <= few + 1  # Once a second the clock is asked as well.
