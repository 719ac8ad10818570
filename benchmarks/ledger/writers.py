"""
Those who post: one writer of batches, sixteen clients of one transfer a commit, a combiner.

Client processes wait between rounds with their connections open.
"""

import asyncio
import multiprocessing
import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import uvloop

from benchmarks.ledger.workload import BATCH, BY, CALLERS, SECONDS, transfer, transfers, write


def batches() -> dict[str, Any]:
    """
    Post a thousand at a time on one connection; each batch is a commit.

    The next batch is made and encoded while the server is at work, so that neither waits
    for the other longer than it must.
    """
    from fintech.kernel import columns
    from fintech.ledger import posting

    def made() -> list[Any]:
        return posting.arguments(transfers(BATCH), whole=True, by=[BY])

    posted = 0
    began = time.perf_counter()
    with ThreadPoolExecutor(1) as maker, columns.cursor() as cursor:
        coming = maker.submit(made)
        while time.perf_counter() - began < SECONDS:
            batch, coming = coming.result(), maker.submit(made)
            cursor.execute(posting.CALL, batch)
            (codes,) = cursor.fetchone()
            if any(codes):
                raise RuntimeError(f"refused: {codes[:5]}")
            posted += BATCH
        took = time.perf_counter() - began
    return {"per_second": round(posted / took, 1), "transfers": posted}


def combined(hot: UUID | None = None) -> dict[str, Any]:
    """Post one at a time for many callers on an event loop, through the combiner."""
    from fintech.kernel.group_commit import LoopCombiner
    from fintech.ledger import services as ledger
    from fintech.ledger.data import JournalEntry, Outcome

    sizes: list[int] = []
    posted, refused = 0, 0

    def run(entries: Sequence[JournalEntry]) -> Sequence[Outcome]:
        sizes.append(len(entries))
        return ledger.try_post(entries, by=BY)

    def claims(entry: JournalEntry) -> Iterable[int]:
        return ledger.claims(entry, (line.account.digest for line in entry.lines))

    async def caller(combiner: LoopCombiner[JournalEntry, Outcome], until: float) -> None:
        nonlocal posted, refused
        while time.perf_counter() < until:
            outcome = await combiner.submit(transfer(hot))
            if outcome.code == 0:
                posted += 1
            else:
                refused += 1

    async def crowd() -> None:
        combiner: LoopCombiner[JournalEntry, Outcome] = LoopCombiner(run, claims=claims)
        until = time.perf_counter() + SECONDS
        await asyncio.gather(*(caller(combiner, until) for _ in range(CALLERS)))

    began = time.perf_counter()
    uvloop.run(crowd())  # As in a web worker.
    return {
        "per_second": round(posted / (time.perf_counter() - began), 1),
        "median_batch": statistics.median(sizes),
        "refused": refused,
    }


def one_by_one(_number: int) -> Callable[[], int]:
    """Return what posts one transfer a commit: a call of the function, no more."""
    import psycopg
    from django.conf import settings

    from fintech.kernel.columns import Prepared
    from fintech.kernel.schema import SEARCH_PATH
    from fintech.ledger import posting

    line = psycopg.connect(settings.DATABASE_URL, autocommit=True)
    cursor: Any = Prepared(line)
    line.execute(f"SET search_path = {SEARCH_PATH}")

    def one() -> None:
        cursor.execute(posting.CALL, posting.arguments([transfer()], whole=True, by=[BY]))
        if cursor.fetchone() != ([0],):
            raise RuntimeError("a transfer was refused")

    def post() -> int:
        done, until = 0, time.perf_counter() + SECONDS
        while time.perf_counter() < until:
            one()
            done += 1
        return done

    for _ in range(10):  # Plans are made by the first few.
        one()
    return post


def of_shard(number: int) -> Callable[[], int]:
    """Return what posts batches on a shard, making each when the last is answered."""

    def post() -> int:
        done, until = 0, time.perf_counter() + SECONDS
        while time.perf_counter() < until:
            write(transfers(BATCH), shard=number)
            done += BATCH
        return done

    return post


def _serve(orders: Connection, number: int, prepare: Callable[[int], Callable[[], int]]) -> None:
    import django

    django.setup()
    random.seed(number)
    work = prepare(number)
    orders.send(0)
    while orders.recv():
        orders.send(work())


class Processes:
    """Client processes, each doing the same work when told."""

    def __init__(self, count: int, prepare: Callable[[int], Callable[[], int]]) -> None:
        """Start them and wait until all are connected."""
        context = multiprocessing.get_context("spawn")
        self.lines: list[Connection] = []
        self.processes = []
        for number in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, number, prepare), daemon=True)
            process.start()
            self.lines.append(ours)
            self.processes.append(process)
        for line in self.lines:
            line.recv()

    def measure(self) -> dict[str, Any]:
        """Let all work for one round."""
        began = time.perf_counter()
        for line in self.lines:
            line.send(True)
        posted = sum(line.recv() for line in self.lines)
        return {"per_second": round(posted / (time.perf_counter() - began), 1)}

    def stop(self) -> None:
        """Send them home."""
        for line in self.lines:
            line.send(False)
        for process in self.processes:
            process.join()
