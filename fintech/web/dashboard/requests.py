"""What a merchant's programs asked the API, and what it answered."""

from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from fintech.merchants import queries as merchant_queries
from fintech.merchants.data import Right
from fintech.web.dashboard import desk

_PAGE = 25
_TONES = {2: "ok", 3: "quiet", 4: "warn", 5: "bad"}  # By the first digit of the status.


@require_GET
@desk.page(Right.VIEW_REQUEST_LOG)
def listing(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Show requests, newest first, with their bodies as they were kept."""
    found = merchant_queries.request_log(
        at.merchant.id, limit=_PAGE + 1, before=_mark(request.GET.get("before", ""))
    )
    lines = [
        {
            "line": line,
            "tone": _TONES.get(line.status // 100, "quiet"),
            "asked": _readable(line.request_body),
            "answered": _readable(line.response_body),
        }
        for line in found[:_PAGE]
    ]
    context = {"lines": lines, "older": found[_PAGE - 1].id if len(found) > _PAGE else ""}
    return desk.render(request, at, "web/dashboard/requests.html", "requests", context)


def _mark(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _readable(body: object) -> str:
    if body is None or body == "":
        return ""
    if isinstance(body, str):
        return body
    return orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
