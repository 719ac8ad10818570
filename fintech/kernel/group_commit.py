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
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from fintech.kernel.errors import Throttled

_WORTH_CUTTING = 128  # A crowd; below, a second commit costs more than a second core saves.


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


@dataclass(slots=True)
class _Waiting[T, R]:
    """An item that waits for its batch, and what it will lock."""

    item: T
    claims: frozenset[Hashable]
    answer: asyncio.Future[R]


class LoopCombiner[T, R]:
    """
    The same for callers on an event loop.

    `run` works in a thread of its own, with its own connection, while the loop fills the
    next batch. The queue is bounded. A caller who is cancelled leaves his item in its batch, as a
    client who hangs up cannot know whether it was written; nobody else notices.

    One connection keeps one of the server's cores busy, and none while it waits for the disk. So
    where `claims` names what an item locks, a crowd is served in two lanes: one half makes up its
    next items while the other is at work, and no batch takes what the other lane has claimed.
    """

    def __init__(
        self,
        run: Callable[[Sequence[T]], Sequence[R | BaseException]],
        *,
        most: int = 1_000,
        bound: int = 4_000,
        claims: Callable[[T], Iterable[Hashable]] | None = None,
    ) -> None:
        """Remember what to run; `most` items go in one batch, `bound` may wait."""
        self._run = run
        self._most = most
        self._bound = bound
        self._claims = claims
        self._queue: deque[_Waiting[T, R]] = deque()
        self._claimed: set[Hashable] = set()
        self._in_flight = 0
        self._lanes = 0
        lanes = 1 if claims is None else 2
        self._threads = ThreadPoolExecutor(max_workers=lanes, thread_name_prefix="combiner")
        self._tasks: set[asyncio.Task[None]] = set()  # The loop itself holds them only weakly.

    async def submit(self, item: T) -> R:
        """
        Return the item's own result, after the batch it was in is committed.

        Raises:
            QueueFull: `bound` callers wait already; the item was not taken.
        """
        if len(self._queue) >= self._bound:
            raise QueueFull(len(self._queue))
        claims = frozenset() if self._claims is None else frozenset(self._claims(item))
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        asked = _Waiting(item, claims, answer)
        self._queue.append(asked)
        if self._lanes == 0 or (
            self._lanes == 1 and self._is_crowd() and self._claimed.isdisjoint(claims)
        ):
            self._lanes += 1
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    def _is_crowd(self) -> bool:
        here = len(self._queue) + self._in_flight
        return self._claims is not None and here >= _WORTH_CUTTING

    async def _work(self) -> None:
        """Serve one batch after the other until there is none that this lane may take."""
        try:
            while batch := self._taken():
                await self._serve(batch)
                if self._lanes > 1:
                    await asyncio.sleep(0)  # Who was just served asks again, and is in the next.
        finally:
            self._lanes -= 1

    def _taken(self) -> list[_Waiting[T, R]]:
        """Take the next batch: who came first goes first among those who claim the same."""
        size = len(self._queue)
        if self._is_crowd():
            size = (size + self._in_flight + 1) // 2
        batch: list[_Waiting[T, R]] = []
        left: list[_Waiting[T, R]] = []
        held = set(self._claimed)
        while self._queue and len(batch) < self._most:
            if len(batch) == size and self._leaves_a_lane(batch):
                break
            one = self._queue.popleft()
            if held.isdisjoint(one.claims):
                batch.append(one)
            else:
                left.append(one)
                held |= one.claims
        self._queue.extendleft(reversed(left))
        return batch

    def _leaves_a_lane(self, batch: list[_Waiting[T, R]]) -> bool:
        """Whether whoever still waits is at work already, or can be beside this batch."""
        if self._in_flight:
            return True
        claimed = set[Hashable]().union(*(one.claims for one in batch))
        free = sum(claimed.isdisjoint(one.claims) for one in self._queue)
        return free >= _WORTH_CUTTING // 4

    async def _serve(self, batch: Sequence[_Waiting[T, R]]) -> None:
        """Run one batch in a thread and answer its callers."""
        claimed = frozenset().union(*(one.claims for one in batch))
        self._claimed |= claimed
        self._in_flight += len(batch)
        try:
            results = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._run, [one.item for one in batch]
            )
        except Exception as error:  # noqa: BLE001 - it is raised in each caller.
            results = [error] * len(batch)
        finally:
            self._claimed -= claimed
            self._in_flight -= len(batch)
        for one, result in zip(batch, results, strict=True):
            if one.answer.done():  # Its caller was cancelled.
                continue
            if isinstance(result, BaseException):
                one.answer.set_exception(result)
            else:
                one.answer.set_result(result)
