"""What providers tell us of their own accord, handed on as it came."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from fintech.api import errors, problems
from fintech.api.door import reader
from fintech.kernel import clock
from fintech.kernel.actor import Actor
from fintech.payments import services as payments
from fintech.wire import json

_LIMIT = 256 * 1024


@csrf_exempt
def receive(request: HttpRequest, provider: str) -> HttpResponse:
    """Hand raw body and headers to payments, which verifies them and stores each once."""
    request_id = request.request_id  # type: ignore[attr-defined]
    try:
        _hear(request, provider, request_id)
    except Exception as error:  # noqa: BLE001 - every error has one envelope.
        told = problems.problem(error, request_id=request_id)
        request.trace.error_code = told.code  # type: ignore[attr-defined]
        return problems.respond(told)
    return HttpResponse(json.dumps({"received": True}), content_type="application/json")


def _hear(request: HttpRequest, provider: str, request_id: str) -> None:
    if request.method != "POST":
        raise errors.MethodNotAllowed(["POST"])
    payments.receive(
        provider=provider,
        body=reader(request)(_LIMIT),
        headers=request.headers,
        by=Actor(kind="provider", id=provider, request_id=request_id),
        at=clock.now(),
    )
