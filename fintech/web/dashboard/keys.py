"""API keys: made and shown once, listed, revoked."""

from datetime import datetime
from uuid import UUID

from django import forms as django_forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from fintech.kernel import clock
from fintech.kernel.errors import Refusal
from fintech.merchants import queries as merchant_queries
from fintech.merchants import services as merchants
from fintech.merchants.data import ApiKey, NewKey, Right
from fintech.web import forms
from fintech.web.dashboard import desk

_SHOWN = "keys_shown"  # The session's forms that have made a key already.
_REMEMBERED = 20


class KeyForm(forms.Form):
    """What a key is called, and what it may do."""

    name = django_forms.CharField(
        label="Name",
        help_text="Where it is used, such as “Shop server”.",
        max_length=100,
        error_messages={"required": "Enter a name."},
    )
    kind = django_forms.ChoiceField(
        label="What may it do?",
        widget=django_forms.RadioSelect,
        initial="secret",
        choices=[
            ("secret", "Everything (secret key)"),
            ("restricted", "Take payments only (restricted key)"),
        ],
    )


_SCOPES = {"restricted": ("payments:write", "refunds:read", "customers:write")}


@require_http_methods(["GET", "POST"])
@desk.page(Right.MANAGE_KEYS)
def listing(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """List keys, and make one; its secret is shown in this answer and never again."""
    form = KeyForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        if _sent_before(request, form.cleaned_data["once"]):
            messages.info(request, "This key exists already; its secret was shown once.")
            return redirect("web:keys")
        kind = form.cleaned_data["kind"]
        try:
            made = merchants.create_api_key(
                merchant_id=at.merchant.id,
                name=form.cleaned_data["name"],
                kind=kind,
                scopes=_SCOPES.get(kind, ()),
                by=desk.actor(request),
                at=clock.now(),
            )
        except Refusal as refusal:
            form.refuse(refusal)
    return _page(request, at, KeyForm() if made else form, made)


def _page(request: HttpRequest, at: desk.Desk, form: KeyForm, made: NewKey | None) -> HttpResponse:
    now = clock.now()
    context = {
        "form": form,
        "made": made,
        "base_url": settings.BASE_URL,
        "keys": [(key, _state(key, now)) for key in merchant_queries.api_keys(at.merchant.id)],
        "once": forms.Once(),
    }
    return desk.render(
        request,
        at,
        "web/dashboard/keys.html",
        "keys",
        context,
        status=400 if form.errors else 200,
    )


def _sent_before(request: HttpRequest, once: UUID) -> bool:
    """Tell whether this form has made a key; the secret is not kept, so it cannot be shown."""
    seen: list[str] = request.session.get(_SHOWN, [])
    if str(once) in seen:
        return True
    request.session[_SHOWN] = [*seen, str(once)][-_REMEMBERED:]
    return False


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is None:
        return "active"
    return "expired" if now >= key.expires_at else "expiring"


@require_POST
@desk.page(Right.MANAGE_KEYS)
def roll(request: HttpRequest, at: desk.Desk, key_id: UUID) -> HttpResponse:
    """Make a key's successor; the old one is accepted for a while longer."""
    form = forms.Once(request.POST)
    if not form.is_valid() or _sent_before(request, form.cleaned_data["once"]):
        messages.info(request, "This key was rolled already; its new secret was shown once.")
        return redirect("web:keys")
    try:
        made = merchants.roll_api_key(
            merchant_id=at.merchant.id, key_id=key_id, by=desk.actor(request), at=clock.now()
        )
    except Refusal as refusal:
        messages.warning(request, refusal.message)
        return redirect("web:keys")
    return _page(request, at, KeyForm(), made)


@require_POST
@desk.page(Right.MANAGE_KEYS)
def revoke(request: HttpRequest, at: desk.Desk, key_id: UUID) -> HttpResponse:
    """Take a key out of force, everywhere within two seconds."""
    try:
        key = merchants.revoke_api_key(
            merchant_id=at.merchant.id, key_id=key_id, by=desk.actor(request), at=clock.now()
        )
    except Refusal as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, f"“{key.name}” is revoked; requests with it are refused now.")
    return redirect("web:keys")
