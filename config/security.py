"""What pages may load, who may sign up, and what staff see at the top."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csp import ContentSecurityPolicyMiddleware
from django.utils.csp import CSP

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


def environment(_request: HttpRequest) -> list[Any]:
    """Return the label of the back office: which kind of instance this is."""
    return [settings.MODE.capitalize(), "danger" if settings.MODE == "live" else "info"]
