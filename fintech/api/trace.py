"""What is noted of a request on its way through the door, for its log and its headers."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from fintech.api.authentication import Caller
from fintech.kernel import clock
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
    """Follow a request from here on, under an id."""
    return Trace(request_id=request_id or name(), at=clock.now())


def name() -> str:
    """Give a request an id, which stands in every line that is logged meanwhile."""
    request_id = new_id()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def new_id() -> str:
    """Return an id for a request."""
    return "req_" + "".join(secrets.choice(_ALPHABET) for _ in range(14))
