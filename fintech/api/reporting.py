"""
What an answer says of itself, and what is written down of a request.

Bodies are logged without card data and secrets; what foreign clients tell of themselves
is not logged at all.
"""

import time
from collections.abc import Mapping
from typing import Any

import orjson
import structlog

from fintech.api.codec.sensitive import holds_card_number
from fintech.api.trace import Trace
from fintech.kernel import ids
from fintech.merchants import data as merchants_data
from fintech.merchants import services as merchants
from fintech.wire import dialect

_HIDDEN = frozenset({"number", "cvc", "secret", "client_secret", "password", "token"})
_MOST_ITEMS, _LONGEST_LOGGED, _SHORTEST_NUMBER = 20, 500, 14
_AS_TEXT = (
    orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATACLASS
)
# Names that are hidden, as JSON writes them, and what it writes of other than plain texts.
_SUSPECT = ("\\", *(f'"{name}":' for name in sorted(_HIDDEN)))
_log = structlog.get_logger(__name__)


def headers_of(
    trace: Trace, *, method: str, asked: Mapping[str, str], status: int
) -> dict[str, str]:
    """Return the headers that every answer of the API has."""
    told = {
        **trace.headers,
        "Request-Id": trace.request_id,
        "API-Version": trace.version,
    }
    key = asked.get("Idempotency-Key")
    if key and method == "POST" and key.isascii() and key.isprintable():
        told["Idempotency-Key"] = key[:255]
    for name, value in dialect.answer_headers(asked, status=status).items():
        if value.isascii() and value.isprintable():
            told[name] = value[:100]
    return told


def note(trace: Trace, *, method: str, path: str, asked: Mapping[str, str], status: int) -> None:
    """Log a request, and keep a line of it for its merchant."""
    duration_ms = round((time.perf_counter() - trace.started) * 1000)
    _log.info(
        "api.answered",
        method=method,
        path=path[:200],
        status=status,
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
            method=method,
            path="[redacted]" if holds_card_number(path) else _storable(path),
            status=status,
            duration_ms=duration_ms,
            at=trace.at,
            error_code=trace.error_code,
            idempotency_key=redacted(asked.get("Idempotency-Key", "")),
            request_body=_loggable(trace.values),
            response_body=_loggable(trace.body),
        )
    )


def _loggable(body: dict[str, Any] | None) -> Any:
    """
    Return what may be logged of a body, as `redacted` says.

    Most bodies are short and plain, which their JSON shows at one look; on the path of every
    request that is a third of the work.
    """
    if body is None:
        return None
    try:
        text = orjson.dumps(body, default=str, option=_AS_TEXT).decode()
    except TypeError:  # Such as a number beyond its range.
        return redacted(body)
    is_short = len(text) < _LONGEST_LOGGED and text.count(",") < _MOST_ITEMS
    if not is_short or holds_card_number(text):
        return redacted(body)
    for suspect in _SUSPECT:
        if suspect in text:
            return redacted(body)
    return orjson.loads(text)


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
    if kind is int:
        return "[redacted]" if holds_card_number(str(value)) else value
    if value is None or kind is bool:
        return value
    if kind is dict:
        return {redacted(key): redacted(part, key) for key, part in value.items()}
    if kind is list:
        return [redacted(part) for part in value[:_MOST_ITEMS]]
    return redacted(str(value), name)


def _storable(text: str) -> str:
    """Return text without what a database does not hold, such as a null of `%00`."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
