"""Choices that stay: for which merchant one works, and how pages look."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from fintech.web.dashboard import desk

_YEAR_SECONDS = 365 * 24 * 3600


@require_GET
def front(_request: HttpRequest) -> HttpResponse:
    """Send everybody to the dashboard, which asks who they are."""
    return redirect("web:home")


@require_GET
def login(_request: HttpRequest) -> HttpResponse:
    """Send to the page where people sign in."""
    return redirect("account_login")


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Sit down for another merchant of the same person."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    try:
        chosen = UUID(request.POST.get("merchant", ""))
    except ValueError:
        chosen = None
    if chosen is None or not desk.choose(request, chosen):
        messages.warning(request, "You don't work for that merchant.")
    return redirect("web:home")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember the appearance in a cookie; none follows the system."""
    wanted = request.POST.get("theme", "")
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    answer = redirect(back if safe else "web:home")
    if wanted in {"light", "dark"}:
        answer.set_cookie(
            desk.THEME,
            wanted,
            max_age=_YEAR_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    else:
        answer.delete_cookie(desk.THEME, samesite="Lax")
    return answer
