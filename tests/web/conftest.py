"""What tests of the pages share: a merchant, its owner at the desk, an acquirer at hand."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from fintech.kernel import event_log
from fintech.ledger import queries as ledger_queries
from fintech.merchants import data as merchant_data
from fintech.merchants.data import Merchant, Role
from fintech.payments.providers import registry
from fintech.web import handlers
from tests.make import merchants as make_merchants
from tests.make import payments as make
from tests.payments.providers.fake import FakeAcquirer

OWNER = "olga@example.com"


@pytest.fixture(autouse=True)
def acquirer() -> Iterator[FakeAcquirer]:
    fake = FakeAcquirer()
    with registry.using(fake):
        yield fake


@pytest.fixture
def shop(db) -> Merchant:
    return make.merchant(owner_email=OWNER)


@pytest.fixture
def stranger(shop) -> Merchant:
    """Another merchant, with people of its own."""
    return make.merchant(name="Other Shop", owner_email="otto@example.com")


@pytest.fixture
def desk(shop) -> Client:
    """The browser of the shop's owner."""
    return signed_in(OWNER)


def signed_in(email: str) -> Client:
    browser = Client()
    browser.force_login(
        get_user_model().objects.get(email=email),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return browser


def at_the_desk(of: Merchant, role: Role) -> Client:
    """The browser of somebody with a role."""
    member: merchant_data.Membership = make_merchants.member(of, role)
    return signed_in(member.user.email)


@pytest.fixture
def hear() -> Callable[[], None]:
    """Let the read models hear all that was written so far, as the subscription would."""

    def everything() -> None:
        handlers.hear(event_log.after(0, 10_000))
        source = ledger_queries.journal_source()
        handlers.hear(source.read(low=0, high=2**63 - 1, position=0, limit=10_000))

    return everything
