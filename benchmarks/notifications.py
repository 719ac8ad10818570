"""
How quick webhooks leave: one worker with four slots beside a bare httpx loop, in one run.

Starts servers of its own with fsync on and a receiver in another process, tells a merchant of
many customers, and in interleaved rounds delivers what is due from one worker process (claim,
sign twice, post, record: all of it) and posts the same bodies to the same receiver with a bare
`httpx` client, sequentially and four at once. A round's ratio is against the quicker of the two.

    make bench-notifications     (ROUNDS=3 EVENTS=500)
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from benchmarks import cluster
from sandbox.progress import Progress

ROUNDS = int(os.environ.get("ROUNDS", "3"))
EVENTS = int(os.environ.get("EVENTS", "500"))
ENDPOINTS = 4
SLOTS = 4


def prepare() -> UUID:
    """Return a merchant whose endpoints listen at `RECEIVER`."""
    from fintech.kernel import actor
    from fintech.merchants import services as merchants
    from fintech.notifications import services as notifications

    by, at = actor.system("benchmark"), datetime.now(UTC)
    merchant = merchants.open_merchant(
        name="Benchmark",
        country="DE",
        default_currency="EUR",
        owner_email="bench@example.com",
        owner_name="Bench",
        owner_password="correct horse battery",
        by=by,
        at=at,
    )
    for number in range(ENDPOINTS):
        url = f"{os.environ['RECEIVER']}/{number}"
        notifications.create_endpoint(merchant_id=merchant.id, url=url, events=["*"], by=by, at=at)
    return merchant.id


def tell(merchant_id: UUID) -> None:
    """Make customers and let the subscription hear of them: rows are then due."""
    from fintech.kernel import actor, subscriptions
    from fintech.payments import services as payments

    by = actor.system("benchmark")
    for number in range(EVENTS):
        payments.create_customer(
            merchant_id=merchant_id,
            name=f"Customer {number}",
            email=f"customer-{number}@example.com",
            description="As long as descriptions are: a few words about who this is.",
            metadata={"order": str(number), "shop": "benchmark"},
            by=by,
            at=datetime.now(UTC),
        )
    subscriptions.catch_up()


def bodies(merchant_id: UUID) -> list[bytes]:
    """Return what is about to be sent, for the bare loop."""
    from fintech.notifications import queries
    from fintech.wire import events
    from fintech.wire import json as wire_json

    page = queries.events(merchant_id, limit=EVENTS)
    return [wire_json.dumps(events.render(event, pending_webhooks=1)) for event in page.items]


def worker() -> None:
    """Deliver what is due and print how many attempts that was and how long it took."""
    import django

    django.setup()
    from fintech.notifications import services as notifications

    if os.environ.get("PROFILE"):
        import cProfile
        import pstats

        profile = cProfile.Profile()
        profile.enable()
    began = time.perf_counter()
    attempts = notifications.deliver_due(datetime.now(UTC), slots=SLOTS)
    seconds = time.perf_counter() - began
    if os.environ.get("PROFILE"):
        profile.disable()
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(35)
    print(json.dumps({"attempts": attempts, "seconds": seconds, "rss_kib": _rss()}))


def _rss() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def sequential(url: str, told: list[bytes]) -> float:
    """Post bodies one after the other with a bare client; return posts per second."""
    with httpx.Client() as client:
        client.post(url, content=told[0])
        began = time.perf_counter()
        for body in told:
            client.post(url, content=body, headers={"Content-Type": "application/json"})
        return len(told) / (time.perf_counter() - began)


def four_at_once(url: str, told: list[bytes]) -> float:
    """Post bodies, four at a time, with a bare asynchronous client; return posts per second."""

    async def run() -> float:
        waiting = list(told)

        async def post(client: httpx.AsyncClient) -> None:
            while waiting:
                await client.post(
                    url, content=waiting.pop(), headers={"Content-Type": "application/json"}
                )

        async with httpx.AsyncClient() as client:
            await client.post(url, content=told[0])
            began = time.perf_counter()
            await asyncio.gather(*(post(client) for _ in range(SLOTS)))
            return len(told) / (time.perf_counter() - began)

    return asyncio.run(run())


def measured(progress: Progress, url: str) -> list[dict[str, Any]]:
    """Run the rounds."""
    merchant_id = prepare()
    rounds: list[dict[str, Any]] = []
    for number in range(ROUNDS + 1):
        tell(merchant_id)
        told = bodies(merchant_id) * ENDPOINTS
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks.notifications", "worker"],
            cwd=cluster.ROOT,
            env=dict(os.environ),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        sent = json.loads(ran.stdout.strip().splitlines()[-1])
        one, four = sequential(url, told), four_at_once(url, told)
        if sent["attempts"] != len(told):
            message = f"{sent['attempts']} attempts for {len(told)} messages"
            raise RuntimeError(message)
        per_second = sent["attempts"] / sent["seconds"]
        done = {
            "deliveries_per_second": round(per_second, 1),
            "bare_sequential_per_second": round(one, 1),
            "bare_four_at_once_per_second": round(four, 1),
            "ratio": round(per_second / max(one, four), 3),
            "rss_kib": sent["rss_kib"],
        }
        if number:  # The first warms up files and caches.
            rounds.append(done)
        progress.say(f"round {number}{'' if number else ' (warm-up)'}: {done}")
    return rounds


def main() -> int:
    """Measure, print a table, and write benchmarks/results/notifications.json."""
    progress = Progress()
    with cluster.cluster():
        receiver = subprocess.Popen(
            [sys.executable, "-m", "sandbox.receivers", "--log", "/dev/null", "ok"],
            cwd=cluster.ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert receiver.stdout is not None  # noqa: S101 - for the type checker.
            url = f"http://127.0.0.1:{json.loads(receiver.stdout.readline())[0]}/hooks"
            os.environ["RECEIVER"] = url
            rounds = measured(progress, url)
        finally:
            receiver.terminate()
    result = {
        "commit": cluster.commit(),
        "workload": f"{EVENTS} events to {ENDPOINTS} endpoints a round, one worker process with "
        f"{SLOTS} slots, receiver in a process of its own, all on {os.cpu_count()} cores; the bare "
        "loop posts the same bodies to the same receiver, unsigned, the quicker of two ways",
        "server_settings": "PostgreSQL 18 embedded, fsync on, settings as in make demo",
        "load_average_at_end": os.getloadavg(),
        "rounds": rounds,
        "deliveries_over_bare_httpx": statistics.median(one["ratio"] for one in rounds),
        "deliveries_per_second": statistics.median(one["deliveries_per_second"] for one in rounds),
    }
    cluster.write("notifications", result)
    return 0


if __name__ == "__main__":
    sys.exit(worker() if sys.argv[1:] == ["worker"] else main())
