"""
The quick door: what must be fast, served on the event loop without a framework.

It takes a few paths and does the same steps in the same order as Django's door, by the
same functions (`front.answer`), on the loop (`kernel.waiting`): where a service hands its
work to a combiner, many requests share a commit and none holds a thread. Everything else
is Django's, and with `HOT_DOOR=off` so are these paths.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.utils.csp import build_policy

from fintech.api import errors, front
from fintech.kernel import waiting

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_LARGEST_BODY = 4 * 1024 * 1024  # Bytes kept of a body; each operation's own limit is lower.
_PATHS = re.compile(r"/v1/(payment_intents(/[^/]+/confirm)?|ledger/(entries|entry_batches))")
# What Django's middleware says of every answer, and so does this door.
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"vary", b"origin"),
)


def takes(scope: Scope) -> bool:
    """Whether a request is this door's."""
    if scope["method"] != "POST" or _PATHS.fullmatch(scope["path"]) is None:
        return False
    # What pages of other origins may ask, the framework knows.
    return not any(name == b"origin" for name, _ in scope["headers"])


async def serve(scope: Scope, receive: Receive, send: Send) -> int | None:
    """Answer one request; return its status, or None if the client went away first."""
    content = await _content(receive)
    if content is None:
        return None

    def read(limit: int) -> bytes:
        if len(content) > limit:
            raise errors.RequestTooLarge(limit)
        return content

    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    asked = front.Asked(
        method=scope["method"],
        path=unquote_to_bytes(raw.split(b"?", 1)[0]).decode(errors="replace"),
        query=scope["query_string"].decode("latin-1"),
        headers=front.Headers(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ),
        peer=(scope.get("client") or ("",))[0],
        read=read,
    )
    told = await waiting.call(lambda: front.answer(asked))
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in told.headers.items()
    ]
    headers += [*_SECURITY, _content_policy(), (b"content-length", str(len(told.content)).encode())]
    await send({"type": "http.response.start", "status": told.status, "headers": headers})
    await send({"type": "http.response.body", "body": told.content})
    return told.status


@cache
def _content_policy() -> tuple[bytes, bytes]:
    return b"content-security-policy", build_policy(settings.SECURE_CSP).encode()  # type: ignore[arg-type]


async def _content(receive: Receive) -> bytes | None:
    """Return the whole body, of one that is too large as much as shows it; None if hung up."""
    pieces: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece = message.get("body", b"")
        if length <= _LARGEST_BODY:
            pieces.append(piece)
        length += len(piece)
        if not message.get("more_body"):
            return b"".join(pieces)
