"""
Where this work stands in a trace (W3C Trace Context), and spans of what it does.

A request begins a place in its caller's trace, or in a new one; what it asks of others
carries that place on, as `traceparent`. Spans are made only where `config` has installed
something that exports them (OpenTelemetry); without it a span costs next to nothing.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import structlog

_FORM = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_here: ContextVar[str] = ContextVar("traceparent", default="")


class Exporter(Protocol):
    """What makes spans: `config.tracing`, where an instance exports them."""

    def span(
        self, name: str, *, kind: str, parent: str, facts: Mapping[str, Any]
    ) -> AbstractContextManager[str]:
        """Make a span for as long as the context lasts, and say its place."""


_exporter: Exporter | None = None


def install(exporter: Exporter | None) -> None:
    """Let spans be exported from now on, or no longer."""
    global _exporter  # noqa: PLW0603 - one per process.
    _exporter = exporter


def is_on() -> bool:
    """Whether anybody gets to see spans."""
    return _exporter is not None


def here() -> str:
    """Return our place, as `traceparent` says it; nothing where no trace has begun."""
    return _here.get()


def trace_id() -> str:
    """Return the name of the trace that we are in, for the log."""
    return _here.get()[3:35]


def headers() -> dict[str, str]:
    """Return what a request to somebody else says of our place."""
    place = _here.get()
    return {"traceparent": place} if place else {}


def onward(place: str) -> dict[str, str]:
    """Return what a request says that goes on with a trace which began elsewhere."""
    if _exporter is not None and _here.get():
        return headers()
    found = _FORM.fullmatch(place)
    return {"traceparent": f"00-{found[1]}-{secrets.token_hex(8)}-{found[3]}"} if found else {}


def begin(told: str) -> str:
    """Take our place in a caller's trace, or in a new one where it told of none; return it."""
    found = _FORM.fullmatch(told)
    known = found is not None and found[1].strip("0") != "" and found[2].strip("0") != ""
    name = found[1] if found is not None and known else secrets.token_hex(16)
    flags = found[3] if found is not None and known else "00"
    place = f"00-{name}-{secrets.token_hex(8)}-{flags}"
    _here.set(place)
    return place


@contextmanager
def serving(name: str, told: str) -> Iterator[None]:
    """Serve a request in its caller's trace, or in one that begins here."""
    if _exporter is None:
        begin(told)
        yield
        return
    _here.set("")
    with span(name, kind="server", parent=told if _FORM.fullmatch(told) else ""):
        yield


@contextmanager
def span(name: str, *, kind: str = "internal", parent: str = "", **facts: Any) -> Iterator[None]:
    """
    Tell of a piece of work, as a part of what is going on or of `parent`.

    Args:
        kind: server, client, consumer, producer or internal.
    """
    if _exporter is None:
        yield
        return
    with _exporter.span(name, kind=kind, parent=parent or _here.get(), facts=facts) as place:
        before = _here.set(place)
        try:
            with structlog.contextvars.bound_contextvars(trace_id=trace_id()):
                yield
        finally:
            _here.reset(before)
