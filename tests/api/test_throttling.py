"""How often a merchant may ask, with Valkey and without."""

import asyncio
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from fintech.api import throttling
from fintech.api.throttling import Limit, Limiter, Local, Shared, Verdict
from fintech.kernel import waiting
from tests.api.conftest import Api
from tests.make import merchants as make

RATE = 5
STEP = 200_000  # Microseconds.


@pytest.fixture(params=["shared", "local"])
def limiter(request, settings):
    return Shared(settings.REDIS_URL) if request.param == "shared" else Local()


def take(limiter, limits: list[Limit]) -> Verdict:
    return limiter.take_each([limits])[0]


def five(of: str = "") -> list[Limit]:
    return [Limit("default", RATE, of or str(uuid4()))]


def test_a_burst_is_admitted_and_the_next_one_waits(limiter):
    limits = five()

    verdicts = [take(limiter, limits) for _ in range(RATE + 1)]

    assert [verdict.is_admitted for verdict in verdicts] == [True] * RATE + [False]
    assert [verdict.left for verdict in verdicts[:RATE]] == [(4,), (3,), (2,), (1,), (0,)]
    assert 0 < verdicts[-1].wait_us <= STEP


def test_keys_do_not_share_a_limit(limiter):
    first, second = five(), five()
    for _ in range(RATE):
        take(limiter, first)

    assert not take(limiter, first).is_admitted
    assert take(limiter, second).is_admitted


def test_never_more_than_the_burst_however_many_ask_at_once(limiter):
    limits, rate = [Limit("x", 20, str(uuid4()))], 20

    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda _: take(limiter, limits), range(100)))
    took = time.monotonic() - began

    assert rate <= sum(verdict.is_admitted for verdict in verdicts) <= rate + took * rate + 1


def test_a_request_takes_its_share_of_every_limit_or_of_none(limiter):
    key = str(uuid4())
    wide, narrow = Limit("default", 5, key), Limit("money", 2, key)
    for _ in range(2):
        take(limiter, [wide, narrow])

    refused = take(limiter, [wide, narrow])

    assert refused.refusing == narrow
    assert take(limiter, [wide]).left == (2,)


def test_requests_that_are_asked_for_together_are_decided_one_after_the_other(limiter):
    key, other = str(uuid4()), five()
    wide, narrow = Limit("default", 5, key), Limit("money", 2, key)

    verdicts = limiter.take_each(
        [[wide, narrow], other, [wide, narrow], [wide, narrow], [wide], other]
    )

    assert [verdict.refusing for verdict in verdicts] == [None, None, None, narrow, None, None]
    assert [verdict.left for verdict in verdicts] == [(4, 1), (4,), (3, 0), (), (2,), (3,)]


def test_on_a_loop_who_asks_meanwhile_is_asked_for_together(monkeypatch):
    limiter, limits, calls = Limiter(), [Limit("x", 50, str(uuid4()))], []
    shared = Shared.take_each
    monkeypatch.setattr(
        Shared, "take_each", lambda self, asked: calls.append(len(asked)) or shared(self, asked)
    )

    async def crowd():
        asked = [waiting.call(lambda: limiter.take(limits)) for _ in range(60)]
        return await asyncio.gather(*asked)

    verdicts = asyncio.run(crowd())
    assert sum(verdict.is_admitted for verdict in verdicts) == 50
    assert sum(calls) == 60
    assert len(calls) < 10


def test_a_refused_request_is_told_when_to_come_again(api, settings):
    settings.API_RATES = {"default": 2}

    answers = [api.get("/v1/account") for _ in range(4)]

    refused = answers[-1]
    assert refused.refusal == (429, "rate_limited", None)
    assert refused.error["type"] == "rate_limit_error"
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["RateLimit-Policy"] == '"default";q=2;w=1, "merchant";q=1000;w=1'
    assert refused.headers["RateLimit"].startswith('"default";r=0;t=')
    assert "Stripe-Should-Retry" not in refused.headers


def test_what_moves_money_has_a_limit_of_its_own(api, settings):
    settings.API_RATES = {"default": 100, "money": 1}
    order = {"amount": 500, "currency": "eur"}

    first, refused = (api.post("/v1/payment_intents", order) for _ in range(2))

    policy = '"default";q=100;w=1, "money";q=1;w=1, "merchant";q=1000;w=1'
    assert first.headers["RateLimit-Policy"] == policy
    assert refused.refusal == (429, "rate_limited", None)
    assert refused.headers["RateLimit"].startswith('"money";r=0;t=')
    assert api.get("/v1/payment_intents").status == 200


def test_a_key_has_its_own_limit_and_more_keys_are_not_more_requests(api, shop, settings):
    settings.API_RATES = {"default": 2, "merchant": 3}
    second = Api(make.api_key(shop).secret)

    told = [caller.get("/v1/account") for caller in (api, api, api, second, second)]

    assert [one.status for one in told] == [200, 200, 429, 200, 429]
    assert told[2].headers["RateLimit"].startswith('"default";r=0;t=')
    assert told[4].headers["RateLimit"].startswith('"merchant";r=0;t=')


@pytest.fixture
def nobody() -> Iterator[str]:
    """The address of a server that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0"


def test_without_valkey_every_process_keeps_the_rule_by_itself(settings, nobody):
    settings.REDIS_URL = nobody
    limiter, limits = Limiter(), [Limit("default", 3, str(uuid4()))]

    verdicts = [limiter.take(limits) for _ in range(4)]

    assert [verdict.is_admitted for verdict in verdicts] == [True, True, True, False]


def test_the_api_stays_up_without_valkey(api, settings, nobody, monkeypatch):
    settings.REDIS_URL = nobody
    monkeypatch.setattr(throttling, "_limiter", Limiter())

    assert api.get("/v1/account").status == 200
