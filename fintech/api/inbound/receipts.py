"""What providers of mails and texts tell us became of a message, handed on as it came."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from fintech.api import errors, problems
from fintech.api.door import reader
from fintech.kernel import clock
from fintech.notifications import services as notifications
from fintech.wire import json

_LIMIT = 256 * 1024


@csrf_exempt
def receive(request: HttpRequest, provider: str) -> HttpResponse:
    """Hand raw body, headers and address to notifications, which verifies them."""
    request_id = request.request_id  # type: ignore[attr-defined]
    try:
        changed = _heard(request, provider)
    except Exception as error:  # noqa: BLE001 - every error has one envelope.
        told = problems.problem(error, request_id=request_id)
        request.trace.error_code = told.code  # type: ignore[attr-defined]
        return problems.respond(told)
    return HttpResponse(json.dumps({"changed": changed}), content_type="application/json")


def _heard(request: HttpRequest, provider: str) -> int:
    if request.method != "POST":
        raise errors.MethodNotAllowed(["POST"])
    return notifications.receive(
        provider=provider,
        body=reader(request)(_LIMIT),
        headers=request.headers,
        # Our own address as providers know it, whatever proxies have made of it.
        url=f"{settings.BASE_URL}{request.get_full_path()}",
        at=clock.now(),
    )
