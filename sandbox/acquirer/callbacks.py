"""
Telling the platform what became of an operation, signed, and again until it listens.

Like real acquirers this one tells what was not already answered: outcomes that come
late, and, on the card made for it, the same outcome twice.
"""

import asyncio
import hashlib
import hmac
import json
import time

import httpx

from sandbox.acquirer.book import Operation

RETRY_SECONDS = (0.5, 1, 2, 5, 10, 30, 60)
_OK_BELOW = 300


class Callbacks:
    """Sends callbacks in the background; without a URL it keeps quiet."""

    def __init__(
        self, url: str, secret: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Sign with `secret` what is sent to `url`."""
        self._url, self._secret = url, secret.encode()
        self._client = httpx.AsyncClient(timeout=5, transport=transport)
        self._tasks: set[asyncio.Task[None]] = set()
        self.delivered = 0

    def tell(self, operation: Operation, *, times: int = 1, after_seconds: float = 0) -> None:
        """Tell an outcome, under one event id however often and whenever it is told."""
        if not self._url:
            return
        body = json.dumps(
            {"event_id": f"evt_{operation.id[4:]}_{operation.status}", **operation.told()}
        ).encode()
        for _ in range(times):
            task = asyncio.create_task(self._send(body, after_seconds))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop telling."""
        for task in tuple(self._tasks):
            task.cancel()
        await self._client.aclose()

    async def _send(self, body: bytes, after_seconds: float) -> None:
        for wait in (after_seconds, *RETRY_SECONDS):
            await asyncio.sleep(wait)
            try:
                answer = await self._client.post(self._url, content=body, headers=self.sign(body))
            except httpx.HTTPError:
                continue
            if answer.status_code < _OK_BELOW:
                self.delivered += 1
                return

    def sign(self, body: bytes) -> dict[str, str]:
        """Sign a body as of now."""
        stamp = str(int(time.time()))
        digest = hmac.new(self._secret, stamp.encode() + b"." + body, hashlib.sha256)
        return {
            "Content-Type": "application/json",
            "X-Timestamp": stamp,
            "X-Signature": digest.hexdigest(),
        }
