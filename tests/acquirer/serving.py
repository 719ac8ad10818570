"""A Starlette application behind a real port, for as long as a test needs it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from starlette.applications import Starlette


@contextmanager
def served(app: Starlette, *, headers: dict[str, str] | None = None) -> Iterator[httpx.Client]:
    """Serve an application in a thread, and give a client of it."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", access_log=False, lifespan="on", loop="asyncio")
    )

    def run() -> None:
        with asyncio.Runner() as runner:
            runner.run(server.serve(sockets=[listening]))

    thread = threading.Thread(target=run)
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=10, verify=False) as client:  # noqa: S501 -- plain http.
            client.get("/health").raise_for_status()
            yield client
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
