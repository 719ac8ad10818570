"""Who works for the merchant, as what, and what each role may do."""

from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django import forms as django_forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fintech.kernel import clock, event_log
from fintech.kernel.errors import Refusal
from fintech.merchants import queries as merchant_queries
from fintech.merchants import services as merchants
from fintech.merchants.data import ROLES, Right, Role
from fintech.web import forms
from fintech.web.dashboard import desk

SENTENCES = {
    Role.OWNER: "Does everything, and decides who else works here.",
    Role.FINANCE: "Takes payments, refunds them and moves wallets; sees all figures.",
    Role.SUPPORT: "Helps payers: sees payments, refunds them, decides reviews.",
    Role.DEVELOPER: "Connects programs: keys, webhooks and the request log.",
    Role.VIEWER: "Sees payments, balances and reports; changes nothing.",
}


_STREAMS = 50
_ACTS = {
    "merchant_opened": "The merchant was opened",
    "merchant_price_set": "The price was set",
    "member_added": "Was let in",
    "member_role_changed": "Was given another role",
    "member_removed": "Was removed",
    "api_key_created": "The key was made",
    "api_key_rolled": "The key was rolled",
    "api_key_revoked": "The key was revoked",
}


class InviteForm(forms.Form):
    """Somebody new."""

    email = django_forms.EmailField(
        label="Email",
        max_length=254,
        error_messages={
            "required": "Enter their email.",
            "invalid": "Enter an email in the right form, such as name@example.com.",
        },
    )
    name = django_forms.CharField(
        label="Name", max_length=100, error_messages={"required": "Enter their name."}
    )
    role = django_forms.ChoiceField(
        label="Role",
        choices=[(str(role), f"{str(role).capitalize()}: {SENTENCES[role]}") for role in Role],
        widget=django_forms.RadioSelect,
        initial=str(Role.VIEWER),
    )


@require_http_methods(["GET", "POST"])
@desk.page(Right.MANAGE_PEOPLE)
def listing(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """List people, show the matrix of rights, and invite somebody."""
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            member = merchants.invite_user(
                merchant_id=at.merchant.id,
                email=form.cleaned_data["email"],
                name=form.cleaned_data["name"],
                role=form.cleaned_data["role"],
                by=desk.actor(request),
                at=clock.now(),
            )
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request,
                f"{member.user.email} works here now. They choose a password by "
                "“Forgot your password?” at the sign-in page.",
            )
            return redirect("web:team")
    context = {
        "form": form,
        "members": _members(at),
        "roles": [(role, SENTENCES[role]) for role in Role],
        "matrix": [(right, [right in ROLES[role] for role in Role]) for right in Right],
    }
    return desk.render(
        request,
        at,
        "web/dashboard/team.html",
        "team",
        context,
        status=400 if form.errors else 200,
    )


def _members(at: desk.Desk) -> list[dict[str, Any]]:
    """Return who works here, when each was last seen, and whether a second factor is on."""
    found = merchant_queries.members(at.merchant.id)
    people = get_user_model().objects.in_bulk([one.user.id for one in found])
    proven = set(
        Authenticator.objects.filter(user_id__in=people)
        .exclude(type=Authenticator.Type.RECOVERY_CODES)
        .values_list("user_id", flat=True)
    )
    return [
        {
            "user": one.user,
            "role": one.role,
            "seen": people[one.user.id].last_login,
            "second_factor": one.user.id in proven,
        }
        for one in found
    ]


@require_GET
@desk.page(Right.MANAGE_PEOPLE)
def activity(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Show who let whom in, who made which key, and when: read from the event log."""
    members = merchant_queries.members(at.merchant.id)
    keys = merchant_queries.api_keys(at.merchant.id)
    facts = event_log.stream("merchants.merchant", at.merchant.id)
    for member in members[:_STREAMS]:
        facts += event_log.stream("merchants.membership", member.id)
    for key in keys[:_STREAMS]:
        facts += event_log.stream("merchants.api_key", key.id)
    people = {str(member.user.id): member.user.name or member.user.email for member in members}
    names = {str(key.id): key.name for key in keys}
    lines = [
        {
            "at": fact.occurred_at,
            "words": _ACTS.get(fact.name.split(".")[1], fact.name.split(".")[1].replace("_", " ")),
            "about": people.get(fact.data.get("user_id", ""))
            or names.get(fact.data.get("api_key_id", ""), ""),
            "role": fact.data.get("role", ""),
            "by": people.get(str(fact.meta.get("id", "")), "the platform"),
        }
        for fact in sorted(facts, key=lambda one: one.position, reverse=True)
    ]
    return desk.render(request, at, "web/dashboard/activity.html", "team", {"lines": lines})


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Show the pages as another role sees them, or stop that: then nothing can be changed."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("web:team"), reverse("account_login"))
    wanted = request.POST.get("role", "")
    if wanted in ROLES:
        request.session[desk.SEEN_AS] = wanted  # Of no use to who may not give roles.
        return redirect("web:home")
    request.session.pop(desk.SEEN_AS, None)
    return redirect("web:team")


@require_POST
@desk.page(Right.MANAGE_PEOPLE)
def change(request: HttpRequest, at: desk.Desk, user_id: UUID) -> HttpResponse:
    """Give somebody another role, or let them go."""
    try:
        if request.POST.get("role") == "remove":
            merchants.remove_member(
                merchant_id=at.merchant.id,
                user_id=user_id,
                by=desk.actor(request),
                at=clock.now(),
            )
            messages.success(request, "They no longer work here.")
        else:
            member = merchants.change_role(
                merchant_id=at.merchant.id,
                user_id=user_id,
                role=request.POST.get("role", ""),
                by=desk.actor(request),
                at=clock.now(),
            )
            messages.success(request, f"{member.user.email} is {member.role} now.")
    except Refusal as refusal:
        messages.warning(request, f"{refusal.message} Nothing was changed.")
    return redirect("web:team")
