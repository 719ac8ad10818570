"""What tests of payments share: a merchant, and an acquirer that answers at once."""

from collections.abc import Iterator

import pytest

from fintech.kernel import event_log
from fintech.merchants.data import Merchant
from fintech.payments.providers import registry
from tests.make import payments as make
from tests.payments.providers.fake import FakeAcquirer


@pytest.fixture(autouse=True)
def acquirer() -> Iterator[FakeAcquirer]:
    fake = FakeAcquirer()
    with registry.using(fake):
        yield fake


@pytest.fixture
def shop(db) -> Merchant:
    return make.merchant()


@pytest.fixture
def told():
    """The names of a payment's facts, in order and without room and version."""

    def names(payment) -> list[str]:
        recorded = event_log.stream("payments.payment", payment.id)
        assert [fact.version for fact in recorded] == list(range(1, len(recorded) + 1))
        return [fact.name.split(".")[1].removeprefix("payment_") for fact in recorded]

    return names
