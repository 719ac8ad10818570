"""
A peer on the server that is measured: a database of its own, clients that wait for orders.

A client is a script that knows nothing of this project. `prepare N` makes its tables and N
accounts; `serve SEED` answers each line on its standard input, a number of seconds, with
how many transfers it committed in them.
"""

import os
import re
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg


class Peer:
    """One peer; its clients stay connected between rounds."""

    def __init__(
        self,
        owner_url: str,
        *,
        name: str,
        interpreter: Path,
        client: Path,
        clients: int,
        accounts: int,
    ) -> None:
        """Say on which server, as a role that may create a database."""
        self._owner_url, self._database = owner_url, f"bench_{name}"
        self._command = [str(interpreter), "-P", str(client)]  # `import hordak` is not our file.
        self._clients, self._accounts = clients, accounts
        self.url = re.sub(r"@([^/]*)/\w+", rf"@\1/{self._database}", owner_url)
        self._running: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        """Make the tables, open the accounts, start the clients."""
        with psycopg.connect(self._owner_url, autocommit=True) as owner:
            owner.execute(f"DROP DATABASE IF EXISTS {self._database}")
            owner.execute(f"CREATE DATABASE {self._database}")
        clean = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DJANGO_SETTINGS_MODULE", "PYTHONPATH"}
        }
        environment = {**clean, "PEER_URL": self.url}
        subprocess.run(
            [*self._command, "prepare", str(self._accounts)],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for number in range(self._clients):
            self._running.append(
                subprocess.Popen(
                    [*self._command, "serve", str(number)],
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


def _said(client: subprocess.Popen[str]) -> str:
    assert client.stdout is not None  # noqa: S101 - it was opened as a pipe.
    line = client.stdout.readline().strip()
    if not line:
        raise RuntimeError("a peer's client ended; its error stands above")
    return line
