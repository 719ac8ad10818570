"""
A gunicorn worker whose connections are shared fairly: `-k config.web_worker.Worker`.

Whichever loop wakes first takes all connections that wait on the listening socket, and
serves them for as long as they are kept alive, while other workers idle. Here a worker
takes one connection at a time, and where another has fewer it lets that one go first, for
two milliseconds. Nothing else of uvicorn is changed.
"""

import asyncio
import errno
import logging
import mmap
import os
import socket
import sys
from typing import Any, cast

from uvicorn import Server
from uvicorn_worker import UvicornWorker

# Nothing is left to take a connection with; the rest waits in the kernel's queue.
_NO_MORE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_AGAIN_AFTER_S, _AFTER_YOU_S = 1.0, 0.002
_BOOT_ERROR = 3  # What gunicorn's arbiter understands as such.
_log = logging.getLogger(__name__)

# A process and its connections, for each worker; made before workers are forked off.
_MOST_WORKERS = 256
_shared = memoryview(mmap.mmap(-1, _MOST_WORKERS * 8)).cast("i")


class Worker(UvicornWorker):
    """Uvicorn's worker for gunicorn, with doors that take turns."""

    age: int  # Of this worker among all of its master's.

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = _Server(self.config, _Share(self.age % _MOST_WORKERS))
        self._install_sigquit_handler()
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(_BOOT_ERROR)


class _Share:
    """How many connections this worker has, as it tells the others."""

    def __init__(self, number: int) -> None:
        self._at = number * 2
        _shared[self._at + 1] = 0
        _shared[self._at] = os.getpid()

    def tell(self, connections: int) -> None:
        _shared[self._at + 1] = connections

    def is_above_another(self) -> bool:
        own = _shared[self._at + 1]
        return any(
            _shared[at + 1] < own and _is_alive(_shared[at])
            for at in range(0, _MOST_WORKERS * 2, 2)
            if at != self._at and _shared[at]
        )


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True


class _Server(Server):
    def __init__(self, config: Any, share: _Share) -> None:
        super().__init__(config)
        self.share = share

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        if not self.should_exit:
            doors = [_Door(self, sock) for sock in sockets or []]
            self.servers = cast("list[asyncio.base_events.Server]", doors)

    async def on_tick(self, counter: int) -> bool:
        self.share.tell(len(self.server_state.connections))
        return await super().on_tick(counter)


class _Door:
    """One listening socket; what uvicorn asks of a server is to close."""

    def __init__(self, server: _Server, sock: socket.socket) -> None:
        self._server, self._sock = server, sock
        self._loop = asyncio.get_running_loop()
        self._begun: set[asyncio.Task[None]] = set()
        self._closed = False
        self._open()

    def close(self) -> None:
        self._closed = True
        self._loop.remove_reader(self._sock)

    async def wait_closed(self) -> None:
        await asyncio.gather(*self._begun)

    def _open(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._sock, self._see)

    def _see(self) -> None:
        """See that somebody waits; mostly it is our turn, and at the latest it is soon."""
        if self._server.share.is_above_another():
            self._loop.remove_reader(self._sock)
            self._loop.call_later(_AFTER_YOU_S, self._take_now)
        else:
            self._take()

    def _take_now(self) -> None:
        if not self._closed and self._take():
            self._open()

    def _take(self) -> bool:
        try:
            connection, _ = self._sock.accept()
        except OSError as error:
            if error.errno not in _NO_MORE:
                return True  # Another worker had it, or it has left.
            _log.error("no connection can be taken for a while: %s", error)
            self._loop.remove_reader(self._sock)
            self._loop.call_later(_AGAIN_AFTER_S, self._open)
            return False
        connection.setblocking(False)
        task = self._loop.create_task(self._serve(connection))
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        self._server.share.tell(len(self._server.server_state.connections) + len(self._begun))
        return True

    async def _serve(self, connection: socket.socket) -> None:
        config, of = self._server.config, self._server
        try:
            await self._loop.connect_accepted_socket(
                lambda: config.http_protocol_class(  # type: ignore[call-arg]
                    config=config, server_state=of.server_state, app_state=of.lifespan.state
                ),
                connection,
                ssl=config.ssl,
            )
        except OSError:  # It left before it was served.
            connection.close()
