"""
A webhook: one signed POST, ten seconds in all, no redirects.

Every delivery is signed twice with one secret: by the header that foreign clients
verify and by the Standard Webhooks headers. The instant is taken again for each
attempt, and the bytes that are signed are the bytes that are sent.
"""

import asyncio
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpcore
from django.conf import settings
from standardwebhooks import Webhook as Signer

from fintech.kernel import tracing
from fintech.notifications.channels import lines, targets
from fintech.notifications.channels.outcome import Outcome, Verdict
from fintech.wire import dialect

_TIMEOUT_S = settings.WEBHOOK_TIMEOUT_S
_READ_AT_MOST = 16 * 1024  # Bytes of an answer that are looked at.
_KEPT = 500  # Characters of an answer that are kept.
_CONNECT_S = 5.0
_SUCCESS = range(200, 300)
_REDIRECTS = range(300, 400)
_GONE = 410
_LONGEST_WAIT = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """What is to be sent where, and the secrets that sign it: one, or two while rolling."""

    url: str
    event_id: str
    body: bytes
    secrets: Sequence[str]
    loopback_allowed: bool
    trace: str = ""  # Where the fact that it tells of was written.


def headers(webhook: Webhook, *, timestamp: int) -> dict[str, str]:
    """Return the headers of one attempt, with both signatures."""
    moment, text = datetime.fromtimestamp(timestamp, UTC), webhook.body.decode()
    codes = [Signer(secret).sign(webhook.event_id, moment, text) for secret in webhook.secrets]
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "fintech-platform-webhooks/1",
        dialect.SIGNATURE_HEADER: dialect.signature(
            webhook.body, secrets=webhook.secrets, timestamp=timestamp
        ),
        "webhook-id": webhook.event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(codes),
    }


async def send(webhook: Webhook) -> Outcome:
    """Send a webhook once and say what came of it. Never raises for what a receiver does."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            with tracing.span("webhook.send", kind="client", parent=webhook.trace):
                outcome = await _sent(webhook)
    except targets.TargetRefused as refused:
        outcome = Outcome(verdict=Verdict.GIVE_UP, code="target_refused", excerpt=str(refused))
    except targets.NameNotResolved:
        outcome = Outcome(verdict=Verdict.RETRY, code="name_not_resolved")
    except (TimeoutError, httpcore.TimeoutException):
        outcome = Outcome(verdict=Verdict.RETRY, code="timeout")
    except (httpcore.ProtocolError, httpcore.ReadError, httpcore.WriteError) as broken:
        outcome = _broken("connection_closed", broken)
    except (httpcore.NetworkError, ssl.SSLError, OSError) as broken:
        outcome = _broken("connection_failed", broken)
    return replace(outcome, duration_ms=int((time.monotonic() - began) * 1000))


async def _sent(webhook: Webhook) -> Outcome:
    target = targets.parse(webhook.url, loopback_allowed=webhook.loopback_allowed)
    told = {
        "Host": target.host_header,
        "Content-Length": str(len(webhook.body)),
        **headers(webhook, timestamp=int(time.time())),
        **tracing.onward(webhook.trace),
    }
    request = httpcore.Request(
        "POST",
        httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        ),
        headers=[(name.encode(), value.encode()) for name, value in told.items()],
        content=webhook.body,
        extensions={"timeout": {"connect": _CONNECT_S}},
    )
    asked = lines.sender().lines.ask(target, request, loopback_allowed=webhook.loopback_allowed)
    async with asked as response:
        return _judged(response, await _beginning(response))


async def _beginning(response: httpcore.Response) -> str:
    """Return the first few characters of an answer, however long it wants to be."""
    read = b""
    async for chunk in response.aiter_stream():
        read += chunk[: _READ_AT_MOST - len(read)]
        if len(read) >= _READ_AT_MOST:
            break
    return read.decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")[:_KEPT]


def _judged(response: httpcore.Response, excerpt: str) -> Outcome:
    status = response.status
    if status in _SUCCESS:
        return Outcome(verdict=Verdict.DELIVERED, code="delivered", status=status, excerpt=excerpt)
    if status == _GONE:
        return Outcome(
            verdict=Verdict.GIVE_UP, code="gone", status=status, excerpt=excerpt, is_gone=True
        )
    return Outcome(
        verdict=Verdict.RETRY,
        code="redirected" if status in _REDIRECTS else "http_error",
        status=status,
        excerpt=excerpt,
        retry_after=_wait(response),
    )


def _wait(response: httpcore.Response) -> timedelta | None:
    """Return how long a receiver asks us to wait: in seconds, or until a moment."""
    asked = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
    if asked.isdigit() and len(asked) <= len("86400"):
        return min(timedelta(seconds=int(asked)), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(asked.decode("ascii"))
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        return None  # By whose clock, it does not say.
    return max(timedelta(), min(moment - datetime.now(UTC), _LONGEST_WAIT))


def _broken(code: str, error: Exception) -> Outcome:
    return Outcome(verdict=Verdict.RETRY, code=code, excerpt=type(error).__name__)
