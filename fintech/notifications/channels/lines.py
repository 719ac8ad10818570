"""
Lines to receivers: kept open between messages, and only ever to addresses that were checked.

A line belongs to a scheme, name and port. Its name was resolved when it was opened, every
address it had was checked, and it leads to one of those; a name that changes its mind
later gains nothing. A line is used by one message at a time, and is kept only if the
whole answer was read. All lines of a process live on one loop, in a thread of its own.
"""

import asyncio
import os
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Coroutine, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import httpcore

from fintech.notifications.channels import targets
from fintech.notifications.channels.targets import Target

_KEPT_S = 15.0  # A quiet line is closed: most receivers do so after a minute or less.
_THREADS = 64
_KEPT_MOST = 256  # Quiet lines of a process; the longest quiet goes first.

type _Place = tuple[bool, str, str, int]


class Checked(httpcore.AsyncNetworkBackend):
    """Opens connections to what a name means now, if every address it has is allowed."""

    def __init__(self, *, loopback_allowed: bool) -> None:
        """Say whether this machine itself may be connected to."""
        self._loopback_allowed = loopback_allowed
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the protocol's own word.
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """
        Connect to an address of a name.

        Raises:
            TargetRefused: one of its addresses, or the one that answered, is not allowed.
            NameNotResolved: it has none now.
        """
        address = await targets.resolve(host, port, loopback_allowed=self._loopback_allowed)
        stream = await self._plain.connect_tcp(
            str(address),
            port,
            timeout=timeout,
            local_address=local_address,
            socket_options=socket_options,
        )
        peer = stream.get_extra_info("server_addr")
        try:
            targets.check_peer(str(peer[0]), loopback_allowed=self._loopback_allowed)
        except targets.TargetRefused:
            await stream.aclose()
            raise
        return stream


class Lines:
    """The quiet lines of a process, by where they lead."""

    def __init__(self) -> None:
        """Begin with none."""
        self._quiet: OrderedDict[httpcore.AsyncHTTPConnection, tuple[_Place, float]] = OrderedDict()
        self._by_place: dict[_Place, list[httpcore.AsyncHTTPConnection]] = {}

    @asynccontextmanager
    async def ask(
        self, target: Target, request: httpcore.Request, *, loopback_allowed: bool
    ) -> AsyncIterator[httpcore.Response]:
        """Send a request on a quiet line or a new one, and give the line back afterwards."""
        place = (loopback_allowed, target.scheme, target.host, target.port)
        line = await self._taken(place) or httpcore.AsyncHTTPConnection(
            request.url.origin,
            ssl_context=_certificates() if target.scheme == "https" else None,
            keepalive_expiry=_KEPT_S,
            network_backend=Checked(loopback_allowed=loopback_allowed),
        )
        try:
            response = await line.handle_async_request(request)
            yield response
            await response.aclose()
        finally:
            await self._given_back(place, line)

    async def _taken(self, place: _Place) -> httpcore.AsyncHTTPConnection | None:
        waiting = self._by_place.get(place)
        while waiting:
            line = waiting.pop()  # The last one used: the others may fall quiet for good.
            _, since = self._quiet.pop(line)
            if not line.has_expired() and time.monotonic() - since < _KEPT_S:
                return line
            await line.aclose()
        self._by_place.pop(place, None)
        return None

    async def _given_back(self, place: _Place, line: httpcore.AsyncHTTPConnection) -> None:
        if not line.is_idle() or line.is_closed():
            await line.aclose()
            return
        now = time.monotonic()
        self._quiet[line] = (place, now)
        self._by_place.setdefault(place, []).append(line)
        while self._quiet:
            oldest, (of, since) = next(iter(self._quiet.items()))
            if len(self._quiet) <= _KEPT_MOST and now - since < _KEPT_S:
                return
            del self._quiet[oldest]
            self._by_place[of].remove(oldest)
            if not self._by_place[of]:
                del self._by_place[of]
            await oldest.aclose()


class Sender:
    """One loop per process, on which all messages are sent."""

    def __init__(self) -> None:
        """Start the loop in a thread of its own."""
        self.pid = os.getpid()
        self.lines = Lines()
        self._loop = asyncio.new_event_loop()
        # Names are looked up and mails are handed over in threads: one that hangs is not all.
        self._loop.set_default_executor(ThreadPoolExecutor(_THREADS, "deliveries"))
        threading.Thread(target=self._loop.run_forever, name="deliveries", daemon=True).start()

    def submit[T](self, sending: Coroutine[Any, Any, T]) -> Future[T]:
        """Have something done on the loop."""
        return asyncio.run_coroutine_threadsafe(sending, self._loop)


_lock = threading.Lock()
_senders: list[Sender] = []


def sender() -> Sender:
    """Return this process's sender; a fork begins with one of its own."""
    with _lock:
        if not _senders or _senders[0].pid != os.getpid():
            _senders[:] = [Sender()]
        return _senders[0]


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()
