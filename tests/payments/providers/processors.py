"""
Processors that speak as Stripe does, each a process of its own, and the line to them.

A second instance of this platform, with its own servers and its own key; and `localstripe`
from PyPI, in an environment of its own. Requests go over a line on which answers are lost
and requests turned away, as the sandbox's cards ask for it.
"""

import asyncio
import contextlib
import io
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.client import Api
from sandbox.instance import Instance
from sandbox.progress import Progress
from tests.acquirer.serving import served
from tests.foreign.clients import environments

_PORT = 23_000
_OUR_SERVERS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")
_PICKLE = Path("/tmp/localstripe.pickle")  # Where it keeps everything, whoever runs it.
_HOP_BY_HOP = {"host", "content-length", "connection", "transfer-encoding", "content-encoding"}


_running = contextlib.ExitStack()  # What several modules speak to is started once.


@dataclass(frozen=True, slots=True)
class Second:
    """The platform that plays the processor, and the key of its merchant: us."""

    instance: Instance
    key: str

    @property
    def api(self) -> Api:
        """The merchant's own way in."""
        return Api(self.instance.base_url, self.key)


@cache
def second_instance() -> Second:
    """Run this platform once more, with servers of its own, until `close`."""
    return _running.enter_context(_second())


def close() -> None:
    """Stop what was started."""
    _running.close()
    second_instance.cache_clear()


@contextmanager
def _second() -> Iterator[Second]:
    state = Path(tempfile.mkdtemp(prefix="fintech-processor-"))
    state.chmod(0o711)  # The database's own account walks through it.
    ours = {name: os.environ.pop(name, None) for name in _OUR_SERVERS}
    try:
        progress = Progress(io.StringIO())
        instance = Instance(state, base_port=_PORT, progress=progress, throwaway=True)
        with instance:
            opened = instance.open_merchant(
                *("--name", "The platform in front", "--country", "DE"),
                *("--currency", "EUR", "--email", "owner@example.com"),
            )
            _give_back(ours)
            yield Second(instance, opened["secret_key"])
    finally:
        _give_back(ours)
        shutil.rmtree(state, ignore_errors=True)


def _give_back(ours: dict[str, str | None]) -> None:
    os.environ.update({name: value for name, value in ours.items() if value is not None})


@contextmanager
def localstripe() -> Iterator[str]:
    """Run localstripe as it comes, and give its address; where it can't be had, skip."""
    try:
        interpreter = environments.python("localstripe")
    except environments.NotRun as reason:
        pytest.skip(f"localstripe is not to be had here: {str(reason)[:200]}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(interpreter), "-m", "localstripe", "--from-scratch", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            if process.poll() is not None:
                pytest.skip("localstripe does not run here (it wants IPv6)")
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(url)
                break
            time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.wait()
        _PICKLE.unlink(missing_ok=True)


def made_card(url: str, number: str) -> str:
    """Make a card at localstripe, and return what it calls it."""
    card = {"number": number, "exp_month": "12", "exp_year": "2034", "cvc": "123"}
    told = httpx.post(
        f"{url}/v1/payment_methods",
        headers={"Authorization": "Bearer sk_test_1234567"},
        data={"type": "card", **{f"card[{name}]": value for name, value in card.items()}},
    )
    return str(told.raise_for_status().json()["id"])


class Line:
    """
    The way to a processor, on which two cards go astray.

    Of `pm_card_acquirer_timeout` the answer comes too late, `pm_card_acquirer_error` is
    turned away with 429. A processor that knows no idempotency keys is given them here, as
    Stripe describes them; and questions that it does not understand are made simpler.
    """

    def __init__(self, to: str, *, late_s: float, gives_keys: bool, drops: str = "") -> None:
        self._to, self._late_s, self._gives_keys, self._drops = to, late_s, gives_keys, drops
        self._answers: dict[str, httpx.Response] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""

    @contextmanager
    def open(self) -> Iterator[str]:
        """Give the address of this end."""
        every = Route("/{path:path}", self._forward, methods=["GET", "POST", "DELETE"])
        with served(Starlette(routes=[Route("/health", _health), every])) as client:
            yield str(client.base_url)

    async def _forward(self, request: Request) -> Response:
        body = await request.body()
        self.asked.append(f"{request.method} {request.url.path}")
        self.headers.append(dict(request.headers))
        if b"pm_card_acquirer_error" in body:
            error = {"type": "invalid_request_error", "code": "rate_limit", "message": "Later."}
            return JSONResponse({"error": error}, status_code=429)
        late = b"pm_card_acquirer_timeout" in body
        answer = await self._ask(
            request, body.replace(b"pm_card_acquirer_timeout", b"pm_card_visa")
        )
        if late:
            await asyncio.sleep(self._late_s)
        return Response(answer.content, answer.status_code, _passed_on(answer.headers))

    async def _ask(self, request: Request, body: bytes) -> httpx.Response:
        key = request.headers.get("idempotency-key", "") if self._gives_keys else ""
        if key and key in self._answers:
            return self._answers[key]
        query = [
            (name, value)
            for name, value in request.query_params.multi_items()
            if not (self._drops and name.startswith(self._drops))
        ]
        async with httpx.AsyncClient(base_url=self._to, timeout=30) as client:
            answer = await client.request(
                request.method,
                request.url.path,
                params=query,
                content=body,
                headers=_passed_on(request.headers),
            )
        if key:
            self._answers[key] = answer
        return answer


def _passed_on(headers) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}


async def _health(_request: Request) -> Response:
    return JSONResponse({"ok": True})
