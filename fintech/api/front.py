"""
A request of the API from its parts to the bytes of its answer, without a framework.

These are the steps of every door, in this order: an id (`trace.begin`), the operation
(`routes.match`), JSON at all (`negotiation.require_json`), who asks
(`authentication.identify`), may they (`authentication.require`), not too often
(`throttling.admit`), then `gate.serve`; whatever goes wrong is `problems.problem`, and at
the end come the answer's headers and the request log (`reporting`). Django's door does
the same steps as a framework's view (`door.Resource`); a test holds the two together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass, field

import orjson

from fintech.api import (
    authentication,
    errors,
    gate,
    load,
    negotiation,
    problems,
    reporting,
    routes,
    throttling,
)
from fintech.api.operations import Operation
from fintech.api.trace import Trace, begin
from fintech.kernel import tracing
from fintech.wire import json


class Headers(Mapping[str, str]):
    """Headers by name in any case, as they came; one that came twice is joined by a comma."""

    __slots__ = ("_by_name",)

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        by_name: dict[str, str] = {}
        for name, value in pairs:
            low = name.lower()
            by_name[low] = f"{by_name[low]},{value}" if low in by_name else value
        self._by_name = by_name

    def __getitem__(self, name: str) -> str:
        return self._by_name[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def values(self) -> ValuesView[str]:
        """Return all values."""
        return self._by_name.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, whichever door it came through."""

    method: str
    path: str  # Decoded.
    query: str  # As sent, without the question mark.
    headers: Mapping[str, str]  # Names in any case.
    peer: str = ""  # The address that it came from.
    arrived: float | None = None  # When the server had it, by the monotonic clock.
    read: Callable[[int], bytes]  # The body; `RequestTooLarge` if it is longer than this.


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer, ready to be sent."""

    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)


def answer(asked: Asked) -> Told:
    """Answer a request from beginning to end."""
    with tracing.serving(f"{asked.method} api", asked.headers.get("traceparent", "")):
        trace = begin()
        try:
            told = _steps(asked, trace)
        except Exception as error:  # noqa: BLE001 - every error has one envelope.
            told = refused(error, trace)
        return finished(asked, told, trace)


def _steps(asked: Asked, trace: Trace) -> Told:
    check_size(asked.path, asked.query, asked.headers)
    found = routes.match(asked.path)
    if found is None:
        raise errors.UnsupportedEndpoint
    methods, path = found
    if asked.method not in methods:
        raise errors.MethodNotAllowed(sorted(methods))
    operation = methods[asked.method]
    negotiation.require_json(asked.headers)
    trace.caller = authentication.identify(asked.headers, at=trace.at, peer=asked.peer)
    authentication.require(trace.caller, operation.scope)
    load.shed(operation, arrived=asked.arrived)
    trace.headers.update(throttling.admit(trace.caller, operation))
    return served(operation, asked, path, trace)


def check_size(path: str, query: str, headers: Mapping[str, str]) -> None:
    """Refuse an address with `UrlTooLong`, headers with `HeadersTooLarge`."""
    if len(path) + len(query) >= gate.LONGEST_URL:
        raise errors.UrlTooLong(gate.LONGEST_URL)
    # A credential of whatever length is one that is wrong: that is for `authentication` to say.
    length = sum(map(len, headers)) + sum(map(len, headers.values()))
    if length - len(headers.get("Authorization", "")) > gate.LARGEST_HEADERS:
        raise errors.HeadersTooLarge(gate.LARGEST_HEADERS)


def too_slow() -> Told:
    """Return what is told to whoever did not send a body in time."""
    trace = begin()
    told = refused(errors.RequestTimeout(), trace)
    return Told(
        status=told.status,
        content=told.content,
        headers={"Content-Type": "application/json", "Request-Id": trace.request_id},
    )


def served(operation: Operation, asked: Asked, path: Mapping[str, str], trace: Trace) -> Told:
    """Run an operation for a caller who is known and admitted."""
    caller = trace.caller
    if caller is None:
        raise errors.ApiKeyMissing
    with load.in_progress(caller.merchant_id):
        made = gate.serve(
            operation,
            caller=caller,
            path=path,
            query=asked.query,
            headers=asked.headers,
            content=asked.read(operation.content_limit),
            url_path=asked.path,
            request_id=trace.request_id,
            trace=trace,
        )
    trace.body = made.body
    headers = dict(made.headers)
    if made.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Told(status=made.status, content=json.dumps(made.body), headers=headers)


def refused(error: Exception, trace: Trace) -> Told:
    """Return what is sent for an error, and note its code."""
    problem = problems.problem(error, request_id=trace.request_id, version=trace.version)
    trace.error_code = problem.code
    trace.body = orjson.loads(problem.content)  # Who asks why a call failed reads it here.
    headers = dict(problem.headers)
    if isinstance(error, errors.MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    return Told(status=problem.status, content=problem.content, headers=headers)


def finished(asked: Asked, told: Told, trace: Trace) -> Told:
    """Add what every answer says of itself, and write the request down."""
    headers = reporting.headers_of(
        trace, method=asked.method, asked=asked.headers, status=told.status
    )
    reporting.note(
        trace, method=asked.method, path=asked.path, asked=asked.headers, status=told.status
    )
    return Told(
        status=told.status,
        content=told.content,
        headers={"Content-Type": "application/json", **headers, **told.headers},
    )
