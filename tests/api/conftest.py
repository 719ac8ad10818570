"""What tests of the API share: a merchant with a key, and an acquirer that answers at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from fintech.merchants import queries as merchants
from fintech.merchants import services
from fintech.merchants.data import KeyKind, Merchant
from fintech.merchants.services import oauth, requests
from fintech.payments.providers import registry
from fintech.wire import json
from tests.api.contract import violations
from tests.make import merchants as make
from tests.payments.providers.fake import FakeAcquirer


@pytest.fixture(autouse=True)
def acquirer() -> Iterator[FakeAcquirer]:
    fake = FakeAcquirer()
    with registry.using(fake):
        yield fake


@pytest.fixture(autouse=True)
def _quiet(settings) -> Iterator[None]:
    settings.FLUSH_REQUEST_LOG = False  # The log is flushed by hand, in the test's transaction.
    yield
    requests._buffer._waiting.clear()  # What a test has not looked at is not the next one's.


@dataclass(frozen=True)
class Answered:
    """An answer with its body read."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def error(self) -> Any:
        return self.body["error"]

    @property
    def refusal(self) -> tuple[int, str, str | None]:
        """Status, code and parameter, as tests compare them."""
        return self.status, self.error["code"], self.error["param"]


class Api:
    """A merchant's program: JSON by default, with a key of its own."""

    def __init__(self, secret: str, *, headers: dict[str, str] | None = None) -> None:
        self.secret, self.headers = secret, headers or {}
        self._client = Client(raise_request_exception=False)

    def get(self, path: str, /, **query: Any) -> Answered:
        return self.send("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(
        self, path: str, /, body: dict | None = None, *, key: str = "", **more: Any
    ) -> Answered:
        headers = {"Idempotency-Key": key} if key else {}
        content = json.dumps({**(body or {}), **more})
        return self.send("POST", path, content, headers=headers)

    def form(self, path: str, text: str, *, key: str = "") -> Answered:
        headers = {"Idempotency-Key": key} if key else {}
        return self.send(
            "POST",
            path,
            text.encode(),
            content_type="application/x-www-form-urlencoded",
            headers=headers,
        )

    def delete(self, path: str) -> Answered:
        return self.send("DELETE", path)

    def send(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        *,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Answered:
        credentials = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        answered: HttpResponse = self._client.generic(
            method,
            path,
            content,
            content_type=content_type,
            headers={**credentials, **self.headers, **(headers or {})},
        )
        made = Answered(answered.status_code, dict(answered.headers), answered.content)
        bare = path.partition("?")[0]
        assert violations(method, bare, made.status, made.body) == [], f"{method} {bare}"
        return made


@pytest.fixture
def shop(db) -> Merchant:
    return make.merchant()


@pytest.fixture
def api(shop: Merchant) -> Api:
    return Api(make.api_key(shop).secret)


@pytest.fixture
def unhurried(db) -> None:
    """A test of many requests is one transaction, and those have a longest time."""
    with connection.cursor() as cursor:
        # One that runs already is not set anew: it is taken off, and put on again.
        cursor.execute("SET transaction_timeout = 0")
        cursor.execute("SET transaction_timeout = '120s'")
        cursor.execute("SET idle_in_transaction_session_timeout = '60s'")


@cache
def _made_before() -> list[rsa.RSAPrivateKey]:
    return [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(4)]


@pytest.fixture(autouse=True)
def _keys_made_before(monkeypatch) -> None:
    """Making a key takes long; tests take those that were made once."""
    pool = []

    def next_key(**_size: int) -> rsa.RSAPrivateKey:
        pool.extend([] if pool else _made_before())
        return pool.pop()

    monkeypatch.setattr(oauth, "rsa", SimpleNamespace(generate_private_key=next_key))


@pytest.fixture
def stranger(db) -> Api:
    """Another merchant's program."""
    return Api(make.api_key(make.merchant(name="Elsewhere")).secret)


@pytest.fixture
def restricted(shop: Merchant):
    """A key of the shop with a few scopes."""

    def with_scopes(*scopes: str) -> Api:
        return Api(make.api_key(shop, kind=KeyKind.RESTRICTED, scopes=scopes).secret)

    return with_scopes


@pytest.fixture
def request_log(shop: Merchant):
    """The shop's request log, written out first."""

    def lines() -> list:
        services.flush_requests()
        return merchants.request_log(shop.id)

    return lines
