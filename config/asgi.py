"""
One port, one command: `gunicorn config.asgi:application -k config.web_worker.Worker`.

The callable looks at the path. What must be quick is served here, on the event loop;
everything else is Django's, through a small WSGI bridge in a thread pool: the body is
read on the loop (a large one into a file), the handler runs once in a thread, and the
answer is sent whole. Django's own ASGI handler costs four times as much per request.
"""

import asyncio
import gc
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

from django.conf import settings

from config.wsgi import application as django  # It sets Django up; what follows needs that.

# isort: split
from config import health
from fintech.api import front, hot, streams
from fintech.kernel import waiting

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_IN_MEMORY = 1024 * 1024  # Bytes of a body that are kept in memory; the rest goes to a file.
_LARGEST_BODY = 65 * 1024 * 1024  # Bytes; the largest upload is a statement of 64 MiB.
_STREAM = re.compile(streams.PATH)
_YOUNG = 20_000  # Objects that are made before the collector looks at them.
_threads = ThreadPoolExecutor(max_workers=settings.WEB_THREADS, thread_name_prefix="django")


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one connection's request."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        try:
            await _answer(scope, receive, send)
        except _TooSlow:
            told = await waiting.call(front.too_slow)
            named = [
                (name.lower().encode(), value.encode()) for name, value in told.headers.items()
            ]
            named.append((b"connection", b"close"))
            await send({"type": "http.response.start", "status": told.status, "headers": named})
            await send({"type": "http.response.body", "body": told.content})
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1003})


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    if settings.HOT_DOOR and hot.takes(scope):
        with health.measured(scope["method"], "hot") as answered:
            answered.status = await hot.serve(scope, _in_time(receive), send)
    elif (stream := _STREAM.fullmatch(scope["path"])) and scope["method"] == "GET":
        await _stream(stream["id"], scope, receive, send)
    else:
        await _bridge(scope, _in_time(receive), send)


class _TooSlow(Exception):
    """A body did not arrive in time: who sends a byte now and then holds nothing of ours."""


def _in_time(receive: Receive) -> Receive:
    """Receive a body, all of it within its time."""
    until = asyncio.get_running_loop().time() + settings.BODY_TIMEOUT_S

    async def timely() -> MutableMapping[str, Any]:
        try:
            async with asyncio.timeout_at(until):
                return await receive()
        except TimeoutError:
            raise _TooSlow from None

    return timely


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            # What is here now stays: not to look at all of it again and again is a twelfth of a
            # worker's time.
            gc.collect()
            gc.freeze()
            gc.set_threshold(_YOUNG)
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _bridge(scope: Scope, receive: Receive, send: Send) -> None:
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as body:
        length = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            piece = message.get("body", b"")
            length += len(piece)
            if length <= _LARGEST_BODY:
                body.write(piece)
            if not message.get("more_body"):
                break
        body.seek(0)
        loop = asyncio.get_running_loop()
        status, headers, answer = await loop.run_in_executor(
            _threads, _run, _environ(scope, body, length)
        )
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


async def _stream(public_id: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a stream of events for as long as its client listens."""
    asked = front.Asked(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=front.Headers(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ),
        read=lambda _limit: b"",
    )
    loop = asyncio.get_running_loop()
    opened = await loop.run_in_executor(_threads, streams.admit, asked, public_id)
    told = opened if isinstance(opened, front.Told) else streams.HEAD
    headers = [(name.lower().encode(), value.encode()) for name, value in told.headers.items()]
    await send({"type": "http.response.start", "status": told.status, "headers": headers})
    if isinstance(opened, front.Told):
        await send({"type": "http.response.body", "body": told.content})
        return
    telling = asyncio.ensure_future(_tell(opened, send))
    leaving = asyncio.ensure_future(_left(receive))
    await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
    for task in (telling, leaving):
        task.cancel()
    await asyncio.gather(telling, leaving, return_exceptions=True)


async def _tell(opened: streams.Opened, send: Send) -> None:
    async for piece in streams.events(opened):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _run(environ: dict[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Run Django's handler in this thread and return its answer whole."""
    told: list[tuple[int, list[tuple[bytes, bytes]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], _exc: object = None, /
    ) -> Callable[[bytes], object]:
        told.append(
            (
                int(status.split(" ", 1)[0]),
                [
                    (name.lower().encode("latin-1"), value.encode("latin-1"))
                    for name, value in headers
                ],
            )
        )
        return lambda _piece: None

    response = django(environ, start_response)
    try:
        answer = b"".join(response)
    finally:
        response.close()
    status, headers = told[-1]
    if not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", str(len(answer)).encode()))
    return status, headers, answer


def _environ(scope: Scope, body: BinaryIO | Any, length: int) -> dict[str, Any]:
    """Return a request's WSGI environment (PEP 3333)."""
    server = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    path = (
        unquote_to_bytes(scope["raw_path"].split(b"?", 1)[0])
        if scope.get("raw_path")
        else (scope["path"].encode())
    )
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": str(client[0]),
        "CONTENT_LENGTH": str(length),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "fintech.arrived": time.monotonic(),  # What waits for a thread too long is given up.
    }
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        value = raw_value.decode("latin-1")
        if name == "CONTENT_TYPE":
            environ["CONTENT_TYPE"] = value
        elif name != "CONTENT_LENGTH" and b"_" not in raw_name:
            key = f"HTTP_{name}"
            joint = "; " if name == "COOKIE" else ","
            environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
    return environ
