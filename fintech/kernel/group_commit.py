"""
A combiner: many callers, one commit, and each gets his own answer.

There is no timer. Whatever queued up while the last batch was at work is the next
batch, so a lone caller waits for nobody and a crowd shares its round trips. The first
caller who finds nobody at work works for all; the others sleep until they are served.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


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

        Whoever leads is at the head of the queue: the last leader left him there.
        """
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
