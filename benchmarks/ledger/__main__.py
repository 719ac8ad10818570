"""
The rounds: every measure once a round, in turn; a key is the median of the rounds' ratios.

Starts a cluster of its own with fsync on, migrates it and funds the wallets. Transfers
are built by their template inside the measured time, so rates are those of a caller.
"""

import cProfile
import io
import os
import pstats
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import cluster, pgbench
from benchmarks.peers import hordak, peer
from sandbox.progress import Progress

LINES_OF = {"1e4": 10_000, "1e6": 1_000_000}
PEERS = Path(peer.__file__).parent


def peers(seen: cluster.Cluster, stack: ExitStack, left_out: dict[str, str]) -> dict[str, Any]:
    """Start those that can be had here; say of the others why not."""
    found: dict[str, Any] = {}
    try:
        found["hordak"] = stack.enter_context(hordak.Hordak(seen.owner_url))
    except hordak.PeerMissing as missing:
        left_out["batch1000_hashed_over_hordak"] = str(missing)
    found["naive_django_orm"] = stack.enter_context(
        peer.Peer(
            seen.owner_url,
            name="orm",
            interpreter=Path(sys.executable),
            client=PEERS / "orm_client.py",
            clients=4,
            accounts=20_000,
        )
    )
    if os.environ.get("PGLEDGER_SQL"):
        found["pgledger"] = stack.enter_context(
            peer.Peer(
                seen.owner_url,
                name="pgledger",
                interpreter=Path(sys.executable),
                client=PEERS / "pgledger_client.py",
                clients=16,
                accounts=20_000,
            )
        )
    else:
        left_out["pgledger"] = "PGLEDGER_SQL names no file"
    return found


def balance_reads() -> dict[str, float]:
    """Return microseconds of a balance's read, of accounts of few and of many lines."""
    from benchmarks.ledger import workload
    from fintech.ledger import queries

    took = {}
    accounts = {name: workload.fill(f"lines_{name}", lines) for name, lines in LINES_OF.items()}
    for name, account in accounts.items():
        reads = []
        for _ in range(400):
            before = time.perf_counter()
            found = queries.balance(account.address, account.currency)
            reads.append(time.perf_counter() - before)
        if found.sequence != LINES_OF[name]:
            raise RuntimeError(f"{name}: {found.sequence} lines")
        took[name] = round(statistics.median(reads) * 1e6, 1)
    return took


def profiled(work: Callable[[], object]) -> list[str]:
    """Return where work spends the client's time; waiting for the server is one line."""
    profile = cProfile.Profile()
    profile.runcall(work)
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("tottime").print_stats(14)
    return [line for line in text.getvalue().splitlines() if line.strip()][:24]


def measured(seen: cluster.Cluster, progress: Progress) -> dict[str, Any]:
    """Run the rounds and work out the keys."""
    from benchmarks.ledger import doors, workload, writers

    left_out: dict[str, str] = {}
    bench = pgbench.Pgbench(seen.owner_url, seen.folder)
    with ExitStack() as stack:
        others = peers(seen, stack, left_out)
        script = workload.single_script(seen.owner_url, seen.folder)
        singles = writers.Processes(workload.CLIENTS, writers.one_by_one)
        one_shard = writers.Processes(1, writers.of_shard)
        two_shards = writers.Processes(2, writers.of_shard)
        for processes in (singles, one_shard, two_shards):
            stack.callback(processes.stop)
        over_http = stack.enter_context(doors.served(seen.folder))
        measures: dict[str, Callable[[], dict[str, Any]]] = {
            "batch1000": writers.batches,
            "tpcb": lambda: bench.tpcb(seconds=workload.SECONDS),
            "one_row_insert": lambda: bench.one_row_insert(seconds=workload.SECONDS),
            "single_function": lambda: bench.script_on(seen.url, script, seconds=workload.SECONDS),
            "single_from_python": singles.measure,
            "combiner256": writers.combined,
            "hot_account": lambda: writers.combined(workload.WALLETS[0]),
            "one_shard": one_shard.measure,
            "two_shards": two_shards.measure,
            **over_http,
            **{
                name: partial(other.measure, seconds=workload.SECONDS)
                for name, other in others.items()
            },
        }
        rounds = [_round(measures, seen, progress, number) for number in range(workload.ROUNDS)]
    progress.say("a million lines on one account")
    reads = balance_reads()

    def ratio(over: str, under: str) -> float | None:
        if under not in measures:
            return None
        return round(cluster.ratio(rounds, over, under), 3)

    return {
        "batch1000_hashed_over_tpcb": ratio("batch1000", "tpcb"),
        "batch1000_hashed_over_hordak": ratio("batch1000", "hordak"),
        "batch1000_hashed_over_naive_django_orm": ratio("batch1000", "naive_django_orm"),
        "batch1000_hashed_over_pgledger": ratio("batch1000", "pgledger"),
        "combiner256_over_single_function": ratio("combiner256", "single_function"),
        "single_function_over_tpcb": ratio("single_function", "tpcb"),
        "single_from_python_over_tpcb": ratio("single_from_python", "tpcb"),
        "combiner256_over_single_from_python": ratio("combiner256", "single_from_python"),
        "single_function_over_one_row_insert": ratio("single_function", "one_row_insert"),
        "hot_account_over_cold": ratio("hot_account", "combiner256"),
        "two_shards_over_one": ratio("two_shards", "one_shard"),
        "http_batch_door_over_tpcb": ratio("http_batch", "tpcb"),
        "http_hot_door_over_drf_door": ratio("http_hot", "http_drf"),
        "balance_read_1e6_over_1e4": round(reads["1e6"] / reads["1e4"], 2),
        "balance_read_us": reads,
        "server_cpu_us_per_transfer": statistics.median(
            one["batch1000"]["server_cpu_us"] for one in rounds
        ),
        # Over all rounds: the index of lines splits all its pages at about the same time, so that
        # a single round's figure lies anywhere between its lowest and 40 % more.
        "bytes_per_transfer": round(
            sum(one["batch1000"]["bytes"] for one in rounds)
            / sum(one["batch1000"]["transfers"] for one in rounds),
            1,
        ),
        "per_second": {
            name: statistics.median(one[name]["per_second"] for one in rounds) for name in measures
        },
        "left_out": left_out,
        "rounds": rounds,
        "profile_of_batch1000_client": profiled(writers.batches),
    }


def _round(
    measures: dict[str, Callable[[], dict[str, Any]]],
    seen: cluster.Cluster,
    progress: Progress,
    number: int,
) -> dict[str, Any]:
    one: dict[str, Any] = {}
    for name, measure in measures.items():
        size, cpu = seen.bytes_of("ledger"), seen.cpu_seconds()
        one[name] = measure()
        used = seen.cpu_seconds() - cpu
        one[name]["server_cpu_seconds"] = round(used, 2)
        if name == "batch1000":
            posted = one[name]["transfers"]
            one[name]["bytes"] = seen.bytes_of("ledger") - size
            one[name]["server_cpu_us"] = round(used / posted * 1e6, 1)
    told = {name: value["per_second"] for name, value in one.items()}
    progress.say(f"round {number + 1}: {told}")
    return one


def main() -> int:
    """Measure, print the keys, and write benchmarks/results/ledger.json."""
    progress = Progress()
    with cluster.cluster() as seen:
        from benchmarks.ledger import workload

        progress.say("migrated; funding two shards")
        workload.fund()
        workload.fund(shard=1)
        result = measured(seen, progress)
        settings = seen.settings()
    result = {
        "commit": cluster.commit(),
        "workload": f"{workload.ACCOUNTS} wallets, uniform random pairs, entries of two lines, "
        f"tables as shipped; batches of {workload.BATCH} by one writer, {workload.CLIENTS} "
        f"processes of one call a commit, {workload.CALLERS} callers on a loop through the "
        f"combiner; pgbench scale {pgbench.SCALE}, {pgbench.CLIENTS} clients, prepared; hordak "
        f"and ORM 4 clients; clients and server share {os.cpu_count()} cores",
        "load_average_at_end": os.getloadavg(),
        "server_settings": settings,
        **result,
    }
    cluster.write("ledger", result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
