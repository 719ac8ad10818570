"""What a merchant's programs asked the API, what it answered, and asking it again with changes."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django import forms as django_forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from fintech.kernel import clock
from fintech.kernel.errors import Refusal
from fintech.merchants import queries as merchant_queries
from fintech.merchants.data import RequestLogLine, Right
from fintech.web import asking, forms
from fintech.web.dashboard import desk

_PAGE = 25
_TONES = {2: "ok", 3: "quiet", 4: "warn", 5: "bad"}  # By the first digit of the status.
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_KEY_LASTS = timedelta(hours=24)  # For so long a repeated key meets its first answer.
_ID = re.compile(r"/[a-z]+_[A-Za-z0-9]{10,}")
_GROUPS = 8


@require_GET
@desk.page(Right.VIEW_REQUEST_LOG)
def listing(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Show requests, newest first, with their bodies as they were kept."""
    failed = request.GET.get("show") == "failed"
    found = merchant_queries.request_log(
        at.merchant.id,
        limit=_PAGE + 1,
        before=_mark(request.GET.get("before", "")),
        failed=failed,
        named=_named(request),
    )
    shown = found[:_PAGE]
    firsts = _firsts(at.merchant.id, shown)
    lines = [
        {
            "line": line,
            "tone": _TONES.get(line.status // 100, "quiet"),
            "asked": _readable(line.request_body),
            "answered": _readable(line.response_body),
            "first": firsts.get(line.id),
        }
        for line in shown
    ]
    context = {
        "lines": lines,
        "older": shown[-1].id if len(found) > _PAGE else "",
        "later": "before" in request.GET,
        "failed": failed,
        "groups": _groups(at.merchant.id, clock.now() - timedelta(days=1)),
        "may_replay": settings.MODE != "live",
    }
    return desk.render(request, at, "web/dashboard/requests.html", "requests", context)


def _named(request: HttpRequest) -> tuple[str, datetime] | None:
    """Return the request that the address names, and about when it was made."""
    wanted, at = request.GET.get("request", ""), request.GET.get("at", "")
    if not wanted or not at.isdecimal():
        return None
    try:
        return wanted[:64], datetime.fromtimestamp(int(at), tz=UTC)
    except (ValueError, OverflowError):
        return None


def _firsts(merchant_id: UUID, shown: list[RequestLogLine]) -> dict[UUID, RequestLogLine]:
    """Return, for each request that repeated a key, the one whose answer it met."""
    keys = {line.idempotency_key for line in shown if line.idempotency_key}
    if not keys:
        return {}
    since = min(line.at for line in shown) - _KEY_LASTS
    firsts = merchant_queries.first_uses(merchant_id, keys, since=since)
    return {
        line.id: firsts[line.idempotency_key]
        for line in shown
        if line.idempotency_key in firsts and firsts[line.idempotency_key].id != line.id
    }


def _groups(merchant_id: UUID, since: datetime) -> list[dict[str, Any]]:
    """Return what failed, by code and endpoint, whatever object it was about."""
    counted: Counter[tuple[str, str]] = Counter()
    for method, path, code, count in merchant_queries.failed_requests(merchant_id, since=since):
        where = _ID.sub("/{id}", path.partition("?")[0])
        counted[code or "no_code", f"{method} {where}"] += count
    widest = max(counted.values(), default=0)
    return [
        {"code": code, "where": where, "count": count, "share": count * 100 // widest}
        for (code, where), count in counted.most_common(_GROUPS)
    ]


class ReplayForm(forms.Form):
    """A request that is asked again."""

    body = django_forms.CharField(
        label="Body",
        required=False,
        max_length=256 * 1024,
        help_text="JSON. What was secret in it is masked: put your own.",
        widget=django_forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
    )
    idempotency_key = django_forms.CharField(
        label="Idempotency key",
        required=False,
        max_length=255,
        help_text="Leave it empty to ask anew. The first request's key gives its first answer.",
    )
    secret = django_forms.CharField(
        label="Your test key",
        max_length=200,
        help_text="It is used for this one request and not kept.",
        widget=django_forms.PasswordInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Enter a secret key of this merchant."},
    )

    def clean_body(self) -> str:
        """Refuse what is no JSON before it is asked."""
        text = str(self.cleaned_data["body"]).strip()
        try:
            orjson.loads(text or "{}")
        except orjson.JSONDecodeError as error:
            raise django_forms.ValidationError(f"This is no JSON: {error}.") from error
        return text


@sensitive_post_parameters("secret")
@require_http_methods(["GET", "POST"])
@desk.page(Right.VIEW_REQUEST_LOG)
def replay(request: HttpRequest, at: desk.Desk, line_id: UUID) -> HttpResponse:
    """Ask a request again, as it was or changed; in a sandbox only."""
    line = merchant_queries.logged_request(line_id, at.merchant.id)
    if line is None or settings.MODE == "live":
        raise Http404
    form = ReplayForm(request.POST or None, initial={"body": _readable(line.request_body)})
    if line.method not in _WITH_BODY:
        del form.fields["body"], form.fields["idempotency_key"]
    answer = None
    if request.method == "POST" and form.is_valid() and _is_theirs(form, at):
        answer = asking.ask(
            method=line.method,
            path=line.path,
            body=form.cleaned_data.get("body", ""),
            secret=form.cleaned_data["secret"],
            idempotency_key=form.cleaned_data.get("idempotency_key", ""),
            host=request.get_host(),
        )
    context = {
        "line": line,
        "form": form,
        "was": _readable(line.response_body),
        "answer": answer,
        "answered": _readable(_parsed(answer.body)) if answer else "",
        "tone": _TONES.get(answer.status // 100, "quiet") if answer else "",
    }
    status = 400 if form.errors else 200
    return desk.render(request, at, "web/dashboard/replay.html", "requests", context, status=status)


def _is_theirs(form: ReplayForm, at: desk.Desk) -> bool:
    """Tell whether the key is this merchant's; say so at its field if it is not."""
    try:
        key = merchant_queries.authenticate(form.cleaned_data["secret"], at=clock.now())
    except Refusal as refusal:
        form.add_error("secret", refusal.message)
        return False
    if key.merchant_id != at.merchant.id:
        form.add_error("secret", f"This key is not of {at.merchant.name}.")
    return not form.errors


def _parsed(body: str) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body


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
