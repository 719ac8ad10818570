"""
A campaign of telling: many events, good and bad receivers, and every fault on the way.

Starts servers, a worker with its clock, the subscription runner, a mail sink and receivers of
every character, each in a process of its own. Events are made through the front door at a
steady pace. The first part is calm: latency and memory are measured. Then the worker is killed
with kill -9, the broker is wiped, and PostgreSQL is killed with kill -9 and started again. At
the end, what receivers wrote down is held against what the database says.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import redis

from sandbox import ports
from sandbox.embedded import Embedded

ROOT = Path(__file__).resolve().parent.parent
WHOLE = 10_000  # Events of a campaign at EFFORT=1.
CHANGES = 4  # Of each customer after it was made: they are told in this order.
CALM = 0.6  # The part of the events before the first fault.
# Twelve are well, though some take their time, stumble or talk much; the others are not.
CHARACTERS = [
    *("ok " * 7).split(),
    *("slow:0.3", "slow:0.6", "flaky", "flood", "flood"),
    *("fail", "fail", "hang", "hang", "close", "close", "redirect", "gone"),
]
ORDERED = {0, 1, 7, 9}  # Two that are well, one that is slow, one that stumbles.
HEALTHY = [number for number, of in enumerate(CHARACTERS) if number < 12]
CAUSES = {
    "fail": "http_error",
    "hang": "timeout",
    "close": "connection_closed",
    "redirect": "redirected",
}


@dataclass(frozen=True)
class Check:
    """One row of a proof."""

    name: str
    passed: bool
    told: str


@dataclass(frozen=True)
class Heard:
    """One request that a receiver read whole."""

    endpoint: int
    message: str
    at: float
    status: int
    of: str
    number: int
    digest: str


class Processes:
    """Everything that runs beside this process; all of it ends with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: dict[str, subprocess.Popen[Any]] = {}

    def start(self, name: str, *command: str, said: bool = False) -> str:
        """Start a process; return the first line it says, if it is asked for."""
        with (self.folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=dict(os.environ),
                stdout=subprocess.PIPE if said else log,
                stderr=log,
                text=True,
            )
        self._running[name] = process
        return process.stdout.readline() if said and process.stdout else ""

    def has_ended(self, name: str) -> bool:
        """Whether a process has ended by itself, as Celery's worker may when its broker is gone."""
        return self._running[name].poll() is not None

    def kill(self, name: str) -> None:
        """End a process as an accident would."""
        self._running[name].kill()
        self._running.pop(name).wait()

    def resident_kib(self, name: str) -> int:
        """Return how much memory a process holds."""
        status = Path(f"/proc/{self._running[name].pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def stop(self) -> None:
        """End all of them."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


class Campaign:
    """One run from an empty database to the list of checks."""

    def __init__(self, folder: Path, *, events: int, per_second: float, timeout_s: float) -> None:
        self.folder, self.events, self.per_second = folder, events, per_second
        self.timeout_s = timeout_s
        self.embedded = Embedded(folder / "state")
        self.processes = Processes(folder)
        self.faults: list[float] = []
        self.began_at = datetime.now(UTC)
        self.told: dict[UUID, int] = {}  # What was acknowledged to us: customers and versions.
        self.memory: list[int] = []
        self.restarts = 0
        self.checks: list[Check] = []
        self.mail_port = ports.free(24_025)
        self.mail_page = ports.free(24_026, besides=[self.mail_port])

    def run(self) -> list[Check]:
        """Run it and return what was found."""
        try:
            self._start()
            self._tell()
            self._wait_for_quiet()
            self._wait_for_rest()
            self._judge()
        finally:
            self.processes.stop()
            self.embedded.stop()
            self.embedded.remove()
        return self.checks

    # -- Before ---------------------------------------------------------------------------------

    def _start(self) -> None:
        os.environ.update(self.embedded.start().environment())
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "OBJECTS_DIR": str(self.folder / "objects"),
            "LOG_LEVEL": "ERROR",
            "EMAIL_PORT": str(self.mail_port),
            "WEBHOOK_TIMEOUT_S": str(self.timeout_s),
            "WAKE_SUBSCRIBERS": "1",
        }
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", database="owner", verbosity=0)
        log = self.folder / "canary.txt"
        canary = self._listen("canary", log, "ok")[0]
        characters = [f"redirect:{canary}" if of == "redirect" else of for of in CHARACTERS]
        self._make_merchant(self._listen("receivers", self.folder / "heard.txt", *characters))
        self.processes.start(
            *("mail", "-m", "sandbox.mail_sink"),
            *("--smtp-port", str(self.mail_port), "--http-port", str(self.mail_page)),
        )
        self.processes.start("subscriptions", "manage.py", "run_subscriptions")
        self.processes.start(
            *("beat", "-m", "celery", "-A", "config", "beat", "--loglevel", "ERROR"),
            *("--schedule", str(self.folder / "beat"), "--pidfile", ""),
        )
        self._start_worker()
        for number in range(CHANGES + 1):
            self._make_event(number)
        until = time.monotonic() + 120
        while time.monotonic() < until and not self._rows(
            "SELECT FROM notifications_delivery WHERE state = 'delivered' AND order_number > 4"
        ):
            time.sleep(0.2)
        self._wait_for_quiet()  # Everybody is awake: from here on the clock counts.

    def _listen(self, name: str, log: Path, *characters: str) -> list[str]:
        said = self.processes.start(
            name, "-m", "sandbox.receivers", "--log", str(log), *characters, said=True
        )
        return [f"http://127.0.0.1:{port}/hooks" for port in json.loads(said)]

    def _start_worker(self) -> None:
        self.processes.start(
            *("worker", "-m", "celery", "-A", "config", "worker", "--pool", "threads"),
            *("--concurrency", "3", "--loglevel", "ERROR"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        )

    def _make_merchant(self, urls: list[str]) -> None:
        from fintech.kernel import actor
        from fintech.merchants import services as merchants
        from fintech.notifications import services as notifications

        by, at = actor.system("campaign"), datetime.now(UTC)
        self.merchant = merchants.open_merchant(
            name="Campaign",
            country="DE",
            default_currency="EUR",
            owner_email="owner@example.com",
            owner_name="Olga Owner",
            owner_password="correct horse battery",
            by=by,
            at=at,
        )
        self.endpoints = [
            notifications.create_endpoint(
                merchant_id=self.merchant.id,
                url=url,
                events=["customer.*"],
                is_ordered=number in ORDERED,
                by=by,
                at=at,
            ).value.id
            for number, url in enumerate(urls)
        ]

    # -- Meanwhile ------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Make events at a steady pace, and the faults between them."""
        faults: list[tuple[float, Callable[[], None]]] = [
            (CALM, self._kill_worker),
            (CALM + 0.13, self._wipe_broker),
            (CALM + 0.26, self._kill_postgres),
        ]
        calm_events = int(self.events * CALM)
        began = time.monotonic() - (CHANGES + 1) / self.per_second
        self.began_at = datetime.now(UTC)
        for number in range(CHANGES + 1, self.events):
            if faults and number >= self.events * faults[0][0]:
                if len(faults) == 3:
                    self._wait_for_quiet()  # What is slow because of a fault is not calm.
                faults.pop(0)[1]()
                began = time.monotonic() - number / self.per_second
            time.sleep(max(0.0, began + number / self.per_second - time.monotonic()))
            if self.faults and self.processes.has_ended("worker"):
                self.restarts += 1
                self._start_worker()
            self._make_event(number)
            if number < calm_events and number % max(1, calm_events // 20) == 0:
                self.memory.append(self.processes.resident_kib("worker"))

    def _make_event(self, number: int) -> None:
        """Make a customer or change one; the changes of one follow each other closely."""
        from django.db import Error, connection

        from fintech.kernel import actor
        from fintech.payments import services as payments

        by, of = actor.system("campaign"), self.merchant.id
        turn, version = divmod(number, CHANGES + 1)
        until = time.monotonic() + 60
        while True:
            try:
                at = datetime.now(UTC)
                if version == 0:
                    made = payments.create_customer(
                        merchant_id=of, name=f"Customer {turn}", by=by, at=at
                    )
                    self.current = made.value.id
                else:
                    payments.update_customer(
                        merchant_id=of,
                        customer_id=self.current,
                        description=f"Change {version}",
                        by=by,
                        at=at,
                    )
                self.told[self.current] = version + 1
            except Error:
                # PostgreSQL is away; whether it had committed we do not know, so we do it again.
                connection.close()
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
            else:
                return

    def _kill_worker(self) -> None:
        self.faults.append(time.time())
        self.processes.kill("worker")
        time.sleep(1)
        self._start_worker()

    def _wipe_broker(self) -> None:
        self.faults.append(time.time())
        redis.Redis.from_url(os.environ["REDIS_URL"]).flushall()

    def _kill_postgres(self) -> None:
        self.faults.append(time.time())
        os.kill(self.embedded.pids[0], signal.SIGKILL)
        time.sleep(0.5)
        self.embedded.stop()  # Valkey goes as well.
        self.embedded.start()

    # -- Afterwards -----------------------------------------------------------------------------

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        url = os.environ["DATABASE_OWNER_URL"]
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute("SET search_path = public,kernel,notifications,payments")
            return owner.execute(sql, values).fetchall()  # type: ignore[arg-type]

    def _wait_for_quiet(self) -> None:
        """Wait until nothing is on its way to those that are well."""
        until = time.monotonic() + 90 + 12 * self.timeout_s + self.events / 20
        well = [self.endpoints[number] for number in HEALTHY]
        quiet_since = None
        while time.monotonic() < until:
            ((waiting,),) = self._rows(
                "SELECT (SELECT count(*) FROM notifications_delivery WHERE endpoint_id = ANY(%s) "
                "AND channel = 'webhook' AND state = 'pending') + (SELECT count(*) FROM "
                "kernel_event e, kernel_cursor c WHERE c.subscription = 'notifications' "
                "AND e.xid >= c.low::text::xid8)",
                well,
            )
            if self.processes.has_ended("worker"):
                self.restarts += 1
                self._start_worker()  # As any supervisor does.
            quiet_since = None if waiting else quiet_since or time.monotonic()
            if quiet_since and time.monotonic() - quiet_since > 2:
                return
            time.sleep(0.5)

    def _wait_for_rest(self) -> None:
        """Wait until those that are ill have failed often enough to be left alone, and said so."""
        ill = [of for n, of in enumerate(self.endpoints) if n not in HEALTHY]
        until = time.monotonic() + 90 + 12 * self.timeout_s
        while time.monotonic() < until:
            ((tried,),) = self._rows(
                "SELECT (SELECT count(*) FROM notifications_endpoint WHERE id = ANY(%s) "
                "AND is_enabled AND paused_until IS NULL) + (SELECT count(*) "
                "FROM notifications_delivery WHERE channel = 'mail' AND state = 'pending')",
                ill,
            )
            if not tried:
                return
            time.sleep(0.5)

    def _judge(self) -> None:
        lines = (self.folder / "heard.txt").read_text().splitlines()
        heard = []
        for line in lines:
            number, message, at, status, of, place, digest = line.split()
            heard.append(
                Heard(int(number), message, float(at), int(status), of, int(place), digest)
            )
        self._nothing_is_lost(heard)
        self._no_needless_repetition(heard)
        self._in_order(heard)
        self._quick_and_flat()
        self._bad_ones()
        self._books()

    def _check(self, name: str, passed: bool, told: str) -> None:
        self.checks.append(Check(name, passed, told))

    def _nothing_is_lost(self, heard: list[Heard]) -> None:
        from fintech.kernel import ids

        rows = self._rows("SELECT id, type, object_id FROM notifications_merchantevent")
        events = {ids.public("evt", row[0]) for row in rows if row[1].startswith("customer.")}
        by_object: dict[str, int] = defaultdict(int)
        for _, _, of in rows:
            by_object[of] += 1
        untold = [
            customer
            for customer, versions in self.told.items()
            if by_object[ids.public("cus", customer)] < versions
        ]
        self._check(
            "every acknowledged change is told",
            not untold and sum(self.told.values()) >= self.events,
            f"{sum(self.told.values())} changes, {len(rows)} events, {len(untold)} untold",
        )
        got: dict[int, set[str]] = defaultdict(set)
        for one in heard:
            if one.status == 200:
                got[one.endpoint].add(one.message)
        missing = {number: len(events - got[number]) for number in HEALTHY}
        stuck = self._rows(
            "SELECT e.url, d.state, d.last_error, d.attempts, e.failures, count(*) "
            "FROM notifications_delivery d JOIN notifications_endpoint e ON e.id = d.endpoint_id "
            "WHERE d.channel = 'webhook' AND d.state <> 'delivered' AND e.id = ANY(%s) "
            "GROUP BY 1, 2, 3, 4, 5",
            [self.endpoints[number] for number in HEALTHY],
        )
        self._check(
            "every endpoint that is well has every event",
            not any(missing.values()),
            f"{len(events)} events × {len(HEALTHY)} endpoints; missing {sum(missing.values())}: "
            f"{stuck}",
        )
        strange = set().union(*got.values()) - events
        self._check("nothing is told that did not happen", not strange, f"{len(strange)} strange")

    def _no_needless_repetition(self, heard: list[Heard]) -> None:
        recorded = {
            (endpoint, event): (delivered, tries)
            for endpoint, event, delivered, tries in self._rows(
                "SELECT d.endpoint_id, d.event_id, count(*) FILTER (WHERE a.outcome = 'delivered'),"
                " count(*) FROM notifications_delivery d JOIN notifications_attempt a "
                "ON a.delivery_id = d.id WHERE d.channel = 'webhook' GROUP BY 1, 2"
            )
        }
        from fintech.kernel import ids

        answered: dict[tuple[int, str], list[Heard]] = defaultdict(list)
        for one in heard:
            if one.endpoint in HEALTHY and one.status == 200:
                answered[one.endpoint, one.message].append(one)
        lost_acks, needless, changed = 0, 0, 0
        for (number, message), times in answered.items():
            event = ids.parse("evt", message)
            acknowledged, _ = recorded.get((self.endpoints[number], event), (0, 0))
            changed += len({one.digest for one in times}) != 1
            if len(times) == acknowledged == 1:
                continue
            # The first answer is one whose acknowledgement a fault has swallowed or held up.
            first = min(one.at for one in times)
            if acknowledged and any(fault - 15 <= first <= fault + 40 for fault in self.faults):
                lost_acks += len(times) - 1
            else:
                needless += 1
        self._check(
            "once per acknowledged try; again only where a fault swallowed the acknowledgement",
            needless == 0,
            f"{len(answered)} messages, {lost_acks} repeated around a fault, {needless} needless",
        )
        self._check("a repetition has the same id and the same bytes", changed == 0, f"{changed}")

    def _in_order(self, heard: list[Heard]) -> None:
        overtaken, objects = 0, 0
        for number in ORDERED:
            last: dict[str, int] = defaultdict(int)
            for one in heard:
                if one.endpoint == number and one.status == 200:
                    overtaken += one.number not in {last[one.of], last[one.of] + 1}
                    last[one.of] = max(last[one.of], one.number)
            objects += len(last)
        self._check(
            "in strict order nothing overtakes and nothing is left out",
            overtaken == 0 and objects > 0,
            f"{objects} objects at {len(ORDERED)} endpoints, {overtaken} overtaken",
        )

    def _quick_and_flat(self) -> None:
        calm_until = datetime.fromtimestamp(self.faults[0] - 1, UTC)
        rows = self._rows(
            "SELECT extract(epoch FROM a.started_at - k.recorded_at), "
            "extract(epoch FROM uuid_extract_timestamp(d.id) - k.recorded_at) "
            "FROM notifications_attempt a JOIN notifications_delivery d ON d.id = a.delivery_id"
            " JOIN notifications_merchantevent m ON m.id = d.event_id "
            "JOIN kernel_event k ON k.position = m.position "
            "WHERE a.number = 1 AND d.channel = 'webhook' AND d.endpoint_id = ANY(%s) "
            "AND k.recorded_at BETWEEN %s AND %s",
            [self.endpoints[number] for number in HEALTHY],
            self.began_at,
            calm_until,
        )
        waits = sorted(float(row[0]) for row in rows) or [float("inf")]
        heard = sorted(float(row[1]) for row in rows) or [float("inf")]
        p50, p95 = waits[len(waits) // 2], waits[int(len(waits) * 0.95)]
        self._check(
            "p95 from event to first attempt is at most 2 s while nothing breaks",
            p95 <= 2.0,
            f"p50 {p50:.3f} s, p95 {p95:.3f} s, most {waits[-1]:.3f} s of {len(waits)} messages; "
            f"p95 from event to the row of its message {heard[int(len(heard) * 0.95)]:.3f} s",
        )
        early = self.memory[len(self.memory) // 4 : len(self.memory) // 2]
        late = self.memory[-max(1, len(self.memory) // 4) :]
        grown = sum(late) / len(late) - sum(early) / len(early)
        self._check(
            "the worker's memory is flat",
            grown < 24 * 1024,
            f"{sum(early) // len(early)} KiB early, {sum(late) // len(late)} KiB late",
        )

    def _bad_ones(self) -> None:
        for number, character in enumerate(CHARACTERS):
            if number in HEALTHY:
                continue
            endpoint = self.endpoints[number]
            ((paused, enabled, reason),) = self._rows(
                "SELECT paused_until IS NOT NULL, is_enabled, disabled_reason "
                "FROM notifications_endpoint WHERE id = %s",
                endpoint,
            )
            causes = [
                row[0]
                for row in self._rows(
                    "SELECT outcome FROM notifications_attempt a JOIN "
                    "notifications_delivery d ON d.id = a.delivery_id "
                    "WHERE d.endpoint_id = %s AND d.channel = 'webhook' "
                    "GROUP BY outcome ORDER BY count(*) DESC",
                    endpoint,
                )
            ]
            if character == "gone":
                dead = self._rows(
                    "SELECT DISTINCT state, last_error FROM notifications_delivery "
                    "WHERE endpoint_id = %s AND channel = 'webhook'",
                    endpoint,
                )
                fits = not enabled and reason == "gone" and ("failed", "gone") in dead
                fits = fits and set(dead) <= {
                    ("failed", "gone"),
                    ("abandoned", "endpoint_disabled"),
                }
            else:
                fits = bool(paused) and causes[:1] == [CAUSES[character]]
            self._check(
                f"endpoint {number} ({character}) is left alone with the right cause",
                fits,
                f"paused {paused}, enabled {enabled} {reason}, causes {causes}",
            )
        canary = (self.folder / "canary.txt").read_text().splitlines()
        self._check("no redirect is followed", not canary, f"{len(canary)} requests")

    def _books(self) -> None:
        from fintech.notifications import queries

        for invariant in queries.INVARIANTS:
            found = self._rows(invariant.sql.replace("%", "%%"))
            self._check(f"{invariant.id}: {invariant.rule}", not found, f"{len(found)} violations")
        with urllib.request.urlopen(f"http://127.0.0.1:{self.mail_page}/messages") as page:
            mails = json.load(page)["messages"]
        written = self._rows(
            "SELECT endpoint_id, state FROM notifications_delivery WHERE channel = 'mail'"
        )
        arrived = {mail["headers"]["Message-ID"] for mail in mails}
        ill = {self.endpoints[n] for n, _ in enumerate(CHARACTERS) if n not in HEALTHY}
        self._check(
            "owners get a mail about each endpoint that is left alone, over real SMTP",
            len(arrived) == len(written)
            and {state for _, state in written} == {"delivered"}
            and ill <= {endpoint for endpoint, _ in written},
            f"{len(arrived)} different mails of {len(written)}, about {len(ill)} that are ill",
        )


def campaign(*, effort: float, per_second: float = 25.0, timeout_s: float = 10.0) -> list[Check]:
    """Run a campaign at a share of its size."""
    events = max(100, round(WHOLE * effort))
    with tempfile.TemporaryDirectory(prefix="fintech-telling-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        return Campaign(folder, events=events, per_second=per_second, timeout_s=timeout_s).run()


if __name__ == "__main__":
    found = campaign(
        effort=float(os.environ.get("EFFORT", "0.02")),
        per_second=float(os.environ.get("PER_SECOND", "25")),
        timeout_s=float(os.environ.get("WEBHOOK_TIMEOUT_S", "10")),
    )
    for check in found:
        print(json.dumps({"name": check.name, "passed": check.passed, "told": check.told}))
    sys.exit(0 if all(check.passed for check in found) else 1)
