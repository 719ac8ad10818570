"""
The framework's view: one per path, its methods being operations.

The framework brings negotiation, authentication, permission and throttle to the
request in that order; each of them is a thin skin over a function of this package
that knows no framework, and so is what comes after. `front.answer` does the same steps
without the framework.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from fintech.api import errors, front, load, negotiation
from fintech.api.authentication import HasScope, KeyAuthentication, caller_of
from fintech.api.operations import Operation
from fintech.api.throttling import KeyThrottle
from fintech.api.trace import Trace


class WireNegotiation(BaseContentNegotiation):
    """Answers are JSON, whatever else is preferred; who takes none gets a refusal."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return no parser: bodies are read by the codec."""

    def select_renderer(
        self,
        request: Request,
        renderers: Any,
        format_suffix: str | None = None,  # noqa: ARG002 - the framework's signature.
    ) -> tuple[Any, str]:
        """Return JSON, or refuse whoever does not accept it."""
        negotiation.require_json(request.headers)
        return renderers[0], "application/json"


class Resource(APIView):
    """All that can be done at one path."""

    operations: Mapping[str, Operation] = {}
    authentication_classes = (KeyAuthentication,)
    permission_classes = (HasScope,)
    throttle_classes = (KeyThrottle,)
    renderer_classes = (JSONRenderer,)
    parser_classes = ()
    content_negotiation_class = WireNegotiation
    operation: Operation
    trace: Trace

    @property
    def allowed_methods(self) -> list[str]:
        """Return the methods of this path."""
        return sorted(self.operations)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find the operation; then negotiate, authenticate, permit and throttle."""
        self.trace = request._request.trace  # type: ignore[attr-defined]
        method = request.method or ""
        if method not in self.operations:
            raise errors.MethodNotAllowed(self.allowed_methods)
        self.operation = self.operations[method]
        super().initial(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        """Note who asks, for the request log."""
        self.trace.caller = caller_of(request)

    def check_throttles(self, request: Request) -> None:
        """Give up what waited too long; then count it."""
        load.shed(self.operation, arrived=request.META.get("fintech.arrived"))
        super().check_throttles(request)

    def serve(self, request: Request, **path: str) -> HttpResponse:
        """Run the operation and send its answer's bytes."""
        asked = front.Asked(
            method=request.method or "",
            path=request.path,
            query=request.META.get("QUERY_STRING", ""),
            headers=request.headers,
            read=reader(request._request),
        )
        told = front.served(self.operation, asked, path, self.trace)
        return HttpResponse(
            told.content,
            status=told.status,
            content_type="application/json",
            headers=told.headers,
        )

    get = post = delete = put = patch = serve


def reader(request: HttpRequest) -> Callable[[int], bytes]:
    """Return what reads a request's body, and no more of it than its limit."""

    def read(limit: int) -> bytes:
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if declared.isdigit() and int(declared) > limit:
            raise errors.RequestTooLarge(limit)
        content = request.read(limit + 1)
        if len(content) > limit:
            raise errors.RequestTooLarge(limit)
        return content

    return read
