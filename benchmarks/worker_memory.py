"""
By how much a web worker's memory grows while it takes payments, 50,000 of them.

The real worker (`config.web_worker.Worker`, two of them under gunicorn) of a platform of
its own, with the simulated acquirer over HTTP. Rounds go by turns through the quick door
and through Django's, which is where a request that names an `Origin` goes. What a worker
holds after a first round of each is what it is compared with: by then it has made its
threads, its connections and its plans.

    python -m benchmarks.worker_memory --payments 50000
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.cluster import commit, write
from benchmarks.payments import MERCHANTS, Door, Server, served
from sandbox.instance import Instance
from sandbox.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
MOST_GROWTH_PERCENT = 10.0
SECONDS = 10
WARM_UP = 4  # Rounds, half of them through each door.
DOOR = Door(
    "worker",
    "config.asgi:application",
    32,
    environment=(("COMBINE", "1"), ("WAKE_SUBSCRIBERS", "1"), ("HOT_DOOR", "1")),
)


def main() -> int:
    """Measure, print one line of JSON, and write benchmarks/results/worker-memory.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker_memory")
    parser.add_argument("--payments", type=int, default=50_000)
    wanted = parser.parse_args().payments
    progress = Progress()
    with tempfile.TemporaryDirectory(prefix="fintech-memory-") as folder, ExitStack() as stack:
        Path(folder).chmod(0o755)
        instance = stack.enter_context(
            Instance(Path(folder) / "instance", base_port=21000, progress=progress)
        )
        payers = Path(folder) / "payers.json"
        instance.run([sys.executable, "-m", "benchmarks.payments", "seed", str(payers)])
        server = stack.enter_context(served(DOOR, instance, 21200, folder))
        found = _grow(server, payers, wanted, progress)
    result = {
        "commit": commit(),
        "workload": f"create-and-confirm, form bodies, {MERCHANTS} merchants, a new idempotency "
        "key each, 32 clients; by turns through the quick door and through Django's; simulated "
        "acquirer over HTTP; gunicorn 2 workers of config.web_worker.Worker",
        "load_average_at_end": os.getloadavg(),
        **found,
    }
    write("worker-memory", result)
    print(json.dumps({name: value for name, value in result.items() if name != "rounds"}))
    return 0 if found["passed"] else 1


def _grow(server: Server, payers: Path, wanted: int, progress: Progress) -> dict[str, Any]:
    """Let clients pay until so many payments are taken; return what each worker came to hold."""
    rounds: list[dict[str, Any]] = []
    taken = {"quick": 0, "django": 0}
    failed = number = 0
    before: dict[int, int] = {}
    while sum(taken.values()) < wanted:
        door = "django" if number % 2 else "quick"
        told = _load(server, payers, door)
        number += 1
        failed += told["failed"]
        now = server.resident_by_worker()
        if number <= WARM_UP:
            before = now  # The last of these counts.
        else:
            taken[door] += told["requests"]
        kept = {pid: round(held / 1e6, 1) for pid, held in now.items()}
        rounds.append({"door": door, "payments": told["requests"], "megabytes": kept})
        progress.say(
            f"{sum(taken.values())} payments ({door}, {told['per_second']}/s, "
            f"{told['failed']} failed): {' and '.join(f'{one} MB' for one in kept.values())}"
        )
    after = server.resident_by_worker()
    growth = [
        round((after[pid] - held) * 100 / held, 1) for pid, held in before.items() if pid in after
    ]
    return {
        "payments": sum(taken.values()),
        "through": taken,
        "failed": failed,
        "megabytes_before": [round(held / 1e6, 1) for held in before.values()],
        "megabytes_after": [round(held / 1e6, 1) for held in after.values()],
        "growth_percent": growth,
        "same_workers": before.keys() == after.keys(),
        "passed": before.keys() == after.keys() and max(growth) <= MOST_GROWTH_PERCENT,
        "rounds": rounds,
    }


def _load(server: Server, payers: Path, door: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.load", server.url, "--clients", "32"]
    command += ["--seconds", str(SECONDS), "--payers", str(payers)]
    if door == "django":
        command += ["--origin", "https://shop.example"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return told


if __name__ == "__main__":
    sys.exit(main())
