"""
What holds for every request: an id, what the answer says of itself, the request log.

The id stands in every line that is logged meanwhile, in the answer's `Request-Id`, in
the event log and in the merchant's request log.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from fintech.api import errors, front, problems, reporting, trace
from fintech.kernel import tracing

type Next = Callable[[HttpRequest], HttpResponse]


class Requests:
    """Django's middleware for all of the above."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve a request under an id of its own, in its caller's trace."""
        branch = request.path.split("/", 2)[1] or "home"
        told = request.headers.get("traceparent", "")
        with tracing.serving(f"{request.method} {branch[:20]}", told):
            return self._served(request)

    def _served(self, request: HttpRequest) -> HttpResponse:
        request_id = trace.name()
        request.request_id = request_id  # type: ignore[attr-defined]
        if not _is_api(request.path):
            response = self._next(request)
            response["Request-Id"] = request_id
            return response
        begun = trace.begin(request_id)
        request.trace = begun  # type: ignore[attr-defined]
        try:
            query = request.META.get("QUERY_STRING", "")
            front.check_size(request.path, query, request.headers)
        except (errors.UrlTooLong, errors.HeadersTooLarge) as refusal:
            told = problems.problem(refusal, request_id=begun.request_id)
            begun.error_code = told.code
            response = problems.respond(told)
        else:
            response = self._next(request)
        method, status = request.method or "", response.status_code
        told_of_itself = reporting.headers_of(
            begun, method=method, asked=request.headers, status=status
        )
        for name, value in told_of_itself.items():
            response.setdefault(name, value)
        reporting.note(
            begun, method=method, path=request.path, asked=request.headers, status=status
        )
        return response


def _is_api(path: str) -> bool:
    return path.startswith(("/v1/", "/v2/", "/inbound/"))
