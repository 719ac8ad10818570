"""
What tests of payments share: a merchant, and an acquirer that answers at once.

Imports stand in the fixtures: a process that only hands tests to workers has no Django.
"""

import pytest


@pytest.fixture(autouse=True)
def acquirer():
    from fintech.payments.providers import registry
    from tests.payments.providers.fake import FakeAcquirer

    fake = FakeAcquirer()
    with registry.using(fake):
        yield fake


@pytest.fixture
def shop(db):
    from tests.make import payments as make

    return make.merchant()


@pytest.fixture
def outside(acquirer):
    """An acquirer that outlives the processes that are killed."""
    from tests.payments.surviving import an_acquirer_outside

    with an_acquirer_outside() as found:
        yield found


@pytest.fixture
def told():
    """The names of a payment's facts, in order and without room and version."""
    from fintech.kernel import event_log

    def names(payment) -> list[str]:
        recorded = event_log.stream("payments.payment", payment.id)
        assert [fact.version for fact in recorded] == list(range(1, len(recorded) + 1))
        return [fact.name.split(".")[1].removeprefix("payment_") for fact in recorded]

    return names
