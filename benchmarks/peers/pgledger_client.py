"""
A client of pgledger, whose SQL file the environment names as `PGLEDGER_SQL`.

Calls what its README shows: `pgledger_create_account` and `pgledger_create_transfer`.
"""

import os
import random
import sys
import time
from pathlib import Path

import psycopg


def prepare(accounts: int) -> None:
    """Load the file and open accounts."""
    with psycopg.connect(os.environ["PEER_URL"], autocommit=True) as line:
        line.execute(Path(os.environ["PGLEDGER_SQL"]).read_bytes())
        line.execute(
            "SELECT pgledger_create_account('wallet ' || n, 'EUR') FROM generate_series(1, %s) n",
            [accounts],
        )


def serve(seed: int) -> None:
    """Transfer between two accounts at random, as often as time allows."""
    random.seed(seed)
    with psycopg.connect(os.environ["PEER_URL"], autocommit=True) as line:
        line.prepare_threshold = 0
        known = [row[0] for row in line.execute("SELECT id FROM pgledger_accounts_view")]

        def transfer() -> None:
            line.execute(
                "SELECT pgledger_create_transfer(%s, %s, 1.00)", random.sample(known, 2)
            ).fetchone()

        transfer()
        print("ready", flush=True)
        for order in sys.stdin:
            done, until = 0, time.perf_counter() + float(order)
            while time.perf_counter() < until:
                transfer()
                done += 1
            print(done, flush=True)


if __name__ == "__main__":
    {"prepare": prepare, "serve": serve}[sys.argv[1]](int(sys.argv[2]))
