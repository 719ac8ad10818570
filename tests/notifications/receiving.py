"""Somebody who listens: a real HTTP server and a real SMTP server, in threads of the test."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """
    Answers as it is told to, one answer per request; the last one again and again.

    An answer is a status, a status with headers and body, or a function of the handler.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[Any] = [200]
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver._answer(self, Received(self.path, dict(self.headers), body))

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks"

    def _answer(self, handler: BaseHTTPRequestHandler, received: Received) -> None:
        with self._lock:
            self.received.append(received)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer(handler)
            return
        status, headers, body = answer if isinstance(answer, tuple) else (answer, {}, b"ok")
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def after(seconds: float) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer, but take one's time."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return answer


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Answer one byte at a time, for as long as anybody listens."""
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    try:
        for _ in range(400):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Say nothing and close the line."""
    handler.close_connection = True


class Mailbox:
    """A real SMTP server that keeps what it gets, or says `refusal` to every address."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.refusal = ""
        with socket.socket() as asking:
            asking.bind(("127.0.0.1", 0))
            self.port = asking.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    async def handle_RCPT(self, _server, _session, envelope, address, _options) -> str:
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope) -> str:
        self.mails.append(envelope)
        return "250 Taken"

    def stop(self) -> None:
        if self._controller.loop.is_running():
            self._controller.stop()
