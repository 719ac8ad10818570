"""
Checks of one client, in the client's own environment: nothing of the platform is imported.

A script registers functions with `check` and calls `run`; each prints one JSON line. A
check that needs a path which the platform's document does not have is left out, so that
resources join when they arrive.
"""

import json
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BASE_URL = os.environ["BASE_URL"]
API_KEY = os.environ["API_KEY"]
CHECKS: list[tuple[str, Callable[[], object], str]] = []


def check(says: str, *, needs: str = ""):
    """Register a check by the sentence that it proves."""

    def register(work: Callable[[], object]):
        CHECKS.append((says, work, needs))
        return work

    return register


def same(got: object, wanted: object) -> None:
    """Fail unless two values are equal."""
    if got != wanted:
        raise AssertionError(f"{got!r}, not {wanted!r}")


def raises(kind: type[BaseException], work: Callable[[], object]):
    """Return the error of a kind that work must end with."""
    try:
        work()
    except kind as error:
        return error
    raise AssertionError(f"not refused with {kind.__name__}")


def document() -> dict:
    """The platform's own document."""
    with urllib.request.urlopen(f"{BASE_URL}/v1/openapi.json") as answer:
        return json.load(answer)


def run() -> None:
    """Run all checks in order and print what came of each."""
    known = document()["paths"]
    for says, work, needs in CHECKS:
        method, _, path = needs.rpartition(" ")
        if needs and (path not in known or (method and method.lower() not in known[path])):
            continue
        told = {"name": says, "ok": True}
        try:
            work()
        except Exception as error:
            told = {"name": says, "ok": False, "why": f"{type(error).__name__}: {error}"[:400]}
        print(json.dumps(told), flush=True)
    sys.exit(0)


class Hooks:
    """A merchant's own server: it keeps the deliveries it gets, byte for byte."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        keeper = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                keeper.got.append((dict(self.headers.items()), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}/hooks"
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def first(
        self, event_type: str, *, about: str, seconds: float = 30
    ) -> tuple[dict[str, str], bytes]:
        """Wait for a delivery of an event about an object; others may be told of before it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for headers, body in list(self.got):
                told = json.loads(body)
                if told.get("type") == event_type and told["data"]["object"]["id"] == about:
                    return headers, body
            time.sleep(0.05)
        raise AssertionError(f"no {event_type} within {seconds} s")
