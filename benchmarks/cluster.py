"""
A cluster of one's own for a benchmark: fsync on, migrated, thrown away afterwards.

Also what a run says of it: settings, the processor time that its processes used, and
the size of a room's tables.
"""

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from sandbox.embedded import Embedded

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "wal_sync_method",
    "max_connections",
)


class Cluster:
    """A running server, seen by who measures it."""

    def __init__(self, embedded: Embedded, folder: Path) -> None:
        self.owner_url = embedded.urls.database_owner_url
        self.url = embedded.urls.database_url
        self.folder = folder
        self._postmaster = embedded.pids[0]
        self._owner = psycopg.connect(self.owner_url, autocommit=True)

    def settings(self) -> dict[str, str]:
        """Return what decides about speed, the kind of file system included."""
        told = {name: self._one("SELECT current_setting(%s)", name) for name in SETTINGS}
        where = self._one("SELECT current_setting('data_directory')")
        words = subprocess.run(
            ["df", "--output=fstype", where], capture_output=True, text=True, check=False
        ).stdout.split()
        return {**told, "file_system": words[-1] if words else "unknown"}

    def bytes_of(self, schema: str) -> int:
        """Return the size of a room's tables, with their indexes."""
        return int(
            self._one(
                "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c "
                "JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE n.nspname = %s AND relkind = 'r'",
                schema,
            )
        )

    def cpu_seconds(self) -> float:
        """Return the processor time of the server's processes, those that ended included."""
        return cpu_seconds(self._postmaster)

    def _one(self, query: str, *values: str) -> Any:
        row = self._owner.execute(query, values).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Let go of the server."""
        self._owner.close()


def cpu_seconds(postmaster: int) -> float:
    """Return the processor time of a server's processes, those that ended included."""
    ticks = 0
    for pid, numbers in processes():
        if pid == postmaster:
            ticks += sum(int(n) for n in numbers[11:15])  # Own and ended children's.
        elif int(numbers[1]) == postmaster:
            ticks += sum(int(n) for n in numbers[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def processes() -> Iterator[tuple[int, list[str]]]:
    """Read every process's line of numbers, from its state on."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        yield int(path.parent.name), text.rpartition(")")[2].split()


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a cluster, set Django up on it and migrate it; take it down at the end."""
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
            seen = Cluster(embedded, folder)
            yield seen
            seen.close()
            connections.close_all()
        finally:
            embedded.stop()
            embedded.remove()


def commit() -> str:
    """Return the commit that is measured."""
    told = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return told.stdout.strip()


def ratio(rounds: Sequence[dict[str, Any]], over: str, under: str) -> float:
    """Return the median of the rounds' ratios of two rates."""
    return statistics.median(one[over]["per_second"] / one[under]["per_second"] for one in rounds)


def write(name: str, result: dict[str, Any]) -> None:
    """Write a benchmark's keys to benchmarks/results, and print all but the rounds."""
    target = ROOT / "benchmarks" / "results" / f"{name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "rounds"}, indent=1))
