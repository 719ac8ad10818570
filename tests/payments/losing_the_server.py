"""
PostgreSQL killed (`kill -9`) under load, again and again: what was acknowledged stays, once.

A process of its own, because its cluster keeps fsync on and dies on purpose:

    python -m tests.payments.losing_the_server --kills 10

Payers pay all the time. One who hears nothing sends the same under the same key; what was
begun and not recorded is the clock's to resolve, and is asked for again after it has.
Then every acknowledged payment must be there, every key must have one payment, the
acquirer must have charged each card once, and no invariant may be broken.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sandbox.embedded import Embedded, EmbeddedServerFailed

PAYERS = 8
SECONDS_OF_LOAD = 1.5


def main() -> int:
    """Kill, restart, and print one line of JSON: what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.payments.losing_the_server")
    parser.add_argument("--kills", type=int, default=10)
    kills = parser.parse_args().kills
    with tempfile.TemporaryDirectory(prefix="fintech-loss-") as folder:
        Path(folder).chmod(0o755)
        servers = Embedded(Path(folder), fsync=True)
        os.environ.update(servers.start().environment())
        os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "CRITICAL"}
        os.environ["OBJECTS_DIR"] = f"{folder}/objects"
        try:
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", database="owner", verbosity=0)
            from fintech.payments.providers import registry

            loss = Loss(servers)
            with registry.using(loss.acquirer):
                found = loss.suffer(kills)
        finally:
            servers.remove()
    print(json.dumps(found))
    return 0 if found["passed"] else 1


class Loss:
    """Payers, a janitor, and a server that is killed while they are at work."""

    def __init__(self, servers: Embedded) -> None:
        from tests.make import payments as make
        from tests.payments.providers.fake import FakeAcquirer

        self.servers = servers
        self.acquirer = FakeAcquirer()
        self.shop = make.merchant()
        self.acknowledged: dict[str, str] = {}  # key: state that its payer heard
        self.heard_nothing: Counter[str] = Counter()
        self.begun: list[str] = []  # keys of what was begun and not recorded
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def suffer(self, kills: int) -> dict[str, Any]:
        """Let payers pay while the server dies; return what is left to find afterwards."""
        from django.db import connections

        payers = [threading.Thread(target=self._pay, args=(number,)) for number in range(PAYERS)]
        for payer in payers:
            payer.start()
        before = []
        for _ in range(kills):
            time.sleep(SECONDS_OF_LOAD)
            before.append(len(self.acknowledged))
            self._kill()
        time.sleep(SECONDS_OF_LOAD)
        self._stop.set()
        for payer in payers:
            payer.join()
        connections.close_all()  # This thread's own connection died with the server.
        self._resolve()
        return self._count(kills, before)

    def _resolve(self) -> None:
        """Let the clock ask about what was left open, then let its payers ask again."""
        from fintech.payments import services as payments
        from fintech.payments.services.rows import CHECKS
        from tests.make.merchants import NOON
        from tests.make.payments import BY

        while payments.resolve_due(by=BY, at=NOON + CHECKS[0]):
            continue
        for key in self.begun:
            self.acknowledged[key] = self._pay_until_heard(key)

    def _kill(self) -> None:
        postgres = self.servers._postgres
        assert postgres is not None
        os.kill(postgres.pid, signal.SIGKILL)
        postgres.wait()
        until = time.monotonic() + 60
        while True:
            try:
                self.servers._start_postgres()
            except EmbeddedServerFailed:  # Its former self's children are still leaving.
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
            else:
                return

    def _pay(self, payer: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            key = f"payer-{payer}-{number}"
            state = self._pay_until_heard(key)
            with self._lock:
                if state:
                    self.acknowledged[key] = state
                else:
                    self.begun.append(key)

    def _pay_until_heard(self, key: str) -> str:
        """Return the state that the payer hears; nothing if the key is at work still."""
        from django.db import DatabaseError, InterfaceError, connection

        from fintech.kernel.idempotency import KeyInUse
        from fintech.payments import errors
        from fintech.payments import services as payments
        from tests.make import payments as make
        from tests.make.merchants import NOON
        from tests.make.payments import BY, eur

        while True:
            try:
                done = payments.create(
                    merchant_id=self.shop.id,
                    amount=eur(42_50),
                    token="visa",
                    confirm=True,
                    key=make.key(self.shop.id, key),
                    by=BY,
                    at=NOON,
                )
            except (DatabaseError, InterfaceError):
                self.heard_nothing[key] += 1
                connection.close()
                time.sleep(0.05)
            except errors.AcquirerUnavailable as refused:
                return str(refused.payment.state) if refused.payment else "created"
            except KeyInUse:
                return ""
            else:
                return str(done.value.state)

    def _count(self, kills: int, before: list[int]) -> dict[str, Any]:
        from config.invariants import INVARIANTS
        from fintech.audit import services as audit
        from fintech.kernel import invariants
        from fintech.payments import queries
        from fintech.payments.models import Payment

        audit.seal()
        kept = Counter(Payment.objects.values_list("state", flat=True))
        charged = self.acquirer.counts().get("authorization_succeeded", 0)
        paid = sum(state == "captured" for state in self.acknowledged.values())
        broken = [finding.id for finding in invariants.check(INVARIANTS)]
        differences = len(list(queries.replay()))
        lost = paid - kept["captured"]
        return {
            "passed": lost == 0
            and paid > 0
            and charged == kept["captured"] == paid
            and kept.total() == len(self.acknowledged)
            and not broken
            and not differences
            and len(before) == kills,
            "kills": kills,
            "states": dict(kept),
            "acknowledged": len(self.acknowledged),
            "acknowledged_before_each_kill": before,
            "retried_after_silence": len(self.heard_nothing),
            "resolved_by_the_clock": len(self.begun),
            "lost": lost,
            "doubled": kept.total() - len(self.acknowledged),
            "charged_at_the_acquirer": charged,
            "invariants_broken": broken,
            "replay_differences": differences,
        }


if __name__ == "__main__":
    sys.exit(main())
