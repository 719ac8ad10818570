"""
django-hordak as a peer: set up as its documentation shows, in an environment of its own.

`Hordak` makes the virtual environment once (`.run/peers/hordak`; it needs a package
index), a database of its own on the server that is measured, and 200 accounts. Its
clients are processes that stay connected between rounds: `measure` lets them all
transfer for so many seconds and says how many transfers they committed.

    with Hordak(owner_url) as hordak:
        hordak.measure(seconds=3)["per_second"]
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / ".run" / "peers" / "hordak"
CLIENT = Path(__file__).with_name("hordak_client.py")
PACKAGES = ("django-hordak==2.0.0", "Django==5.2.*", "psycopg[binary]==3.*")
ACCOUNTS = 200
DATABASE = "bench_hordak"


class PeerMissing(Exception):
    """The peer could not be installed; the message is what pip said."""


def python() -> Path:
    """
    Return the peer's own Python, made and filled the first time.

    Raises:
        PeerMissing: its packages could not be had.
    """
    found, done = FOLDER / "bin" / "python", FOLDER / "complete"
    if not done.exists() or done.read_text() != "\n".join(PACKAGES):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
        told = subprocess.run(
            [str(found), "-m", "pip", "install", "--quiet", *PACKAGES],
            capture_output=True,
            text=True,
            check=False,
        )
        if told.returncode:
            raise PeerMissing(told.stderr[-500:])
        done.write_text("\n".join(PACKAGES))
    return found


class Hordak:
    """The peer on one server: its database, and clients that wait for orders."""

    def __init__(self, owner_url: str, *, clients: int = 4, accounts: int = ACCOUNTS) -> None:
        """Say on which server, as a role that may create a database."""
        self._owner_url, self._clients, self._accounts = owner_url, clients, accounts
        self._url = re.sub(r"@([^/]*)/\w+", rf"@\1/{DATABASE}", owner_url)
        self._running: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        """
        Migrate, open the accounts, start the clients.

        Raises:
            PeerMissing: its packages could not be had.
        """
        interpreter = python()
        with psycopg.connect(self._owner_url, autocommit=True) as owner:
            owner.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
            owner.execute(f"CREATE DATABASE {DATABASE}")
        clean = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DJANGO_SETTINGS_MODULE", "PYTHONPATH"}
        }
        environment = {**clean, "HORDAK_URL": self._url}

        def command(*words: str) -> list[str]:
            return [str(interpreter), "-P", str(CLIENT), *words]  # `hordak` is not this folder's.

        subprocess.run(
            command("prepare", str(self._accounts)),
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for number in range(self._clients):
            self._running.append(
                subprocess.Popen(
                    command("serve", str(number)),
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        for client in self._running:
            _said(client)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self._running:
            client.communicate()
        self._running.clear()

    def measure(self, *, seconds: float) -> dict[str, Any]:
        """Let all clients transfer, each in a commit of its own; return their rate."""
        began = time.perf_counter()
        for client in self._running:
            assert client.stdin is not None  # noqa: S101 - it was opened as a pipe.
            client.stdin.write(f"{seconds}\n")
            client.stdin.flush()
        transfers = sum(int(_said(client)) for client in self._running)
        taken = time.perf_counter() - began
        return {"per_second": round(transfers / taken, 1), "transfers": transfers}

    def total(self) -> dict[str, Any]:
        """Return how many transfers and legs there are, and that they sum to zero."""
        with psycopg.connect(self._url, autocommit=True) as owner:
            row = owner.execute(
                "SELECT count(DISTINCT transaction_id), count(*), "
                "coalesce(sum(debit), 0) - coalesce(sum(credit), 0) FROM hordak_leg"
            ).fetchone() or (0, 0, 0)
        return {"transfers": row[0], "legs": row[1], "sum": str(row[2])}


def _said(client: subprocess.Popen[str]) -> str:
    assert client.stdout is not None  # noqa: S101 - it was opened as a pipe.
    line = client.stdout.readline().strip()
    if not line:
        raise RuntimeError("a client of django-hordak ended; its error stands above")
    return line
