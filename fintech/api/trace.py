"""What is noted of a request on its way through the door, for its log and its headers."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from fintech.api.authentication import Caller
from fintech.kernel import clock, tracing
from fintech.wire.events import API_VERSION

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(slots=True, kw_only=True)
class Trace:
    """One request, as far as it has come."""

    request_id: str
    at: datetime
    started: float = field(default_factory=time.perf_counter)
    caller: Caller | None = None
    values: dict[str, Any] | None = None
    body: dict[str, Any] | None = None
    error_code: str = ""
    version: str = API_VERSION  # What the caller counts on.
    headers: dict[str, str] = field(default_factory=dict)


def begin(request_id: str = "") -> Trace:
    """Follow a request from here on, under an id, and in the trace that it is served in."""
    trace = Trace(request_id=request_id or name(), at=clock.now())
    trace.headers["traceparent"] = tracing.here()
    return trace


def name() -> str:
    """Give a request an id, which stands in every line that is logged meanwhile."""
    request_id = new_id()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id, trace_id=tracing.trace_id())
    return request_id


def new_id() -> str:
    """Return an id for a request."""
    chance, letters = secrets.randbelow(62**14), []
    for _ in range(14):  # One draw of chance for all letters.
        chance, letter = divmod(chance, 62)
        letters.append(_ALPHABET[letter])
    return "req_" + "".join(letters)
