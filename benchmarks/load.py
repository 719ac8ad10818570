"""
Clients that ask over HTTP all the time, in a process of their own; one line of JSON.

    python -m benchmarks.load URL --clients 32 --seconds 4 --payers FILE

FILE holds pairs of an API key and a payment method. Requests are form-encoded, as the
SDKs send them, each with an idempotency key of its own; connections are kept.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

OK = b"HTTP/1.1 200"
HEADERS = (
    "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n{origin}"
    "Content-Type: application/x-www-form-urlencoded\r\nIdempotency-Key: {once}\r\n"
    "Content-Length: {length}\r\n\r\n{body}"
)
BODY = "amount=4250&currency=eur&payment_method={method}&confirm=true"


class Clients:
    """Every client asks, hears, and asks again until the time is up."""

    def __init__(
        self, url: str, path: str, payers: list[tuple[str, str]], *, origin: str = ""
    ) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.path, self.payers = path, payers
        self.origin = f"Origin: {origin}\r\n" if origin else ""
        self.taken: list[float] = []
        self.failed: dict[str, int] = {}

    async def ask(self, until: float) -> None:
        """Be one client."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        while time.perf_counter() < until:
            key, method = random.choice(self.payers)
            body = BODY.format(method=method)
            once = uuid.uuid4().hex
            writer.write(
                HEADERS.format(
                    path=self.path,
                    host=self.host,
                    key=key,
                    origin=self.origin,
                    once=once,
                    length=len(body),
                    body=body,
                ).encode()
            )
            began = time.perf_counter()
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            answer = await reader.readexactly(int(length))
            if head.startswith(OK):
                self.taken.append((time.perf_counter() - began) * 1000)
            else:
                said = (head.split(b"\r\n")[0] + b" " + answer[:200]).decode(errors="replace")
                self.failed[said] = self.failed.get(said, 0) + 1
        writer.close()


async def drive(clients: Clients, count: int, seconds: float) -> dict[str, object]:
    """Let so many ask for so long; return the rate and the latencies (ms)."""
    began = time.perf_counter()
    await asyncio.gather(*(clients.ask(began + seconds) for _ in range(count)))
    passed = time.perf_counter() - began
    taken = sorted(clients.taken)
    return {
        "per_second": round(len(taken) / passed, 1),
        "requests": len(taken),
        "p50_ms": round(statistics.median(taken), 1) if taken else None,
        "p95_ms": round(taken[int(len(taken) * 0.95)], 1) if taken else None,
        "p99_ms": round(taken[int(len(taken) * 0.99)], 1) if taken else None,
        "failed": sum(clients.failed.values()),
        "failed_with": sorted(clients.failed.items(), key=lambda one: -one[1])[:3],
    }


def main() -> int:
    """Ask, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load")
    parser.add_argument("url")
    parser.add_argument("--path", default="/v1/payment_intents")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--payers", required=True)
    parser.add_argument("--origin", default="", help="what a page's requests name: Django's door")
    told = parser.parse_args()
    payers = json.loads(Path(told.payers).read_text())
    clients = Clients(told.url, told.path, payers, origin=told.origin)
    print(json.dumps(asyncio.run(drive(clients, told.clients, told.seconds))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
