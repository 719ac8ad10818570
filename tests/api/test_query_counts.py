"""
No call asks the database more often because there is more in it.

Every call that moves money, and every one that reads, is made with one payment in the
database and with three hundred: the same number of statements. All of them are found by
their declaration.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fintech.kernel import clock
from fintech.payments import data
from fintech.payments import services as payments
from tests.api.conftest import Api
from tests.api.money_doors import READY, REHEARSING, send
from tests.api.operations import OPERATIONS, named, path_of, prefix_of
from tests.api.test_tenants import MADE, PLATFORM
from tests.make import merchants as make_merchants
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

MANY, AT_LEAST = 300, 15  # Payments; calls.
# What has to be told besides the path.
SUBJECTS = {
    "ledger.index": lambda api: f"?payment_intent={MADE['pi'](api)}",
}
READS = [
    one
    for one in OPERATIONS
    if one.method == "GET"
    and not one.name.startswith(PLATFORM)
    and one.name != "ledger.proof"  # Only what is committed is sealed.
    and ("{id}" not in one.path or prefix_of(one) in MADE)
]


def grow(shop, wanted: int) -> None:
    """So many sales of one shop to one customer; a tenth of them came back in part."""
    payer = make.customer(shop.id)
    orders = [
        data.Begin(
            merchant_id=shop.id,
            at=NOON,
            new=data.NewPayment(amount=eur(10_00 + number), customer_id=payer.id),
            token="visa",
            key=make.key(shop.id),
        )
        for number in range(wanted)
    ]
    made = [one.payment for one in payments.confirm_all(orders, by=BY)]
    for payment in made[: 1 + wanted // 10]:
        payments.refund(
            merchant_id=shop.id, payment_id=payment.id, amount=eur(1_00), by=BY, at=NOON
        )


def statements(ask) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        answered = ask()
    assert answered.status == 200, answered.content
    return [one["sql"] for one in captured.captured_queries]


def calls(api: Api, _made: dict[str, str]):
    """Each call with a thing that it is made to, as it is asked for now."""
    for operation in REHEARSING:
        asked = READY[operation.name](api)
        yield operation, lambda operation=operation, asked=asked: send(api, operation, asked)


def reads(api: Api, made: dict[str, str]):
    """Each question; what it is about is made once."""
    for operation in READS:
        path = path_of(operation)
        if operation.name in SUBJECTS:
            path += SUBJECTS[operation.name](api)
        if "{key}" in operation.path:
            api.post("/v1/customers", name="Ada", key="never-used")
        if "{id}" in operation.path:
            prefix = prefix_of(operation)
            if prefix not in made:
                made[prefix] = MADE[prefix](api)
            path = path_of(operation, at=made[prefix])
        yield operation, lambda path=path: api.get(path)


@pytest.mark.parametrize("doors", [calls, reads])
def test_no_query_count_grows_with_the_data(doors, unhurried):
    def counts(sales: int) -> dict[str, int]:
        """Of a merchant with so many; the fewer of two, as one now and then reads a rule again."""
        shop = make_merchants.merchant()
        api = Api(make_merchants.api_key(shop).secret)
        grow(shop, sales)
        made: dict[str, str] = {}
        rounds = [
            {named(operation): len(statements(ask)) for operation, ask in doors(api, made)}
            for _ in range(2)
        ]
        return {name: min(one[name] for one in rounds) for name in rounds[0]}

    with clock.fixed(clock.now()):
        few, many = counts(1), counts(MANY)

    assert many == few
    assert len(few) >= AT_LEAST
