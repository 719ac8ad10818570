"""What is noted of a request on its way through the door, for its log and its headers."""

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from fintech.api.authentication import Caller
from fintech.kernel import clock
from fintech.wire.events import API_VERSION

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
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


def begin(request_id: str = "", *, headers: Mapping[str, str] | None = None) -> Trace:
    """Follow a request from here on, under an id, and as a part of its caller's trace."""
    trace = Trace(request_id=request_id or name(), at=clock.now())
    trace.headers["traceparent"] = _part_of((headers or {}).get("traceparent", ""))
    return trace


def _part_of(told: str) -> str:
    """Return our place in a trace (W3C Trace Context): the caller's, or one that begins here."""
    found = _TRACEPARENT.fullmatch(told)
    known = found is not None and found[1].strip("0") != "" and found[2].strip("0") != ""
    trace_id = found[1] if found is not None and known else secrets.token_hex(16)
    flags = found[3] if found is not None and known else "00"
    structlog.contextvars.bind_contextvars(trace_id=trace_id)
    return f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"


def name() -> str:
    """Give a request an id, which stands in every line that is logged meanwhile."""
    request_id = new_id()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def new_id() -> str:
    """Return an id for a request."""
    return "req_" + "".join(secrets.choice(_ALPHABET) for _ in range(14))
