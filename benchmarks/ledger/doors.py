"""
The ledger over HTTP: the batch door and the quick door, beside Django's with threads.

All on the server that is measured: gunicorn with two workers each. The quick door and
the batches are `config.asgi` as it is shipped; the door to compare with is Django's alone,
under gunicorn's threads (2 x 8), with nothing before it.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cluster import ROOT
from benchmarks.ledger.workload import BY, SECONDS
from sandbox import ports

MERCHANTS, ACCOUNTS = 20, 1_000  # As many merchants as keep each under its rate limit.
CLIENTS = {"single": 64, "batch": 4}


@dataclass(frozen=True)
class Door:
    """A web server, and how it is asked."""

    name: str
    command: tuple[str, ...]
    way: str
    environment: tuple[tuple[str, str], ...]


_ASGI = ("config.asgi:application", "--config", "python:sandbox.web_server")
_WSGI = ("config.wsgi:application", "-k", "gthread", "-w", "2", "--threads", "8")
_QUICK = (("COMBINE", "1"), ("HOT_DOOR", "1"))
DOORS = (
    Door("http_batch", _ASGI, "batch", _QUICK),
    Door("http_hot", _ASGI, "single", _QUICK),
    Door("http_drf", _WSGI, "single", (("COMBINE", "0"), ("HOT_DOOR", "0"))),
)


def books() -> list[tuple[str, list[str]]]:
    """Give merchants books with accounts; return each one's key and accounts, as it knows them."""
    from fintech.kernel import clock, ids
    from fintech.ledger.models import BookAccount
    from fintech.merchants import services as merchants

    at, found = clock.now(), []
    for number in range(MERCHANTS):
        shop = merchants.open_merchant(
            name=f"Books {number}",
            country="DE",
            default_currency="EUR",
            owner_email=f"books-{number}@example.com",
            owner_name="Bench",
            owner_password=None,
            by=BY,
            at=at,
        )
        key = merchants.create_api_key(merchant_id=shop.id, name="bench", by=BY, at=at)
        accounts = BookAccount.objects.bulk_create(
            [
                BookAccount(
                    id=ids.new(),
                    book=shop.id,
                    type="asset",
                    currency="EUR",
                    code=f"{place:05}",
                    name="",
                    floor=None,
                    metadata={},
                    opened_at=at,
                )
                for place in range(ACCOUNTS)
            ]
        )
        found.append((key.secret, [ids.public("lac", account.id) for account in accounts]))
    return found


@contextmanager
def served(folder: Path) -> Iterator[dict[str, Any]]:
    """Start the doors; yield for each what asks it for a round."""
    callers = folder / "books.json"
    callers.write_text(json.dumps(books()))
    running: list[subprocess.Popen[bytes]] = []
    measures = {}
    try:
        for place, door in enumerate(DOORS):
            port = ports.free(22100 + 10 * place, address="127.0.0.1", besides=())
            url = f"http://127.0.0.1:{port}"
            with (folder / f"{door.name}.log").open("wb") as log:
                running.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "gunicorn", *door.command, "--bind", url[7:]],
                        env={**os.environ, **dict(door.environment)},
                        cwd=ROOT,
                        stdout=log,
                        stderr=log,
                    )
                )
            until = time.monotonic() + 60
            while not ports.is_ok(f"{url}/livez"):
                if time.monotonic() > until or running[-1].poll() is not None:
                    raise RuntimeError((folder / f"{door.name}.log").read_text()[-2000:])
                time.sleep(0.2)
            measures[door.name] = _measure(door, url, callers)
            measures[door.name]()  # Connects and plans; not counted.
        yield measures
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def _measure(door: Door, url: str, callers: Path) -> Any:
    def measure() -> dict[str, Any]:
        command = [sys.executable, "-m", "benchmarks.ledger.load", url, door.way, str(callers)]
        command += [str(CLIENTS[door.way]), str(SECONDS)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    return measure
