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
        one, other = random.sample(accounts, 2)
        return '{{"lines":[{},{}]}}'.format(
            _LINE.format(one, "debit"), _LINE.format(other, "credit")
        )

    def _request(self) -> bytes:
        key, accounts = random.choice(self.callers)
        if self.way == "single":
            path, kind, body = "/v1/ledger/entries", "application/json", self._body(accounts)
        else:
            path, kind = "/v1/ledger/entry_batches", "application/x-ndjson"
            body = "\n".join(self._body(accounts) for _ in range(ENTRIES))
        return (_HEAD % (path, self.host, key, kind, len(body)) + body).encode()

    async def ask(self, until: float) -> None:
        """Be one client."""
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=1 << 22)
        while time.perf_counter() < until:
            request = self._request()
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            answer = await reader.readexactly(int(length))
            if head.startswith(b"HTTP/1.1 200"):
                self.taken.append((time.perf_counter() - began) * 1000)
                self.posted += 1 if self.way == "single" else answer.count(b'"posted"')
            else:
                self.failed += 1
                self.said = (head.split(b"\r\n")[0] + b" " + answer[:200]).decode(errors="replace")
        writer.close()


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
