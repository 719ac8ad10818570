"""
Who sits at the dashboard, for which merchant, and what he may do there.

Every page of the dashboard goes through `page`: it signs people in, picks the merchant,
asks for the page's right, and answers a lack of it with a sentence that helps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate
from uuid import UUID

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as django_render
from django.urls import reverse

from fintech.kernel.actor import Actor
from fintech.kernel.money import Money
from fintech.merchants import data as merchant_data
from fintech.merchants import queries as merchant_queries
from fintech.merchants.data import Right

CHOSEN = "merchant_id"  # The session's merchant.
SEEN_AS = "seen_as"  # The session's role whose view is tried on.
THEME = "theme"  # The cookie of the appearance; none follows the system.
_NAV = (
    ("home", "Home", "house", Right.VIEW_PAYMENTS),
    ("payments", "Payments", "credit-card", Right.VIEW_PAYMENTS),
    ("refunds", "Refunds", "arrow-counterclockwise", Right.VIEW_PAYMENTS),
    ("customers", "Customers", "person-circle", Right.VIEW_CUSTOMERS),
    ("links", "Payment links", "link-45deg", Right.TAKE_PAYMENTS),
    ("balance", "Balance", "bank", Right.VIEW_BALANCE),
    ("statements", "Statements", "receipt", Right.VIEW_REPORTS),
    ("wallets", "Wallets", "wallet2", Right.VIEW_WALLETS),
    ("keys", "API keys", "key", Right.MANAGE_KEYS),
    ("webhooks", "Webhooks", "broadcast", Right.VIEW_WEBHOOKS),
    ("requests", "Requests", "list-ul", Right.VIEW_REQUEST_LOG),
    ("approvals", "Approvals", "check-lg", Right.REFUND_PAYMENTS),
    ("simulate", "Simulate", "activity", Right.TAKE_PAYMENTS),
    ("team", "Team", "shield-check", Right.MANAGE_PEOPLE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One person, at work for one merchant."""

    user: Any
    merchant: merchant_data.Merchant
    role: str
    rights: frozenset[str]
    memberships: tuple[merchant_data.Merchant, ...]
    seen_as: str = ""  # The role whose view of the pages the person tries on.

    def may(self, right: Right) -> bool:
        """Tell whether the person may do this for the merchant."""
        return right in self.rights

    def alone(self, right: Right, amount: Money) -> bool:
        """Tell whether the person does this alone with so much, or a second one agrees."""
        return merchant_queries.is_alone(self.user.id, self.merchant.id, right, amount)


View = Callable[Concatenate[HttpRequest, Desk, ...], HttpResponse]


def page(right: Right) -> Callable[[View], Callable[..., HttpResponse]]:
    """Let a view be entered by people who have a right on the merchant at hand."""

    def wrap(view: View) -> Callable[..., HttpResponse]:
        @wraps(view)
        def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("account_login"))
            desk = desk_of(request)
            if desk is None:
                return django_render(request, "web/nobody.html", _common(request), status=403)
            if not desk.may(right):
                return forbidden(request, desk, right)
            if desk.seen_as and request.method != "GET":
                # Looking through another's eyes changes nothing.
                return render(request, desk, "web/dashboard/only_looking.html", "", status=403)
            response = view(request, desk, *args, **kwargs)
            response.headers.setdefault("Cache-Control", "no-store, private")
            return response

        entered.right = right  # type: ignore[attr-defined]  # A test walks the URL map.
        return entered

    return wrap


def desk_of(request: HttpRequest) -> Desk | None:
    """Return whose desk this is: the chosen merchant's, else the first one's."""
    found = merchant_queries.memberships(_person(request))
    if not found:
        return None
    chosen = request.session.get(CHOSEN)
    merchant, role = next((member for member in found if str(member[0].id) == chosen), found[0])
    rights = merchant_queries.rights(_person(request), merchant.id)
    seen_as = ""
    if (
        Right.MANAGE_PEOPLE in rights
    ):  # Only who gives roles tries them on; never more than one has.
        seen_as = request.session.get(SEEN_AS, "")
        rights &= merchant_data.ROLES.get(seen_as, rights)
    return Desk(
        user=request.user,
        merchant=merchant,
        role=str(role),
        rights=rights,
        memberships=tuple(member[0] for member in found),
        seen_as=seen_as,
    )


def choose(request: HttpRequest, merchant_id: UUID) -> bool:
    """Sit down for another merchant; False if the person does not work for it."""
    theirs = {merchant.id for merchant, _ in merchant_queries.memberships(_person(request))}
    if merchant_id not in theirs:
        return False
    request.session[CHOSEN] = str(merchant_id)
    request.session.pop(SEEN_AS, None)
    return True


def _person(request: HttpRequest) -> UUID:
    if request.user.pk is None:
        message = "nobody is signed in"
        raise RuntimeError(message)
    return request.user.pk


def actor(request: HttpRequest) -> Actor:
    """Return the person as the one who acts."""
    return Actor(kind="user", id=str(request.user.pk), request_id=request_id(request))


def request_id(request: HttpRequest) -> str:
    """Return the request's id, where a middleware gave it one."""
    return str(getattr(request, "request_id", "") or getattr(request, "id", ""))


def render(
    request: HttpRequest,
    desk: Desk,
    template: str,
    section: str,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Draw a page of the dashboard in its shell."""
    shell = {
        **_common(request),
        "merchant": desk.merchant,
        "memberships": [{"merchant": merchant} for merchant in desk.memberships],
        "role": desk.role,
        "desk": desk,
        "section": section,
        "nav": [
            {"name": name, "label": label, "icon": icon, "url": reverse(f"web:{name}")}
            for name, label, icon, right in _NAV
            if desk.may(right) and (name != "simulate" or settings.MODE != "live")
        ],
    }
    return django_render(request, template, {**shell, **(context or {})}, status=status)


def forbidden(request: HttpRequest, desk: Desk, right: Right) -> HttpResponse:
    """Say which roles may do this, instead of a bare no."""
    roles = [str(role) for role, rights in merchant_data.ROLES.items() if right in rights]
    return render(
        request,
        desk,
        "web/dashboard/forbidden.html",
        "",
        {"right": str(right), "roles": roles},
        status=403,
    )


def theme_of(request: HttpRequest) -> str:
    """Return the chosen appearance, or nothing to follow the system."""
    theme = request.COOKIES.get(THEME, "")
    return theme if theme in {"light", "dark"} else ""


def _common(request: HttpRequest) -> dict[str, Any]:
    return {"live": settings.MODE == "live", "theme": theme_of(request)}
