"""What the API says of itself: the OpenAPI document. It needs no key."""

from functools import cache

from django.http import HttpRequest, HttpResponse

from fintech.api import errors, problems
from fintech.api.openapi.document import document
from fintech.api.operations import OPERATIONS
from fintech.wire import json


def openapi(request: HttpRequest) -> HttpResponse:
    """Answer the OpenAPI 3.1 document."""
    if request.method not in {"GET", "HEAD"}:
        told = problems.problem(
            errors.MethodNotAllowed(["GET"]),
            request_id=request.request_id,  # type: ignore[attr-defined]
        )
        return problems.respond(told)
    return HttpResponse(_written(), content_type="application/json")


openapi.csrf_exempt = True  # type: ignore[attr-defined]


@cache
def _written() -> bytes:
    return json.dumps(document(OPERATIONS))
