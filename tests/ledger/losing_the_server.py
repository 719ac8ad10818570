"""
PostgreSQL killed (`kill -9`) while batches are posted: what was acknowledged stays, once.

A process of its own, because its cluster keeps fsync on and dies on purpose:

    python -m tests.ledger.losing_the_server --kills 10

Writers post overlapping batches all the time. One who hears nothing sends the same batch
again until it is answered. Then every entry stands once, and the chains are intact.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from sandbox.embedded import Embedded, EmbeddedServerFailed

WRITERS, BATCH, WALLETS = 6, 20, 30
SECONDS_OF_LOAD = 1.5


def main() -> int:
    """Kill, restart, and print one line of JSON: what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.ledger.losing_the_server")
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
            found = Loss(servers).suffer(kills)
        finally:
            servers.remove()
    print(json.dumps(found))
    return 0 if found["passed"] else 1


class Loss:
    """Writers, a sealer, and a server that is killed while they are at work."""

    def __init__(self, servers: Embedded) -> None:
        from fintech.kernel import ids

        self.servers = servers
        self.wallets = [ids.new() for _ in range(WALLETS)]
        self.acknowledged: set[Any] = set()
        self.silences = 0
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def suffer(self, kills: int) -> dict[str, Any]:
        """Let writers write while the server dies; return what is left to find afterwards."""
        from django.db import connections

        from tests.make import ledger as make
        from tests.make.ledger import eur

        make.post(*(make.top_up(wallet, eur(1_000_000_00)) for wallet in self.wallets))
        threads = [threading.Thread(target=self._write, args=(seed,)) for seed in range(WRITERS)]
        threads.append(threading.Thread(target=self._seal))
        for thread in threads:
            thread.start()
        before = []
        for _ in range(kills):
            time.sleep(SECONDS_OF_LOAD)
            before.append(len(self.acknowledged))
            self._kill()
        time.sleep(SECONDS_OF_LOAD)
        self._stop.set()
        for thread in threads:
            thread.join()
        connections.close_all()  # This thread's own connection died with the server.
        return self._count(before)

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

    def _write(self, seed: int) -> None:
        from django.db import connections

        from tests.make import ledger as make
        from tests.make.ledger import eur

        dice = random.Random(seed)
        while not self._stop.is_set():
            batch = [
                make.transfer(*dice.sample(self.wallets, 2), eur(dice.randint(1, 50)))
                for _ in range(BATCH)
            ]
            self._post_until_heard(batch)
        connections.close_all()

    def _post_until_heard(self, batch: list[Any]) -> None:
        from django.db import DatabaseError, InterfaceError, connection

        from tests.make import ledger as make

        while True:
            try:
                make.post(*batch)
            except (DatabaseError, InterfaceError):
                with self._lock:
                    self.silences += 1
                connection.close()
                time.sleep(0.05)
            else:
                with self._lock:
                    self.acknowledged |= {entry.id for entry in batch}
                return

    def _seal(self) -> None:
        from django.db import DatabaseError, InterfaceError, connection, connections

        from fintech.ledger import services

        while not self._stop.wait(0.2):
            try:
                services.seal()
            except (DatabaseError, InterfaceError):
                connection.close()
        connections.close_all()

    def _count(self, before: list[int]) -> dict[str, Any]:
        from django.db import connection

        from fintech.ledger import queries, services

        while services.seal():
            continue
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM ledger_entry WHERE template = 'transfer_wallets'")
            kept = [row[0] for row in cursor.fetchall()]
        faults = [str(fault) for fault in queries.verify()]
        differences = len(list(queries.replay()))
        lost = len(self.acknowledged - set(kept))
        doubled = len(kept) - len(set(kept))
        return {
            "passed": not (lost or doubled or faults or differences)
            and set(kept) == self.acknowledged
            and before == sorted(set(before)),
            "kills": len(before),
            "acknowledged": len(self.acknowledged),
            "acknowledged_before_each_kill": before,
            "silences": self.silences,
            "lost": lost,
            "doubled": doubled,
            "seals": queries.heads(limit=1)[0].number,
            "faults": faults[:5],
            "replay_differences": differences,
        }


if __name__ == "__main__":
    sys.exit(main())
