"""
Clients that post to merchants' books over HTTP all the time; one line of JSON at the end.

    python -m benchmarks.ledger.load URL single|batch FILE CLIENTS SECONDS

FILE holds pairs of an API key and its accounts. Connections are kept.
"""

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ENTRIES = 1_000
_LINE = '{{"account":"{}","direction":"{}","amount":1}}'
_HEAD = (
    "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n"
    "Content-Length: %d\r\n\r\n"
)


class Clients:
    """Every client posts, hears, and posts again until the time is up."""

    def __init__(self, url: str, way: str, callers: list[tuple[str, list[str]]]) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.way, self.callers = way, callers
        self.taken: list[float] = []
        self.posted, self.failed, self.said = 0, 0, ""

    def _body(self, accounts: list[str]) -> str:
        place = int(random.random() * len(accounts))
        one = accounts[place]
        other = accounts[place - 1 - int(random.random() * (len(accounts) - 1))]
        return '{{"lines":[{},{}]}}'.format(
            _LINE.format(one, "debit"), _LINE.format(other, "credit")
        )

    def request(self) -> bytes:
        """Make the next request."""
        key, accounts = random.choice(self.callers)
        if self.way == "single":
            path, kind, body = "/v1/ledger/entries", "application/json", self._body(accounts)
        else:
            path, kind = "/v1/ledger/entry_batches", "application/x-ndjson"
            body = "\n".join(self._body(accounts) for _ in range(ENTRIES))
        return (_HEAD % (path, self.host, key, kind, len(body)) + body).encode()

    def heard(self, head: bytes, body: bytes, took_ms: float) -> None:
        """Take down what an answer says."""
        if head.startswith(b"HTTP/1.1 200"):
            self.taken.append(took_ms)
            self.posted += 1 if self.way == "single" else body.count(b'"posted"')
        else:
            self.failed += 1
            self.said = (head.split(b"\r\n")[0] + b" " + body[:200]).decode(errors="replace")

    async def ask(self, until: float) -> None:
        """Be one client."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        await loop.create_connection(lambda: _Client(self, until, done), self.host, self.port)
        await done


class _Client(asyncio.Protocol):
    """Asks as soon as it is answered; as little work as may be, since it shares the machine."""

    def __init__(self, clients: Clients, until: float, done: asyncio.Future[None]) -> None:
        self.clients, self.until, self.done = clients, until, done
        self.pieces: list[bytes] = []
        self.length, self.wanted, self.body_at, self.began = 0, 0, 0, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self._ask()

    def _ask(self) -> None:
        if time.perf_counter() >= self.until:
            self.transport.close()
            self.done.set_result(None)
            return
        self.pieces, self.length, self.wanted = [], 0, 0
        request = self.clients.request()
        self.began = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)
        self.length += len(data)
        if not self.wanted:
            head, end, _ = b"".join(self.pieces).partition(b"\r\n\r\n")
            if not end:
                return
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self.body_at = len(head) + len(end)
            self.wanted = self.body_at + int(length)
        if self.length >= self.wanted:
            whole = b"".join(self.pieces)
            took = (time.perf_counter() - self.began) * 1000
            self.clients.heard(whole[: self.body_at], whole[self.body_at :], took)
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("hung up"))


async def drive(clients: Clients, count: int, seconds: float) -> dict[str, object]:
    """Let so many post for so long; return entries per second and the latencies (ms)."""
    began = time.perf_counter()
    await asyncio.gather(*(clients.ask(began + seconds) for _ in range(count)))
    passed = time.perf_counter() - began
    taken = sorted(clients.taken)
    return {
        "per_second": round(clients.posted / passed, 1),
        "p50_ms": round(taken[len(taken) // 2], 1) if taken else None,
        "p95_ms": round(taken[int(len(taken) * 0.95)], 1) if taken else None,
        "failed": clients.failed,
        "said": clients.said,
    }


def main() -> int:
    """Post, and print what came of it."""
    url, way, callers, count, seconds = sys.argv[1:]
    clients = Clients(url, way, json.loads(Path(callers).read_text()))
    print(json.dumps(asyncio.run(drive(clients, int(count), float(seconds)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
