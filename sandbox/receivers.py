"""
Receivers of webhooks of every character, in one process of their own, for proofs and benchmarks.

    python -m sandbox.receivers --log FILE ok ok slow:0.5 fail hang redirect close flood flaky gone

Prints one line of JSON, the port of each receiver, and then answers until it is stopped. Every
request that was read whole is one line of the log: which receiver, the `webhook-id`, the instant
in seconds, the status it answers (0: none), and the body's object, its number and its bytes' hash.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

_FLOOD = b"x" * (10 * 1024 * 1024)
_FLAKY = 10  # Of as many different messages one is refused the first time.


@dataclass
class Receiver:
    """One address that listens, and how it behaves."""

    number: int
    character: str
    log: IO[str]
    known: set[str] = field(default_factory=set)

    def note(self, message: str, status: int, body: bytes) -> None:
        """Write down a request that was read whole."""
        try:
            told = json.loads(body)
            of, place = told["data"]["object"]["id"], told.get("sequence", 0)
        except (ValueError, KeyError, TypeError):
            of, place = "-", 0
        digest = hashlib.sha256(body).hexdigest()[:16]
        self.log.write(
            f"{self.number} {message} {time.time():.6f} {status} {of} {place} {digest}\n"
        )


class Line(asyncio.Protocol):
    """One connection: reads requests and answers them in order."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to answer."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker.
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Read as many whole requests as there are."""
        self.buffer += data
        while True:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            names = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
            }
            size = int(names.get(b"content-length", b"0"))
            if len(rest) < size:
                return
            body, self.buffer = rest[:size], rest[size:]
            self._answer(names.get(b"webhook-id", b"-").decode(), body)

    def _answer(self, message: str, body: bytes) -> None:
        of = self.receiver
        kind, _, facet = of.character.partition(":")
        if kind == "slow":
            of.note(message, 200, body)
            asyncio.get_running_loop().call_later(float(facet), self._say, 200)
        elif kind == "hang":
            of.note(message, 0, body)
        elif kind == "close":
            of.note(message, 0, body)
            self._close()
        elif kind == "redirect":
            of.note(message, 302, body)
            self._say(302, f"Location: {facet or 'http://127.0.0.1:1/'}\r\n".encode())
        elif kind == "flood":
            of.note(message, 200, body)
            self._say(200, body=_FLOOD)
        else:
            status = {"fail": 500, "gone": 410}.get(kind, 200)
            if kind == "flaky" and message not in of.known:
                of.known.add(message)
                status = 503 if len(of.known) % _FLAKY == 0 else 200
            of.note(message, status, body)
            self._say(status)

    def _say(self, status: int, headers: bytes = b"", body: bytes = b"ok") -> None:
        if self.transport is not None and not self.transport.is_closing():
            head = f"HTTP/1.1 {status} .\r\nContent-Length: {len(body)}\r\n".encode()
            # Not joined: ten megabytes would be copied for each answer.
            self.transport.writelines([head + headers + b"\r\n", body])

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.close()


async def serve(characters: list[str], log: IO[str], told: Callable[[list[int]], None]) -> None:
    """Listen for each character on a port of its own, until stopped."""
    loop = asyncio.get_running_loop()
    servers = []
    for number, character in enumerate(characters):
        receiver = Receiver(number, character, log)
        servers.append(
            await loop.create_server(partial(Line, receiver), "127.0.0.1", 0, backlog=512)
        )
    told([server.sockets[0].getsockname()[1] for server in servers])
    while True:
        await asyncio.sleep(0.05)
        log.flush()


def main() -> None:
    """Read the arguments and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.receivers", description=__doc__)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("characters", nargs="+")
    asked = parser.parse_args()
    with asked.log.open("a") as log, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            serve(asked.characters, log, lambda ports: print(json.dumps(ports), flush=True))
        )


if __name__ == "__main__":
    main()
