"""
What holds for every request: an id, what the answer says of itself, the request log.

The id stands in every line that is logged meanwhile, in the answer's `Request-Id`, in
the event log and in the merchant's request log. Bodies are logged without card data
and secrets; what foreign clients tell of themselves is not logged at all.
"""

import secrets
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

from fintech.api import errors, problems
from fintech.api.codec.sensitive import holds_card_number
from fintech.api.gate import LONGEST_URL
from fintech.api.trace import Trace
from fintech.kernel import clock, ids
from fintech.merchants import data as merchants_data
from fintech.merchants import services as merchants
from fintech.wire import dialect
from fintech.wire.events import API_VERSION

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_HIDDEN = frozenset({"number", "cvc", "secret", "client_secret", "password", "token"})
_MOST_ITEMS, _LONGEST_LOGGED, _SHORTEST_NUMBER = 20, 500, 14
_log = structlog.get_logger(__name__)

type Next = Callable[[HttpRequest], HttpResponse]


class Requests:
    """Django's middleware for all of the above."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve a request under an id of its own."""
        request_id = new_id()
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if not _is_api(request.path):
            response = self._next(request)
            response["Request-Id"] = request_id
            return response
        started = time.perf_counter()
        trace = Trace(request_id=request_id, at=clock.now())
        request.trace = trace  # type: ignore[attr-defined]
        if len(request.get_full_path()) > LONGEST_URL:
            told = problems.problem(errors.UrlTooLong(LONGEST_URL), request_id=request_id)
            trace.error_code = told.code
            response = problems.respond(told)
        else:
            response = self._next(request)
        _say(request, response, trace)
        _note(request, response, trace, started)
        return response


def new_id() -> str:
    """Return an id for a request."""
    return "req_" + "".join(secrets.choice(_ALPHABET) for _ in range(14))


def _is_api(path: str) -> bool:
    return path.startswith(("/v1/", "/v2/", "/inbound/"))


def _say(request: HttpRequest, response: HttpResponse, trace: Trace) -> None:
    response["Request-Id"] = trace.request_id
    response["API-Version"] = API_VERSION
    for name, value in trace.headers.items():
        response.setdefault(name, value)
    key = request.headers.get("Idempotency-Key")
    if key and request.method == "POST" and key.isascii() and key.isprintable():
        response["Idempotency-Key"] = key[:255]
    for name, value in dialect.answer_headers(request.headers, status=response.status_code).items():
        if value.isascii() and value.isprintable():
            response[name] = value[:100]


def _note(request: HttpRequest, response: HttpResponse, trace: Trace, started: float) -> None:
    duration_ms = round((time.perf_counter() - started) * 1000)
    _log.info(
        "api.answered",
        method=request.method,
        path=request.path[:200],
        status=response.status_code,
        code=trace.error_code or None,
        duration_ms=duration_ms,
    )
    if trace.caller is None:
        return
    merchants.log_request(
        merchants_data.RequestLogLine(
            id=ids.new(),
            merchant_id=trace.caller.merchant_id,
            api_key_id=trace.caller.key_id,
            request_id=trace.request_id,
            method=request.method or "",
            path=_storable(request.path),
            status=response.status_code,
            duration_ms=duration_ms,
            at=trace.at,
            error_code=trace.error_code,
            idempotency_key=_storable(request.headers.get("Idempotency-Key", "")),
            request_body=redacted(trace.values),
            response_body=redacted(trace.body),
        )
    )


def redacted(value: Any, name: str = "") -> Any:
    """Return what may be logged of a body: no card data, no secrets, nothing long."""
    kind = type(value)
    if kind is str:
        if name in _HIDDEN:
            return "[redacted]"
        # On the path of every request: most texts are too short to hold a card number.
        if len(value) < _SHORTEST_NUMBER:
            return value if "\x00" not in value else _storable(value)
        return "[redacted]" if holds_card_number(value) else _storable(value)[:_LONGEST_LOGGED]
    if value is None or kind is int or kind is bool:
        return value
    if kind is dict:
        return {_storable(key): redacted(part, key) for key, part in value.items()}
    if kind is list:
        return [redacted(part) for part in value[:_MOST_ITEMS]]
    return redacted(str(value), name)


def _storable(text: str) -> str:
    """Return text without what a database does not hold, such as a null of `%00`."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
