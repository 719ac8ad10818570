"""
A combiner: many callers, one commit, and each gets his own answer.

There is no timer. Whatever queued up while the last batch was at work is the next
batch, so a lone caller waits for nobody and a crowd shares its round trips; who has just
been served and is about to ask again is let into the queue first. The first
caller who finds nobody at work works for all; the others sleep until they are served.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from fintech.kernel.errors import Throttled


@dataclass(slots=True)
class _Place[T, R]:
    """A caller's place in the queue; `leads` once it is his turn to work for all."""

    item: T
    woken: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    result: R | BaseException | None = None


class Combiner[T, R]:
    """
    Hands what its callers submit to `run` in batches, one batch at a time.

    `run` returns one result per item, in order; an exception in an item's place is raised
    in that item's caller, and an exception that `run` itself raises in every caller of
    the batch. It runs in the callers' own threads, so their connections are used.
    """

    def __init__(
        self, run: Callable[[Sequence[T]], Sequence[R | BaseException]], *, most: int = 256
    ) -> None:
        """Remember what to run; at most `most` items go in one batch."""
        self._run = run
        self._most = most
        self._lock = threading.Lock()
        self._queue: deque[_Place[T, R]] = deque()
        self._working = False

    def submit(self, item: T) -> R:
        """Return the item's own result, after the batch it was in is committed."""
        place: _Place[T, R] = _Place(item)
        with self._lock:
            self._queue.append(place)
            if not self._working:
                self._working = place.leads = True
        if not place.leads:
            place.woken.wait()
        if place.leads:
            self._lead()
        if isinstance(place.result, BaseException):
            raise place.result
        return place.result  # type: ignore[return-value]  # It is set before `woken` is.

    def _lead(self) -> None:
        """
        Run one batch, one's own item in it, then let the next in line lead.

        Whoever leads is at the head of the queue: the last leader left him there. Threads
        that are ready to run line up first: else he who was woken first would go alone, and
        all others wait for a commit of one.
        """
        lined_up = 0
        while lined_up < min(len(self._queue), self._most):
            lined_up = len(self._queue)
            time.sleep(0)
        with self._lock:
            batch = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
        try:
            results = self._run([place.item for place in batch])
        except BaseException as error:  # noqa: BLE001 - it is raised in each caller.
            results = [error] * len(batch)
        with self._lock:
            following = self._queue[0] if self._queue else None
            if following is None:
                self._working = False
            else:
                following.leads = True
        for place, result in zip(batch, results, strict=True):
            place.result = result
            place.woken.set()
        if following is not None:
            following.woken.set()


class QueueFull(Throttled):
    """Too many are waiting for the same writer; nothing was done."""

    def __init__(self, waiting: int) -> None:
        super().__init__("Too many requests are waiting; try again shortly.", waiting=waiting)


class LoopCombiner[T, R]:
    """
    The same for callers on an event loop.

    `run` works in a thread of its own, with its own connection, while the loop fills the
    next batch. The queue is bounded. A caller who is cancelled leaves his item in its batch, as a
    client who hangs up cannot know whether it was written; nobody else notices.
    """

    def __init__(
        self,
        run: Callable[[Sequence[T]], Sequence[R | BaseException]],
        *,
        most: int = 1_000,
        bound: int = 4_000,
    ) -> None:
        """Remember what to run; `most` items go in one batch, `bound` may wait."""
        self._run = run
        self._most = most
        self._bound = bound
        self._queue: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="combiner")
        self._worker: asyncio.Task[None] | None = None

    async def submit(self, item: T) -> R:
        """
        Return the item's own result, after the batch it was in is committed.

        Raises:
            QueueFull: `bound` callers wait already; the item was not taken.
        """
        if len(self._queue) >= self._bound:
            raise QueueFull(len(self._queue))
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
                try:
                    results = await loop.run_in_executor(
                        self._thread, self._run, [item for item, _ in batch]
                    )
                except Exception as error:  # noqa: BLE001 - it is raised in each caller.
                    results = [error] * len(batch)
                for (_, future), result in zip(batch, results, strict=True):
                    if future.done():  # Its caller was cancelled.
                        continue
                    if isinstance(result, BaseException):
                        future.set_exception(result)
                    else:
                        future.set_result(result)
        finally:
            self._worker = None
