"""A merchant's own server, as far as webhooks go: it keeps what it gets, byte for byte."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Received:
    """One delivery."""

    headers: dict[str, str]
    body: bytes


class Receiver:
    """Listens on a free port of this machine while the context lasts."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._arrived = threading.Condition()
        keeper = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                with keeper._arrived:
                    keeper.received.append(Received(dict(self.headers.items()), body))
                    keeper._arrived.notify_all()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, wanted: Callable[[Received], bool], *, timeout_s: float) -> Received | None:
        """Return the first delivery that is wanted, or None when the time is over."""
        deadline = time.monotonic() + timeout_s
        with self._arrived:
            while True:
                for one in self.received:
                    if wanted(one):
                        return one
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._arrived.wait(left)
