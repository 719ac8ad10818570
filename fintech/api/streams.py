"""
Streams of server-sent events: what is in a wallet, told as it changes.

A stream passes the same steps as every request (see `front`), then stays open on the
event loop; no thread waits for it. One reader per process asks for all watched wallets
at once, a few times a second, in one query. An event is everything that is in the
wallet, so who missed some has missed nothing: its id says how many lines each account
has, and a client that comes back with it (`Last-Event-ID`) is told at once if that is
no longer so.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

from django.db import close_old_connections, connections

from fintech.api import authentication, errors, front, throttling
from fintech.api.operations import Answer, Call, Operation
from fintech.api.trace import Trace, begin
from fintech.kernel import ids, tracing
from fintech.wallets import queries
from fintech.wallets.data import Balances, Wallet
from fintech.wire import json
from fintech.wire import wallets as wire

PATH = r"/v1/wallets/(?P<id>[^/]+)/balances/stream"
_EVERY = 0.25  # Seconds between two looks at all watched wallets.
_BEAT = 15.0  # Seconds after which a quiet stream says that it lives.
_LASTS = 3600.0  # Seconds; then the client comes back by itself.
_MOST = 200  # Streams of one process.
_RETRY_MS = 2000


@dataclass(frozen=True, slots=True)
class Seen:
    """What is in a wallet at one moment, and the id of an event that tells it."""

    wallet: Wallet
    balances: Sequence[Balances]

    @property
    def id(self) -> str:
        """Say how many lines each currency's account has, and the wallet's version."""
        lines = (f"{part.currency}.{part.sequence}" for part in self.balances)
        return "-".join((f"v{self.wallet.version}", *lines))

    def event(self) -> bytes:
        """Return the event's bytes."""
        content = json.dumps(wire.render_balances(self.wallet, self.balances)).decode()
        return f"id: {self.id}\nevent: wallet.balances\ndata: {content}\n\n".encode()


@dataclass(slots=True)
class Hub:
    """Who watches which wallet, and the one reader that looks for all of them."""

    read: Callable[[Sequence[UUID]], Mapping[UUID, Seen]]
    every: float = _EVERY
    watchers: dict[UUID, set["asyncio.Queue[Seen]"]] = field(
        default_factory=lambda: defaultdict(set)
    )
    _task: "asyncio.Task[None] | None" = None

    @property
    def size(self) -> int:
        """Return how many streams are open."""
        return sum(len(queues) for queues in self.watchers.values())

    def join(self, wallet_id: UUID) -> "asyncio.Queue[Seen]":
        """Begin to watch a wallet."""
        queue: asyncio.Queue[Seen] = asyncio.Queue(maxsize=1)
        self.watchers[wallet_id].add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look())
        return queue

    def leave(self, wallet_id: UUID, queue: "asyncio.Queue[Seen]") -> None:
        """Watch it no longer."""
        self.watchers[wallet_id].discard(queue)
        if not self.watchers[wallet_id]:
            del self.watchers[wallet_id]

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        known: dict[UUID, str] = {}
        while self.watchers:
            watched = list(self.watchers)
            found = await loop.run_in_executor(_reader, self.read, watched)
            for wallet_id, seen in found.items():
                if known.get(wallet_id) != seen.id:
                    known[wallet_id] = seen.id
                    for queue in self.watchers.get(wallet_id, ()):
                        _replace(queue, seen)
            await asyncio.sleep(self.every)


def _replace(queue: "asyncio.Queue[Seen]", seen: Seen) -> None:
    """Leave the newest for who reads slowly: what is in a wallet now is all that matters."""
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(seen)


_reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="streams")


def _read(wallet_ids: Sequence[UUID]) -> Mapping[UUID, Seen]:
    try:
        return {
            wallet.id: Seen(wallet, balances)
            for wallet, balances in queries.balances_of(wallet_ids)
        }
    finally:
        connections["default"].close_if_unusable_or_obsolete()


HUB = Hub(_read)


def _not_a_single_answer(_call: Call) -> Answer:
    raise errors.UnsupportedEndpoint


_OPERATION = Operation(
    name="wallets.stream_balances",
    method="GET",
    path="/v1/wallets/{id}/balances/stream",
    scope="wallets:read",
    noun="wallet",
    returns="wallet_balances",
    summary="Follow what is in a wallet.",
    run=_not_a_single_answer,
)


HEAD = front.Told(
    status=200,
    content=b"",
    headers={
        "Content-Type": "text/event-stream",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
    },
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A stream that may begin: what its client has seen, and what is in the wallet now."""

    first: Seen
    last_id: str


def admit(asked: front.Asked, public_id: str) -> Opened | front.Told:
    """Do the steps of every door; return the refusal's answer, or what the stream begins with."""
    close_old_connections()
    with tracing.serving("GET stream", asked.headers.get("traceparent", "")):
        trace = begin()
        try:
            opened = _admitted(asked, public_id, trace)
        except Exception as error:  # noqa: BLE001 - every error has one envelope.
            return front.finished(asked, front.refused(error, trace), trace)
        front.finished(asked, front.Told(status=200, content=b""), trace)
        return opened


def _admitted(asked: front.Asked, public_id: str, trace: Trace) -> Opened:
    trace.caller = authentication.identify(asked.headers, at=trace.at)
    authentication.require(trace.caller, _OPERATION.scope)
    trace.headers.update(throttling.admit(trace.caller, _OPERATION))
    if HUB.size >= _MOST:
        raise errors.ConcurrencyLimited
    try:
        wallet_id = ids.parse("wal", public_id)
    except ids.NotAnId:
        raise errors.ResourceMissing(_OPERATION.noun) from None
    wallet = queries.wallet(wallet_id, trace.caller.merchant_id)
    first = Seen(wallet, queries.balances(wallet_id))
    return Opened(first, asked.headers.get("Last-Event-ID", ""))


async def events(opened: Opened, *, hub: Hub = HUB, lasts: float = _LASTS) -> AsyncIterator[bytes]:
    """
    Yield a stream's bytes, until its time is up.

    The first event tells what is in the wallet, unless the client has seen just that.
    """
    yield f"retry: {_RETRY_MS}\n\n".encode()
    wallet_id, told = opened.first.wallet.id, opened.last_id
    if told != opened.first.id:
        told = opened.first.id
        yield opened.first.event()
    loop = asyncio.get_running_loop()
    until = loop.time() + lasts
    queue = hub.join(wallet_id)
    try:
        while (left := until - loop.time()) > 0:
            try:
                seen = await asyncio.wait_for(queue.get(), timeout=min(_BEAT, left))
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if seen.id != told:
                told = seen.id
                yield seen.event()
    finally:
        hub.leave(wallet_id, queue)
