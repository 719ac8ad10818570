"""How much at once: per merchant, in all processes, and under overload."""

import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest
import redis

from fintech.api import front, load
from fintech.api.throttling import Limit, Limiter
from tests.api.conftest import Api
from tests.api.front_door import Front

INTENT = "/v1/payment_intents"
EFFORT = float(os.environ.get("EFFORT", "0.02"))
PROCESSES = 8
SECONDS = 1.0 + min(9.0, 10 * EFFORT)
RATE = 200


# -- at once --------------------------------------------------------------------------------


@pytest.mark.parametrize("door", [Api, Front])
def test_a_merchant_has_so_many_requests_in_progress_and_others_are_not_hindered(
    door, api, stranger, shop, settings
):
    settings.API_AT_ONCE = 2
    with load.in_progress(shop.id), load.in_progress(shop.id):
        refused = door(api.secret).get(INTENT)
        assert door(stranger.secret).get(INTENT).status == 200

    assert refused.refusal == (429, "concurrency_limited", None)
    assert refused.headers["Retry-After"] == "1"
    assert door(api.secret).get(INTENT).status == 200


def test_a_request_that_fails_is_no_longer_in_progress(api, shop, settings):
    settings.API_AT_ONCE = 1
    for _ in range(3):
        assert api.post(INTENT, amount=-1).status == 400

    assert load._progress._counts == {}


def test_each_process_has_its_share(settings):
    settings.API_AT_ONCE, settings.WEB_PROCESSES = 100, 8

    assert load.share() == 12


# -- overload -------------------------------------------------------------------------------


def asked(method: str, path: str, api: Api, waited: float) -> front.Told:
    return front.answer(
        front.Asked(
            method=method,
            path=path,
            query="",
            headers=front.Headers([("Authorization", f"Bearer {api.secret}")]),
            arrived=time.monotonic() - waited,
            read=lambda _limit: b"",
        )
    )


def test_what_waited_too_long_is_given_up_but_money_goes_on(api):
    told = asked("GET", INTENT, api, 0.6)

    assert (told.status, told.headers["Retry-After"]) == (503, "1")
    assert b'"code":"overloaded"' in told.content
    assert asked("GET", INTENT, api, 0.1).status == 200
    assert asked("POST", INTENT, api, 0.6).status == 400  # It was looked at.
    assert asked("POST", "/v1/customers", api, 0.6).status == 503
    assert asked("GET", INTENT, Api("nobody"), 0.6).status == 401  # Whatever the load.
    assert asked("POST", INTENT, api, 11).status == 503


def test_the_framework_gives_up_what_waited_as_well(api, db):
    waited = {"fintech.arrived": time.monotonic() - 0.6}
    told = api._client.get(INTENT, headers={"Authorization": f"Bearer {api.secret}"}, **waited)

    assert (told.status_code, told.json()["error"]["code"]) == (503, "overloaded")


# -- many processes -------------------------------------------------------------------------


class Valkey:
    """A server of its own, that can be killed."""

    def __init__(self, folder: Path) -> None:
        from sandbox.embedded import Embedded

        binary = Embedded(folder)._valkey_binary()
        self.socket = folder / "v.sock"
        self.url = f"unix://{self.socket}?db=0"
        words = [
            "--port",
            "0",
            "--unixsocket",
            str(self.socket),
            "--save",
            "",
            "--dir",
            str(folder),
        ]
        self._process = subprocess.Popen([str(binary), *words], stdout=subprocess.DEVNULL)
        client = redis.Redis.from_url(self.url)
        for _ in range(200):
            try:
                client.ping()
                return
            except redis.RedisError:
                time.sleep(0.05)
        raise RuntimeError("Valkey does not answer")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def valkey():
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        server = Valkey(Path(folder))
        yield server
        server.kill()


def hammered(seconds: float, *, pause: float = 0.0005, meanwhile=None):
    """What so many processes were admitted, and how long a question took at most."""
    pipes, children, key = [], [], str(uuid4())
    begins = time.monotonic() + 0.3
    for _ in range(PROCESSES):
        reads, writes = os.pipe()
        child = os.fork()
        if child == 0:
            _hammer(key, begins, seconds, pause, writes)
        os.close(writes)
        pipes.append(reads)
        children.append(child)
    if meanwhile:
        threading.Timer(0.3 + seconds / 2, meanwhile).start()
    told = []
    for reads, child in zip(pipes, children, strict=True):
        with os.fdopen(reads) as lines:
            told += [line.split() for line in lines]
        os.waitpid(child, 0)
    admitted = sorted(float(at) for at, verdict, _ in told if verdict == "1")
    slowest = max(float(took) for _, _, took in told)
    return admitted, slowest, len(told)


def _hammer(key, begins: float, seconds: float, pause: float, writes: int) -> None:
    """In a process of its own: ask as fast as it goes, and say what came of it."""
    lines = []
    try:
        limiter, limits = Limiter(), [Limit("default", RATE, key)]
        while time.monotonic() < begins:
            time.sleep(0.001)
        while (now := time.monotonic()) < begins + seconds:
            verdict = limiter.take(limits)
            done = time.monotonic()
            lines.append(f"{done - begins:.6f} {int(verdict.is_admitted)} {done - now:.6f}")
            time.sleep(pause)
        with os.fdopen(writes, "w") as out:
            out.write("\n".join(lines) + "\n")
    finally:
        os._exit(0)


def test_eight_processes_are_admitted_the_limit_and_never_more(valkey, settings, record_property):
    settings.REDIS_URL = valkey.url

    admitted, _slowest, asked_in_all = hammered(SECONDS)

    # A burst of a second's worth may run ahead; from then on it is the rate.
    allowed = RATE + RATE * SECONDS
    record_property("admitted", len(admitted))
    record_property("allowed", allowed)
    record_property("asked", asked_in_all)
    assert asked_in_all > 2 * allowed
    assert 0.98 * allowed <= len(admitted) <= allowed + 1


def test_with_valkey_killed_in_the_middle_it_stays_up_and_bounded(
    valkey, settings, record_property
):
    settings.REDIS_URL, settings.WEB_PROCESSES = valkey.url, PROCESSES

    admitted, slowest, asked_in_all = hammered(SECONDS, meanwhile=valkey.kill)

    # Each process begins anew with its share of a burst; together they stay within a second one.
    bound = RATE + RATE * SECONDS + RATE
    record_property("admitted", len(admitted))
    record_property("slowest_ms", round(slowest * 1000))
    assert any(at > SECONDS / 2 + 0.2 for at in admitted)
    assert len(admitted) <= bound
    assert slowest < 1
    assert asked_in_all > bound


def test_the_share_of_a_limit_is_never_nothing():
    assert Limit("money", 3, "key").shared_by(8).rate == 1
