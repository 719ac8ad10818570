"""Who works for the merchant, as what, and what each role may do."""

from uuid import UUID

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from fintech.kernel import clock
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
        "members": merchant_queries.members(at.merchant.id),
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
