"""What pages may load, who may sign up, and what staff see at the top."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.middleware.csp import ContentSecurityPolicyMiddleware
from django.shortcuts import redirect
from django.utils.csp import CSP
from unfold.forms import AuthenticationForm

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


class StaffForm(AuthenticationForm):
    """The back office's own door, which has no place for a second factor."""

    def confirm_login_allowed(self, user: Any) -> None:
        """Send those who have a second factor to the door that asks for it."""
        super().confirm_login_allowed(user)
        if is_mfa_enabled(user):
            raise ValidationError(
                "You have a second factor: sign in at /accounts/login/?next=/admin/",
                code="second_factor",
            )


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
