"""
A merchant's events, forwarded to an address of the developer's own machine.

For developers without a public address: what an endpoint would get comes here, with the
same bytes and both signatures, by a secret that is shown when listening begins.
"""

import base64
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

from fintech.api import triggers
from fintech.wire import dialect, json

_PAUSE_S = 0.25
_TIMEOUT_S = 10.0
_PAGE = 100


def new_secret() -> str:
    """Return a secret in the form that endpoints have."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class Listener:
    """Follows a merchant's events from now on."""

    def __init__(self, *, key: str, url: str, secret: str) -> None:
        self._key, self._url = key, url
        self._secret = secret
        newest = self._events("/v1/events?limit=1")
        self._last: str | None = newest[0]["id"] if newest else None

    def poll(self, say: Callable[[str], object]) -> int:
        """Forward what has happened since, oldest first; return how many there were."""
        begin = f"&ending_before={self._last}" if self._last else ""
        found = self._events(f"/v1/events?limit={_PAGE}{begin}")
        for event in reversed(found):
            say(f"{event['type']} {event['id']} -> {self._forward(event)}")
            self._last = event["id"]
        return len(found)

    def follow(self, say: Callable[[str], object]) -> None:
        """Forward until somebody ends it."""
        while True:
            if not self.poll(say):
                time.sleep(_PAUSE_S)

    def _events(self, path: str) -> list[dict[str, Any]]:
        told = triggers.ask("GET", path, {}, key=self._key)
        answer = json.loads(told.content)
        if told.status != 200:  # noqa: PLR2004 - OK.
            raise triggers.Refused(answer["error"]["message"])
        listed: list[dict[str, Any]] = answer["data"]
        return listed

    def _forward(self, event: dict[str, Any]) -> str:
        body, now = json.dumps(event), datetime.now(UTC)
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event["id"],
            "webhook-timestamp": str(timestamp),
            "webhook-signature": Webhook(self._secret).sign(event["id"], now, body.decode()),
            dialect.SIGNATURE_HEADER: dialect.signature(
                body, secrets=[self._secret], timestamp=timestamp
            ),
        }
        try:
            answer = httpx.post(self._url, content=body, headers=headers, timeout=_TIMEOUT_S)
        except httpx.HTTPError as failed:
            return type(failed).__name__
        return str(answer.status_code)
