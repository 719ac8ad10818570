"""Asking the ASGI callable that a web worker serves, without a server between."""

import json

from config import asgi


async def asked(path: str, content: bytes, headers: dict[str, str], *, query: bytes = b"") -> dict:
    """Return status, headers and body of what the web worker's callable answers to a POST."""
    sent: list[dict] = []
    pieces = [{"type": "http.request", "body": content, "more_body": False}]

    async def receive():
        return pieces.pop(0)

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [
            (b"host", b"localhost"),
            *((name.lower().encode(), value.encode()) for name, value in headers.items()),
        ],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 5),
        "scheme": "http",
    }
    await asgi.application(scope, receive, send)
    start, body = sent
    return {
        "status": start["status"],
        "headers": dict(start["headers"]),
        "body": json.loads(body["body"]),
    }
