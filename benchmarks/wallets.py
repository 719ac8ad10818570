"""
How quick transfers between wallets are beside django-hordak and pgbench, in one run.

Starts a cluster of its own with fsync on, migrates it, opens 200 wallets, then measures
in interleaved rounds; a key of the result is the median of the rounds' ratios.

- shared: in two processes, 64 callers each call the service once per transfer, which assesses
  it too, and share commits, as the threads of two web workers do; this is
  `transfers_over_hordak`
- lone: four processes, each transfer in a commit of its own, as django-hordak's four are
- both again under twenty active limits; many transfers in one call, from two
  processes; TPC-B
- holds over HTTP, against an instance as `make demo` runs it

    make bench-wallets            (ROUNDS=5 SECONDS_PER_ROUND=3)
"""

import json
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from benchmarks import cluster
from benchmarks.peers.hordak import Hordak
from benchmarks.pgbench import Pgbench
from sandbox.instance import Instance
from sandbox.progress import Progress

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = float(os.environ.get("SECONDS_PER_ROUND", "3"))
WALLETS = 200
CLIENTS = 4
BATCH = 500
CALLERS = 64
WORKERS = 2
HTTP = os.environ.get("HTTP", "1") != "0"
HTTP_CLIENTS = 8
FUNDS = 1_000_000_000
# Twenty limits that every transfer falls under: the payer's own, as a platform sets them.
LIMITS: list[dict[str, Any]] = [
    *({"kind": "amount", "window": "per_transaction", "maximum": FUNDS - n} for n in range(2)),
    *({"kind": "amount", "window": "day", "zone": zone} for zone in ("UTC", "Europe/Berlin")),
    *({"kind": "amount", "window": window, "zone": "UTC"} for window in ("week", "month")),
    *({"kind": "count", "window": window, "zone": "UTC"} for window in ("day", "week", "month")),
    *({"kind": "amount", "window": "rolling", "seconds": n} for n in (60, 3_600, 86_400, 604_800)),
    *({"kind": "count", "window": "rolling", "seconds": n} for n in (60, 3_600, 86_400, 604_800)),
    {"kind": "amount", "window": "day", "zone": "UTC", "operation": "transfer"},
    {"kind": "count", "window": "day", "zone": "UTC", "operation": "transfer"},
    {"kind": "balance", "window": "per_transaction"},
]


def open_wallets(*, limits: Sequence[dict[str, Any]]) -> list[UUID]:
    """Open a merchant's wallets, fund them from a bank, and set its limits."""
    from fintech.kernel import actor, ids
    from fintech.kernel.money import Money
    from fintech.ledger import services as ledger
    from fintech.ledger.data import EntryKind, JournalEntry, chart
    from fintech.ledger.data.templates import making
    from fintech.wallets import services as wallets

    by, now, merchant = actor.system("bench"), datetime.now(UTC), ids.new()
    opened = [
        # A merchant's own: customers' that paid thousands an hour would be shown to a person.
        wallets.create_wallet(
            merchant_id=merchant, currency="EUR", type="merchant", by=by, at=now
        ).value.id
        for _ in range(WALLETS)
    ]
    bank, amount = chart.account(chart.BANK, "EUR", "bench"), Money(FUNDS, "EUR")
    ledger.post(
        [
            JournalEntry(
                id=ids.new(),
                kind=EntryKind.POSTED,
                template="bench_funding",
                version=1,
                at=now,
                lines=making.pairs((bank, making.wallet(wallet, amount), amount)),
                subject=wallet,
            )
            for wallet in opened
        ],
        by=by,
    )
    for limit in limits:
        asked = {"maximum": 10**12, **limit}
        wallets.create_limit(
            merchant_id=merchant, scope="wallet", currency="EUR", by=by, at=now, **asked
        )
    return opened


def order(opened: Sequence[UUID]) -> Any:
    """Make one transfer of a cent between two wallets at random."""
    from fintech.kernel.money import Money
    from fintech.wallets.data import TransferOrder

    source, destination = random.sample(opened, 2)
    return TransferOrder(
        source_id=source,
        destination_id=destination,
        amount=Money(1, "EUR"),
        at=datetime.now(UTC),
    )


def lone(opened: Sequence[UUID], seconds: float) -> int:
    """Transfer one by one, each in a commit of its own; return how many."""
    from fintech.kernel import actor
    from fintech.wallets import services as wallets

    by, done, until = actor.system("bench"), 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        asked = order(opened)
        wallets.transfer(
            source_id=asked.source_id,
            destination_id=asked.destination_id,
            amount=asked.amount,
            by=by,
            at=asked.at,
        )
        done += 1
    return done


def batched(opened: Sequence[UUID], seconds: float) -> int:
    """Transfer many in one call and commit; return how many."""
    from fintech.kernel import actor
    from fintech.wallets import services as wallets

    by, done, until = actor.system("bench"), 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        orders = [order(opened) for _ in range(BATCH)]
        outcomes = wallets.transfer_many(orders, by=by, at=datetime.now(UTC))
        done += sum(not isinstance(outcome, Exception) for outcome in outcomes)
    return done


def shared(opened: Sequence[UUID], seconds: float) -> int:
    """Transfer one by one from many threads, assessed and sharing commits, as a web worker does."""
    from django.db import connections

    from fintech.payments import services as payments

    counts, until = [0] * CALLERS, time.perf_counter() + seconds

    def caller(number: int) -> None:
        while time.perf_counter() < until:
            payments.transfer_between_wallets(order(opened))
            counts[number] += 1
        connections.close_all()

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


WAYS = {"lone": (lone, CLIENTS), "batched": (batched, WORKERS), "shared": (shared, WORKERS)}


def client(orders: Connection, seed: int) -> None:
    """Transfer as each order says; the body of a client process."""
    import django

    django.setup()
    random.seed(seed)
    orders.send(1)
    while (told := orders.recv()) is not None:
        way, opened, seconds = told
        orders.send(WAYS[way][0](opened, seconds))


class Clients:
    """The client processes; they wait between rounds with their connections open."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.lines: list[Connection] = []
        self.processes = []
        for number in range(CLIENTS):
            ours, theirs = context.Pipe()
            process = context.Process(target=client, args=(theirs, number), daemon=True)
            process.start()
            self.lines.append(ours)
            self.processes.append(process)
        for line in self.lines:
            line.recv()

    def measure(self, way: str, opened: Sequence[UUID], seconds: float = SECONDS) -> dict[str, Any]:
        """Let as many as the way takes transfer for one round."""
        lines = self.lines[: WAYS[way][1]]
        began = time.perf_counter()
        for line in lines:
            line.send((way, opened, seconds))
        done = sum(line.recv() for line in lines)
        return {"per_second": round(done / (time.perf_counter() - began), 1)}

    def stop(self) -> None:
        """Send them home."""
        for line in self.lines:
            line.send(None)
        for process in self.processes:
            process.join()


def over_http(folder: Path, progress: Progress) -> dict[str, Any]:
    """Hold a cent again and again over HTTP, from clients that stay connected."""
    with Instance(folder, base_port=21400, progress=progress, throwaway=False) as instance:
        opened = instance.open_merchant()
        parts = urlsplit(instance.base_url)
        headers = {
            "Authorization": f"Bearer {opened['secret_key']}",
            "Content-Type": "application/x-www-form-urlencoded",
        }

        def ask(line: HTTPConnection, path: str, body: str) -> dict[str, Any]:
            keyed = {**headers, "Idempotency-Key": uuid.uuid4().hex}
            line.request("POST", path, body, keyed)
            answer = line.getresponse()
            told = json.loads(answer.read())
            if answer.status != 200:
                raise RuntimeError(json.dumps(told)[:300])
            return dict(told)

        first = HTTPConnection(parts.hostname or "", parts.port)
        paths = []
        for _ in range(HTTP_CLIENTS):
            path = f"/v1/wallets/{ask(first, '/v1/wallets', 'currency=eur')['id']}"
            card = "amount=99999&currency=eur&payment_method=pm_card_visa"
            ask(first, f"{path}/top_ups", card)
            paths.append(path)
        taken: list[list[float]] = [[] for _ in paths]
        until = time.perf_counter() + 2 * SECONDS

        def holder(number: int) -> None:
            line = HTTPConnection(parts.hostname or "", parts.port)
            while time.perf_counter() < until:
                began = time.perf_counter()
                ask(line, f"{paths[number]}/holds", "amount=1&currency=eur")
                taken[number].append((time.perf_counter() - began) * 1000)
            line.close()

        threads = [threading.Thread(target=holder, args=(n,)) for n in range(HTTP_CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    all_ms = sorted(ms for one in taken for ms in one[1:])
    if not all_ms:
        raise RuntimeError("no hold went through over HTTP")
    return {
        "clients": HTTP_CLIENTS,
        "holds": len(all_ms),
        "per_second": round(len(all_ms) / (2 * SECONDS), 1),
        "p50_ms": round(statistics.median(all_ms), 1),
        "p95_ms": round(all_ms[int(len(all_ms) * 0.95)], 1),
    }


def measured(seen: cluster.Cluster, progress: Progress) -> dict[str, Any]:
    """Run the rounds and work out the keys."""
    free, limited = open_wallets(limits=()), open_wallets(limits=LIMITS)
    pgbench = Pgbench(seen.owner_url, seen.folder)
    clients = Clients()
    rounds: list[dict[str, Any]] = []
    with Hordak(seen.owner_url, clients=CLIENTS, accounts=WALLETS) as hordak:
        measures: dict[str, Callable[[], dict[str, Any]]] = {
            "hordak": lambda: hordak.measure(seconds=SECONDS),
            "lone": lambda: clients.measure("lone", free),
            "lone_under_20_limits": lambda: clients.measure("lone", limited),
            "shared": lambda: clients.measure("shared", free),
            "shared_under_20_limits": lambda: clients.measure("shared", limited),
            "batched": lambda: clients.measure("batched", free),
            "tpcb": lambda: pgbench.tpcb(seconds=SECONDS),
        }
        for opened in (free, limited):  # Connects and plans; not counted.
            for way in WAYS:
                clients.measure(way, opened, 0.3)
        for number in range(ROUNDS):
            rounds.append({name: measure() for name, measure in measures.items()})
            progress.say(f"round {number + 1}: {rounds[-1]}")
        peers = hordak.total()
    clients.stop()

    def ratio(over: str, under: str) -> float:
        return round(cluster.ratio(rounds, over, under), 2)

    return {
        "transfers_over_hordak": ratio("shared", "hordak"),
        "lone_transfers_over_hordak": ratio("lone", "hordak"),
        "batched_over_hordak": ratio("batched", "hordak"),
        "transfers_over_tpcb": ratio("shared", "tpcb"),
        "batched_over_tpcb": ratio("batched", "tpcb"),
        "limits_overhead": ratio("lone", "lone_under_20_limits"),
        "shared_limits_overhead": ratio("shared", "shared_under_20_limits"),
        "per_second": {
            name: statistics.median(one[name]["per_second"] for one in rounds) for name in measures
        },
        "hordak_has": peers,
        "rounds": rounds,
    }


def found_true() -> dict[str, Any]:
    """Say whether every invariant of the rooms that were used holds after it all."""
    from fintech.kernel import invariants
    from fintech.ledger import queries as ledger
    from fintech.wallets import queries as wallets

    broken = list(invariants.check([*ledger.INVARIANTS, *wallets.INVARIANTS]))
    return {"invariants_broken": [finding.id for finding in broken]}


def main() -> int:
    """Measure, print the keys, and write benchmarks/results/wallets.json."""
    progress = Progress()
    with tempfile.TemporaryDirectory(prefix="fintech-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        http = over_http(folder / "instance", progress) if HTTP else {"p95_ms": None}
    progress.say(f"holds over HTTP: {http}")
    os.environ["COMBINE"] = "1"
    with cluster.cluster() as seen:
        settings = seen.settings()
        result = measured(seen, progress) | found_true()
    result = {
        "commit": cluster.commit(),
        "workload": f"{WALLETS} wallets or accounts, uniform random pairs; {CLIENTS} processes of "
        f"one transfer a commit, ours (lone) and django-hordak's; {WORKERS} processes of {CALLERS} "
        f"callers that share commits (shared), or of {BATCH} transfers in a call (batched); 20 "
        "limits of the payer's wallet: 9 of calendar windows, 8 rolling, 2 per transaction, 1 of "
        f"the payee's balance; pgbench scale 20, 16 clients, prepared; all on {os.cpu_count()} "
        "cores with the load generators",
        "load_average_at_end": os.getloadavg(),
        "server_settings": settings,
        "hold_over_http": http,
        "hold_over_http_p95_ms": http["p95_ms"],
        **result,
    }
    cluster.write("wallets", result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
