"""What pages may load, who may sign up, and what staff see at the top."""

import base64
import hashlib
import time
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.middleware.csp import ContentSecurityPolicyMiddleware
from django.shortcuts import redirect
from django.utils.csp import CSP

_NOTED_EVERY_S = 60  # A session's last use is written this often at most.
# The back office's widgets evaluate expressions; its pages are for staff alone.
_BACK_OFFICE = {
    **settings.SECURE_CSP,
    "script-src": [CSP.SELF, CSP.UNSAFE_EVAL],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
}


class ContentPolicy(ContentSecurityPolicyMiddleware):
    """One strict policy for all pages; a looser one under /admin/ only."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Choose the policy by the path."""
        if request.path.startswith("/admin/"):
            response._csp_config = _BACK_OFFICE  # type: ignore[attr-defined]
        return super().process_response(request, response)


class Accounts(DefaultAccountAdapter):
    """People are invited; nobody signs up by himself."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Return that the door is closed."""
        return False

    def post_login(self, request: HttpRequest, user: Any, **told: Any) -> HttpResponse:
        """Note when the session began."""
        request.session["began"] = int(time.time())
        response: HttpResponse = super().post_login(request, user, **told)
        return response


class SecondFactor(DefaultMFAAdapter):
    """What second factors share with people's phones is kept encrypted, under our own key."""

    def encrypt(self, text: str) -> str:
        """Return a secret as the database may hold it."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return a secret."""
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> Fernet:
    key = hashlib.sha256(b"second factor " + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


class SessionsEnd:
    """A session ends when nobody has used it for a while, and after twelve hours anyway."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Stand in front of all pages."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Sign out whoever's session is over; note that the others' are in use."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            self._look_at(request, now=int(time.time()))
        return self.get_response(request)

    def _look_at(self, request: HttpRequest, *, now: int) -> None:
        began = request.session.setdefault("began", now)
        seen = request.session.get("seen", now)
        is_staff = getattr(request.user, "is_staff", False)
        idle = settings.SESSION_IDLE_STAFF_S if is_staff else settings.SESSION_IDLE_S
        if now - seen > idle or now - began > settings.SESSION_COOKIE_AGE:
            logout(request)
        elif now - seen >= _NOTED_EVERY_S or "seen" not in request.session:
            request.session["seen"] = now


class StaffProveThemselves:
    """In a live instance nobody enters the back office without a second factor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Stand in front of all pages."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Send staff who have none to where they set one up."""
        inside = request.path.startswith("/admin/") and settings.MODE == "live"
        if inside and request.user.is_authenticated and not is_mfa_enabled(request.user):
            messages.warning(request, "Set up a second factor before you enter the back office.")
            return redirect("mfa_index")
        return self.get_response(request)


def environment(_request: HttpRequest) -> list[Any]:
    """Return the label of the back office: which kind of instance this is."""
    return [settings.MODE.capitalize(), "danger" if settings.MODE == "live" else "info"]
