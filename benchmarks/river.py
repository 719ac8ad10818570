"""
How quick the river is: payments over HTTP beside a null DRF view, in one run.

Starts an isolated instance, then in interleaved rounds: create-and-confirm with a
sandbox card from 8 clients through gunicorn, and a DRF view that does nothing from the
same 8 clients through the same gunicorn. Also counts the SQL round trips of one
create-and-confirm, and how long after its commit a fact is visible in the timeline.

    make bench-river            (ROUNDS=3 SECONDS=4 CLIENTS=8)
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from sandbox.instance import Instance
from sandbox.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = float(os.environ.get("SECONDS_PER_ROUND", "4"))
CLIENTS = int(os.environ.get("CLIENTS", "8"))
BODY = "amount=4250&currency=eur&payment_method=pm_card_visa&confirm=true"


def drive(base_url: str, ask: Callable[[http.client.HTTPConnection], int]) -> dict[str, Any]:
    """Ask from all clients for a while; return the rate and the latencies (ms)."""
    parts = urlsplit(base_url)
    taken: list[list[float]] = [[] for _ in range(CLIENTS)]
    failed = [0] * CLIENTS
    until = time.perf_counter() + SECONDS

    def client(number: int) -> None:
        line = http.client.HTTPConnection(parts.hostname or "", parts.port)
        while time.perf_counter() < until:
            began = time.perf_counter()
            status = ask(line)
            if status == 200:
                taken[number].append((time.perf_counter() - began) * 1000)
            else:
                failed[number] += 1
        line.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    all_ms = sorted(ms for one in taken for ms in one)
    return {
        "per_second": round(len(all_ms) / seconds, 1),
        "p50_ms": round(statistics.median(all_ms), 1),
        "p95_ms": round(all_ms[int(len(all_ms) * 0.95)], 1),
        "failed": sum(failed),
    }


def pay(key: str) -> Callable[[http.client.HTTPConnection], int]:
    """Return a function that creates and confirms one payment, with a fresh key."""

    def ask(line: http.client.HTTPConnection) -> int:
        line.request(
            "POST",
            "/v1/payment_intents",
            BODY,
            {
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Idempotency-Key": uuid.uuid4().hex,
            },
        )
        answer = line.getresponse()
        answer.read()
        return answer.status

    return ask


def nothing(line: http.client.HTTPConnection) -> int:
    """Ask the null view."""
    line.request("POST", "/null", BODY, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = line.getresponse()
    answer.read()
    return answer.status


def visible_ms(instance: Instance, key: str, times: int = 100) -> list[float]:
    """
    Pay one by one, and return how old each fact was when the timeline first showed it.

    By the database's clock: from the moment the fact was written (just before its commit)
    to the moment a reader, asking all the time, first finds its row.
    """
    url = instance.facts()["database_url"]
    parts = urlsplit(instance.base_url)
    seen: dict[int, float] = {}
    done = threading.Event()

    def watch() -> None:
        with psycopg.connect(url, autocommit=True) as reading:
            reading.execute("SET search_path = public,kernel,web")
            row = reading.execute("SELECT coalesce(max(position), 0) FROM kernel_event").fetchone()
            last = row[0] if row else 0
            while not done.is_set():
                rows = reading.execute(
                    "SELECT e.position, extract(epoch FROM clock_timestamp() - e.recorded_at) "
                    "FROM web_timeline t JOIN kernel_event e ON e.position = t.position "
                    "WHERE t.source = 'events' AND t.position > %s ORDER BY 1",
                    [last],
                ).fetchall()
                for position, seconds in rows:
                    seen[position] = float(seconds) * 1000
                    last = position
                time.sleep(0.001)

    watching = threading.Thread(target=watch)
    watching.start()
    time.sleep(1)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port)
    ask = pay(key)
    for _ in range(times):
        ask(line)
        time.sleep(0.03)
    time.sleep(1)
    done.set()
    watching.join()
    return sorted(seen.values())


def main() -> int:
    """Measure, print a table, and write benchmarks/results/river.json."""
    progress = Progress()
    with tempfile.TemporaryDirectory(prefix="fintech-bench-") as folder:
        os.environ["BENCH_NULL_VIEW"] = "1"
        with Instance(
            Path(folder) / "instance", base_port=21000, progress=progress, throwaway=False
        ) as instance:
            opened = instance.open_merchant()
            key = opened["secret_key"]
            with null_server(instance) as null_url:
                rounds = []
                drive(instance.base_url, pay(key))  # Warm up; not counted.
                drive(null_url, nothing)
                for number in range(ROUNDS):
                    payments = drive(instance.base_url, pay(key))
                    null = drive(null_url, nothing)
                    ratio = round(payments["per_second"] / null["per_second"], 3)
                    rounds.append({"payments": payments, "null": null, "ratio": ratio})
                    progress.say(f"round {number + 1}: {rounds[-1]}")
            waits = visible_ms(instance, key)
            trips = instance.run([sys.executable, "-m", "benchmarks.round_trips"]).stdout
    result = {
        "commit": subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip(),
        "workload": f"create-and-confirm, {CLIENTS} clients, form bodies, acquirer over HTTP",
        "server_settings": "PostgreSQL 18 embedded, fsync on; gunicorn as in make demo",
        "rounds": rounds,
        "payments_over_null_view": statistics.median(r["ratio"] for r in rounds),
        "payments_per_second": statistics.median(r["payments"]["per_second"] for r in rounds),
        "p95_ms": statistics.median(r["payments"]["p95_ms"] for r in rounds),
        "commit_to_visible_p50_ms": round(waits[len(waits) // 2], 1),
        "commit_to_visible_p99_ms": round(waits[int(len(waits) * 0.99)], 1),
        "sql_round_trips_create_and_confirm": json.loads(trips.strip().splitlines()[-1]),
    }
    target = ROOT / "benchmarks" / "results" / "river.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=1))
    print(json.dumps({name: value for name, value in result.items() if name != "rounds"}, indent=1))
    return 0


class null_server:  # noqa: N801 - used like a function.
    """A gunicorn with a DRF view that does nothing, of the same worker model."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    def __enter__(self) -> str:
        port = 21990
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "benchmarks.null_view:application",
                "--config",
                "python:sandbox.web_server",
                "--bind",
                f"127.0.0.1:{port}",
            ],
            env=self.instance.environment(),
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                line = http.client.HTTPConnection("127.0.0.1", port)
                if nothing(line) == 200:
                    break
            except OSError:
                time.sleep(0.1)
        return f"http://127.0.0.1:{port}"

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()


if __name__ == "__main__":
    sys.exit(main())
