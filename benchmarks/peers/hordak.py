"""
django-hordak as a peer: set up as its documentation shows, in an environment of its own.

`Hordak` makes the virtual environment once (`.run/peers/hordak`; it needs a package
index), a database of its own on the server that is measured, and 200 accounts. Its
clients are processes that stay connected between rounds: `measure` lets them all
transfer for so many seconds and says how many transfers they committed.

    with Hordak(owner_url) as hordak:
        hordak.measure(seconds=3)["per_second"]
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.peers.peer import Peer

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / ".run" / "peers" / "hordak"
CLIENT = Path(__file__).with_name("hordak_client.py")
PACKAGES = ("django-hordak==2.0.0", "Django==5.2.*", "psycopg[binary]==3.*")
ACCOUNTS = 200


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


class Hordak(Peer):
    """django-hordak on one server."""

    def __init__(self, owner_url: str, *, clients: int = 4, accounts: int = ACCOUNTS) -> None:
        """
        Say on which server, as a role that may create a database.

        Raises:
            PeerMissing: its packages could not be had.
        """
        super().__init__(
            owner_url,
            name="hordak",
            interpreter=python(),
            client=CLIENT,
            clients=clients,
            accounts=accounts,
        )

    def total(self) -> dict[str, Any]:
        """Return how many transfers and legs there are, and that they sum to zero."""
        with psycopg.connect(self.url, autocommit=True) as owner:
            row = owner.execute(
                "SELECT count(DISTINCT transaction_id), count(*), "
                "coalesce(sum(debit), 0) - coalesce(sum(credit), 0) FROM hordak_leg"
            ).fetchone() or (0, 0, 0)
        return {"transfers": row[0], "legs": row[1], "sum": str(row[2])}
