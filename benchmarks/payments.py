"""
How quick payments are beside pgbench and a view that does nothing, over HTTP, in one run.

Starts a platform of its own (fsync on; worker, clock and subscriptions running, as in
`make demo`) and beside its web server one per door: Django's with the worker's combiner,
Django's without, the thin one where there is one, and a null view, all with an acquirer
in their own process that answers at once. Rounds are interleaved; a key of the result is
the median of the rounds.

    make bench-payments          (ROUNDS=3 SECONDS_PER_ROUND=4 DOORS="drf_door null_view")
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.cluster import SETTINGS, commit, cpu_seconds, processes
from benchmarks.pgbench import Pgbench
from sandbox import ports
from sandbox.instance import Instance
from sandbox.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "payments.json"
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = float(os.environ.get("SECONDS_PER_ROUND", "4"))
MERCHANTS = int(os.environ.get("MERCHANTS", "20"))
CARDS = int(os.environ.get("CARDS", "20000"))
MEMORY_PAYMENTS = int(os.environ.get("MEMORY_PAYMENTS", "0"))  # 50,000 for the figure.


@dataclass(frozen=True)
class Door:
    """A web server to be measured: what it serves, and how many ask it at once."""

    name: str
    application: str
    clients: int
    path: str = "/v1/payment_intents"
    environment: tuple[tuple[str, str], ...] = ()


_COMBINED = (("COMBINE", "1"), ("WAKE_SUBSCRIBERS", "1"), ("HOT_DOOR", "0"))
_ALONE = (("COMBINE", "0"), ("WAKE_SUBSCRIBERS", "1"), ("HOT_DOOR", "0"))
_HOT = (("COMBINE", "1"), ("WAKE_SUBSCRIBERS", "1"), ("HOT_DOOR", "1"))
DOORS = (
    Door("null_view", "benchmarks.null_view:application", 32, path="/null"),
    Door("drf_door", "benchmarks.instant:application", 32, environment=_COMBINED),
    Door("drf_door_64", "benchmarks.instant:application", 64, environment=_COMBINED),
    Door("drf_direct", "benchmarks.instant:application", 64, environment=_ALONE),
    Door("hot", "benchmarks.instant:application", 32, environment=_HOT),
    Door("hot_64", "benchmarks.instant:application", 64, environment=_HOT),
    Door("acquirer_over_http", "config.asgi:application", 32, environment=_COMBINED),
    Door("hot_acquirer_over_http", "config.asgi:application", 32, environment=_HOT),
)


def main() -> int:
    """Measure, print the keys, and write benchmarks/results/payments.json."""
    progress = Progress()
    wanted = os.environ.get("DOORS", "").split()
    doors = [door for door in DOORS if not wanted or door.name in wanted]
    with tempfile.TemporaryDirectory(prefix="fintech-bench-") as folder, ExitStack() as stack:
        Path(folder).chmod(0o755)
        instance = stack.enter_context(
            Instance(Path(folder) / "instance", base_port=21000, progress=progress)
        )
        payers = Path(folder) / "payers.json"
        said = instance.run([sys.executable, "-m", "benchmarks.payments", "seed", str(payers)])
        progress.say(said.stdout.strip())
        servers = {
            door.name: stack.enter_context(served(door, instance, 21100 + 10 * place, folder))
            for place, door in enumerate(doors)
        }
        owner_url = instance.environment()["DATABASE_OWNER_URL"]
        pgbench = Pgbench(owner_url, Path(folder))
        rounds = _rounds(
            doors,
            servers,
            pgbench,
            postmaster=_postmaster(instance),
            payers=payers,
            progress=progress,
        )
        visible = _visible(doors, servers, instance, payers)
        trips = json.loads(
            instance.run([sys.executable, "-m", "benchmarks.round_trips"]).stdout.splitlines()[-1]
        )
        memory = _memory(servers, payers) if MEMORY_PAYMENTS else {}
        settings = _settings(instance)
    result = {
        "commit": commit(),
        "workload": f"create-and-confirm, form bodies, {MERCHANTS} merchants, {CARDS} cards, a new "
        "idempotency key each; clients, servers, worker and subscriptions share "
        f"{os.cpu_count()} cores; gunicorn 2 workers of 16 threads; pgbench TPC-B scale 20, "
        "16 clients, prepared",
        "server_settings": settings,
        "load_average_at_end": os.getloadavg(),
        **_keys(rounds),
        **visible,
        "sql_round_trips_create_and_confirm": trips["batch_of_1"],
        "sql_round_trips_by_batch": trips,
        **memory,
        "rounds": rounds,
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "rounds"}, indent=1))
    return 0


# -- rounds ----------------------------------------------------------------------------------


def _rounds(
    doors: list[Door],
    servers: dict[str, "Server"],
    pgbench: Pgbench,
    *,
    postmaster: int,
    payers: Path,
    progress: Progress,
) -> list[dict[str, Any]]:
    for door in doors:
        _load(door, servers[door.name], payers, seconds=1.5)  # Warm up; not counted.
    found = []
    for number in range(ROUNDS):
        told: dict[str, Any] = {"tpcb": pgbench.tpcb(seconds=SECONDS)}
        for door in doors:
            app, database = servers[door.name].cpu_seconds(), cpu_seconds(postmaster)
            told[door.name] = _load(door, servers[door.name], payers, seconds=SECONDS)
            asked = max(1, told[door.name]["requests"])
            told[door.name] |= {
                "cpu_us_app": round((servers[door.name].cpu_seconds() - app) * 1e6 / asked),
                "cpu_us_database": round((cpu_seconds(postmaster) - database) * 1e6 / asked),
            }
        found.append(told)
        progress.say(f"round {number + 1}: {json.dumps(told)}")
    return found


def _load(door: Door, server: "Server", payers: Path, *, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.load", server.url, "--path", door.path]
    command += ["--clients", str(door.clients), "--seconds", str(seconds)]
    command += ["--payers", str(payers)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return told


def _keys(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of the issue that these rounds have measured."""

    def over(one: str, other: str) -> float | None:
        if not all(name in told for told in rounds for name in (one, other)):
            return None
        return round(
            statistics.median(
                told[one]["per_second"] / max(told[other]["per_second"], 0.1) for told in rounds
            ),
            3,
        )

    def median(door: str, figure: str) -> float | None:
        if door not in rounds[0]:
            return None
        found = [told[door][figure] for told in rounds if told[door][figure] is not None]
        return round(statistics.median(found), 1) if found else None

    return {
        "payments_over_tpcb": over("drf_door", "tpcb"),
        "p95_ms_32_clients": median("drf_door", "p95_ms"),
        "hot_p95_ms_32_clients": median("hot", "p95_ms"),
        "hot_door_payments_over_tpcb": over("hot_64", "tpcb"),
        "hot_door_payments_over_drf_direct": over("hot_64", "drf_direct"),
        "payments_over_null_view": over("drf_door", "null_view"),
        "payments_per_second": median("drf_door", "per_second"),
        "payments_per_second_64_clients": median("drf_door_64", "per_second"),
        "drf_direct_payments_per_second": median("drf_direct", "per_second"),
        "cpu_us_app": median("drf_door", "cpu_us_app"),
        "cpu_us_database": median("drf_door", "cpu_us_database"),
        "acquirer_over_http_payments_per_second": median("acquirer_over_http", "per_second"),
        "acquirer_over_http_p95_ms_32_clients": median("acquirer_over_http", "p95_ms"),
        "hot_payments_per_second_64_clients": median("hot_64", "per_second"),
        "hot_cpu_us_app": median("hot_64", "cpu_us_app"),
        "hot_cpu_us_database": median("hot_64", "cpu_us_database"),
        "hot_acquirer_over_http_payments_per_second": median(
            "hot_acquirer_over_http", "per_second"
        ),
        "hot_acquirer_over_http_p95_ms_32_clients": median("hot_acquirer_over_http", "p95_ms"),
        "acquirer_over_http_payments_over_tpcb": over("acquirer_over_http", "tpcb"),
        "tpcb_per_second": median("tpcb", "per_second"),
    }


# -- commit to visible -----------------------------------------------------------------------


def _visible(
    doors: list[Door], servers: dict[str, "Server"], instance: Instance, payers: Path
) -> dict[str, Any]:
    """Return how old facts were when the timeline first showed them, under the same load."""
    door = next((one for one in doors if one.name == "drf_door"), None)
    if door is None:
        return {}
    ages: list[float] = []
    done = threading.Event()
    watching = threading.Thread(target=_watch, args=(instance, done, ages))
    watching.start()
    time.sleep(0.5)
    _load(door, servers[door.name], payers, seconds=SECONDS)
    time.sleep(1)
    done.set()
    watching.join()
    ages.sort()
    if not ages:
        return {"commit_to_visible_p99_ms": None}
    return {
        "commit_to_visible_p50_ms": round(ages[len(ages) // 2], 1),
        "commit_to_visible_p99_ms": round(ages[int(len(ages) * 0.99)], 1),
        "commit_to_visible_facts": len(ages),
    }


def _watch(instance: Instance, done: threading.Event, ages: list[float]) -> None:
    """By the database's clock: from the writing of a fact to the first reader who finds it."""
    with psycopg.connect(instance.facts()["database_url"], autocommit=True) as reading:
        reading.execute("SET search_path = public,kernel,web")
        row = reading.execute("SELECT coalesce(max(position), 0) FROM kernel_event").fetchone()
        last = row[0] if row else 0
        while not done.is_set():
            rows = reading.execute(
                "SELECT e.position, extract(epoch FROM clock_timestamp() - e.recorded_at) * 1000 "
                "FROM web_timeline t JOIN kernel_event e ON e.position = t.position "
                "WHERE t.source = 'events' AND t.position > %s ORDER BY 1",
                [last],
            ).fetchall()
            for position, age in rows:
                ages.append(float(age))
                last = max(last, position)
            time.sleep(0.005)


# -- memory ----------------------------------------------------------------------------------


def _memory(servers: dict[str, "Server"], payers: Path) -> dict[str, Any]:
    """Return by how much the workers of a door have grown after so many payments."""
    door = next(one for one in DOORS if one.name == "drf_door")
    server = servers[door.name]
    before, paid = server.resident_bytes(), 0
    while paid < MEMORY_PAYMENTS:
        paid += _load(door, server, payers, seconds=20)["requests"]
    after = server.resident_bytes()
    return {
        "memory_payments": paid,
        "memory_growth_percent": round((after - before) * 100 / before, 1),
    }


# -- servers ---------------------------------------------------------------------------------


class Server:
    """A gunicorn with its workers."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process, self.url = process, url

    def _workers(self) -> list[list[str]]:
        return [numbers for _, numbers in processes() if int(numbers[1]) == self.process.pid]

    def cpu_seconds(self) -> float:
        """Return what the workers have used."""
        ticks = sum(int(n) for numbers in self._workers() for n in numbers[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Return what the workers hold in memory."""
        return sum(self.resident_by_worker().values())

    def resident_by_worker(self) -> dict[int, int]:
        """Return what each worker, by its process id, holds in memory, in bytes."""
        page = os.sysconf("SC_PAGE_SIZE")
        return {
            pid: int(numbers[21]) * page
            for pid, numbers in processes()
            if int(numbers[1]) == self.process.pid
        }


@contextmanager
def served(door: Door, instance: Instance, port: int, folder: str) -> Iterator[Server]:
    """Serve a door beside an instance's own web server, on that port or the next free one."""
    port = ports.free(port, address="127.0.0.1", besides=())
    command = [sys.executable, "-m", "gunicorn", door.application]
    command += ["--config", "python:sandbox.web_server", "--bind", f"127.0.0.1:{port}"]
    environment = {**instance.environment(), **dict(door.environment)}
    with Path(folder, f"{door.name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            until = time.monotonic() + 60
            while not ports.is_ok(f"{url}/livez"):
                if time.monotonic() > until or process.poll() is not None:
                    raise RuntimeError(Path(folder, f"{door.name}.log").read_text()[-2000:])
                time.sleep(0.2)
            yield Server(process, url)
        finally:
            process.terminate()
            process.wait()


def _postmaster(instance: Instance) -> int:
    with psycopg.connect(instance.facts()["database_url"], autocommit=True) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        backend = row[0] if row else 0
        return int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])


def _settings(instance: Instance) -> dict[str, str]:
    with psycopg.connect(instance.facts()["database_url"], autocommit=True) as connection:
        return {
            name: (connection.execute("SELECT current_setting(%s)", [name]).fetchone() or ("",))[0]
            for name in SETTINGS
        }


# -- payers ----------------------------------------------------------------------------------


def seed(target: str) -> int:
    """Make merchants with keys and cards, each card of another number, and write the pairs."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from fintech.kernel import actor, clock, ids
    from fintech.merchants import services as merchants
    from fintech.payments.models import PaymentMethod

    by, at = actor.system("benchmark"), clock.now()
    pairs = []
    for number in range(MERCHANTS):
        shop = merchants.open_merchant(
            name=f"Bench {number}",
            country="DE",
            default_currency="EUR",
            owner_email=f"bench-{number}@example.com",
            owner_name="Bench",
            owner_password=None,
            by=by,
            at=at,
        )
        key = merchants.create_api_key(merchant_id=shop.id, name="bench", by=by, at=at)
        cards = [
            PaymentMethod(
                id=ids.new(),
                merchant_id=shop.id,
                card_token="visa",
                brand="visa",
                last4="4242",
                exp_month=12,
                exp_year=2040,
                country="DE",
                funding="credit",
                fingerprint=f"bench{number:05}{place:08}",
                created_at=at,
            )
            for place in range(CARDS // MERCHANTS)
        ]
        PaymentMethod.objects.bulk_create(cards)
        pairs += [(key.secret, ids.public("pm", card.id)) for card in cards]
    Path(target).write_text(json.dumps(pairs))
    print(f"{MERCHANTS} merchants, {len(pairs)} cards")
    return 0


if __name__ == "__main__":
    sys.exit(seed(sys.argv[2]) if sys.argv[1:2] == ["seed"] else main())
