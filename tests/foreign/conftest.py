"""Clients that nobody here wrote, over real HTTP to a server of ours."""

from collections.abc import Iterator

import httpx
import pytest
import stripe

from fintech.merchants.data import Merchant
from fintech.payments.providers import registry
from sandbox.client import sdk
from tests.make import merchants as make
from tests.payments.providers.fake import FakeAcquirer


@pytest.fixture(autouse=True)
def _quiet(settings) -> None:
    settings.FLUSH_REQUEST_LOG = False


@pytest.fixture(autouse=True)
def acquirer() -> Iterator[FakeAcquirer]:
    fake = FakeAcquirer()
    with registry.using(fake):
        yield fake


@pytest.fixture
def shop(transactional_db) -> Merchant:
    return make.merchant()


@pytest.fixture
def secret(shop: Merchant) -> str:
    return make.api_key(shop).secret


@pytest.fixture
def base(live_server) -> str:
    return str(live_server.url)


@pytest.fixture
def client(base: str, secret: str) -> stripe.StripeClient:
    """The official SDK with the shop's key."""
    return sdk(base, secret)


@pytest.fixture
def plain(base: str, secret: str) -> Iterator[httpx.Client]:
    """Plain JSON over HTTP, as curl would send it."""
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {secret}"}) as client:
        yield client
