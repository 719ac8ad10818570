"""From whatever went wrong to the one envelope, its status and its headers."""

import math
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from django.db import DatabaseError, OperationalError
from django.http import Http404, HttpResponse
from rest_framework import exceptions as rest

from fintech.api import errors
from fintech.api.authentication import CHALLENGE
from fintech.kernel.errors import Refusal
from fintech.wire import errors as wire_errors
from fintech.wire import idempotency_keys, json, versions
from fintech.wire.events import API_VERSION

_log = structlog.get_logger(__name__)
_UNKNOWN_SQLSTATE = ""
# Serialization failure, deadlock, lock not available, and a statement that waited too long.
_CONTENDED = frozenset({"40001", "40P01", "55P03", "57014"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A refusal, ready to be sent."""

    status: int
    content: bytes
    code: str
    headers: dict[str, str] = field(default_factory=dict)


def problem(error: Exception, *, request_id: str, version: str = API_VERSION) -> Problem:
    """Return what is sent for an error; what nobody foresaw is noted and told as ours."""
    refusal = refusal_of(error)
    existing = idempotency_keys.made(getattr(refusal, "existing", None))
    if existing is not None:
        refusal.facts["existing_resource"] = existing
    status = wire_errors.status(refusal)
    told = wire_errors.render(refusal, request_id)
    return Problem(
        status=status,
        content=json.dumps(versions.older_answer(told, version=version)),
        code=refusal.code,
        headers=_headers(refusal, status),
    )


def refusal_of(error: Exception) -> Refusal:
    """Return an error as a refusal with a public code."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, Http404 | rest.NotFound):
        return errors.UnsupportedEndpoint()
    if isinstance(error, OperationalError) and _sqlstate(error) in _CONTENDED:
        return errors.Contended()
    if isinstance(error, DatabaseError):
        _log.exception("api.database_failed", sqlstate=_sqlstate(error))
        return errors.Internal()
    _log.error("api.failed", exc_info=error)
    return errors.Internal()


def _sqlstate(error: DatabaseError) -> str:
    return getattr(error.__cause__, "sqlstate", None) or _UNKNOWN_SQLSTATE


def _headers(refusal: Refusal, status: int) -> dict[str, str]:
    headers: dict[str, str] = {}
    if status == 401:  # noqa: PLR2004 - Unauthorized.
        headers["WWW-Authenticate"] = CHALLENGE
    if isinstance(refusal, errors.RateLimited):
        headers.update(refusal.headers)
        headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after_seconds)))
    elif status in {409, 429, 503}:
        headers["Retry-After"] = "1"
    if refusal.replayed:
        headers["Idempotent-Replayed"] = "true"
    return headers


def respond(told: Problem) -> HttpResponse:
    """Return a problem as the framework's response."""
    return HttpResponse(
        told.content, status=told.status, content_type="application/json", headers=told.headers
    )


def handle(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """Answer an error of a view: the framework's `EXCEPTION_HANDLER`."""
    request = context["request"]
    trace = getattr(request, "trace", None)
    told = problem(
        error,
        request_id=getattr(request, "request_id", ""),
        version=getattr(trace, "version", API_VERSION),
    )
    if trace is not None:
        trace.error_code = told.code
        trace.body = orjson.loads(told.content)
    return respond(told)
