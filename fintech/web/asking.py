"""
Asking our own API from a page, through its front door: the whole stack in this process.

The request is logged, limited, refused and answered as any program's would be.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from django.core.handlers.wsgi import WSGIHandler


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the API said."""

    status: int
    words: str  # Of the status.
    request_id: str
    is_replayed: bool
    body: str


def ask(
    *, method: str, path: str, body: str, secret: str, idempotency_key: str, host: str
) -> Answer:
    """Send a request with a key, and return the answer."""
    sent = body.encode()
    where, _, query = path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(where).encode().decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": host.partition(":")[0],
        "SERVER_PORT": host.partition(":")[2] or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host,
        "HTTP_ACCEPT": "application/json",
        "HTTP_AUTHORIZATION": f"Bearer {secret}",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(sent)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(sent),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if idempotency_key:
        environ["HTTP_IDEMPOTENCY_KEY"] = idempotency_key
    told: dict[str, Any] = {}

    def start(
        status: str, headers: list[tuple[str, str]], _error: Any = None, /
    ) -> Callable[[bytes], object]:
        told["status"] = int(status.partition(" ")[0])
        told["headers"] = {name.lower(): value for name, value in headers}
        return io.BytesIO().write  # Nobody writes but by returning.

    answer = _door()(environ, start)
    try:
        content = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    headers = told["headers"]
    return Answer(
        status=told["status"],
        words=HTTPStatus(told["status"]).phrase,
        request_id=headers.get("request-id", ""),
        is_replayed=headers.get("idempotent-replayed", "") == "true",
        body=content.decode(errors="replace"),
    )


@cache
def _door() -> WSGIHandler:
    return WSGIHandler()
