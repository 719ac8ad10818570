"""Where events are sent, and how each sending went."""

from datetime import timedelta
from uuid import UUID

from django import forms as django_forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fintech.kernel import clock
from fintech.kernel.errors import NotFound, Refusal
from fintech.merchants.data import Right
from fintech.notifications import queries as notification_queries
from fintech.notifications import services as notifications
from fintech.web import forms, signatures
from fintech.web.dashboard import desk
from fintech.wire import events as wire_events
from fintech.wire import json as wire_json

_BACK = timedelta(days=7)
_EVENTS = 25


class EndpointForm(forms.Form):
    """An address that events are sent to."""

    url = django_forms.URLField(
        label="Address",
        help_text="Events are sent here by POST, signed.",
        max_length=2048,
        assume_scheme="https",
        error_messages={
            "required": "Enter the address.",
            "invalid": "Enter a whole address, such as https://shop.example.com/events.",
        },
    )
    description = django_forms.CharField(label="Note", max_length=200, required=False)


class SignatureForm(forms.Form):
    """A delivery as it arrived, and the secret; none of it is kept."""

    header = django_forms.CharField(
        label="The signature header",
        max_length=2000,
        help_text="The whole value, such as t=1764000000,v1=5257a8…",
        error_messages={"required": "Paste the header."},
    )
    body = django_forms.CharField(
        label="The body",
        max_length=100_000,
        strip=False,
        help_text="As it came, byte for byte.",
        widget=django_forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        error_messages={"required": "Paste the body."},
    )
    secret = django_forms.CharField(
        label="The endpoint's secret",
        max_length=200,
        help_text="It begins with whsec_. It is used for this check and forgotten.",
        widget=django_forms.PasswordInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Paste the secret."},
    )


@require_http_methods(["GET", "POST"])
@desk.page(Right.VIEW_WEBHOOKS)
def check(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Check a signature step by step, as a receiver should."""
    form = SignatureForm(request.POST or None)
    steps = []
    if request.method == "POST" and form.is_valid():
        # Browsers send line breaks of a text field as CR LF; what was signed has LF.
        body = form.cleaned_data["body"].replace("\r\n", "\n")
        steps = signatures.explain(
            header=form.cleaned_data["header"],
            body=body.encode(),
            secret=form.cleaned_data["secret"],
            at=clock.now(),
        )
    context = {"form": form, "steps": steps, "all_hold": all(step.holds for step in steps)}
    return desk.render(
        request,
        at,
        "web/dashboard/signature.html",
        "webhooks",
        context,
        status=400 if form.errors else 200,
    )


@require_GET
@desk.page(Right.VIEW_WEBHOOKS)
def events(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Show what the merchant was told, newest first, as it was told."""
    after = _mark(request.GET.get("after", ""))
    page = notification_queries.events(at.merchant.id, limit=_EVENTS, after=after)
    context = {
        "events": [(one, wire_json.dumps(wire_events.render(one)).decode()) for one in page.items],
        "older": page.items[-1].id if page.has_more else "",
        "later": after is not None,
    }
    return desk.render(request, at, "web/dashboard/events.html", "webhooks", context)


def _mark(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_http_methods(["GET", "POST"])
@desk.page(Right.VIEW_WEBHOOKS)
def listing(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """List endpoints, and make one; its secret is shown in this answer."""
    form = EndpointForm(request.POST or None)
    made = None
    if request.method == "POST":
        if not at.may(Right.MANAGE_WEBHOOKS):
            return desk.forbidden(request, at, Right.MANAGE_WEBHOOKS)
        if form.is_valid():
            try:
                made = notifications.create_endpoint(
                    merchant_id=at.merchant.id,
                    url=form.cleaned_data["url"],
                    events=("*",),
                    description=form.cleaned_data["description"],
                    key=form.key(at.merchant.id, "endpoint"),
                    by=desk.actor(request),
                    at=clock.now(),
                ).value
            except Refusal as refusal:
                form.refuse(refusal)
    context = {
        "form": EndpointForm() if made else form,
        "made": made,
        "endpoints": notification_queries.endpoints(at.merchant.id).items,
        "may_manage": at.may(Right.MANAGE_WEBHOOKS),
    }
    return desk.render(
        request,
        at,
        "web/dashboard/webhooks.html",
        "webhooks",
        context,
        status=400 if form.errors else 200,
    )


@require_GET
@desk.page(Right.VIEW_WEBHOOKS)
def endpoint(request: HttpRequest, at: desk.Desk, endpoint_id: UUID) -> HttpResponse:
    """Show one endpoint and its latest deliveries."""
    context = {
        "endpoint": _endpoint(at, endpoint_id),
        "deliveries": notification_queries.deliveries(
            at.merchant.id, endpoint_id=endpoint_id
        ).items,
        "once": forms.Once(),
        "may_manage": at.may(Right.MANAGE_WEBHOOKS),
    }
    return desk.render(request, at, "web/dashboard/webhook.html", "webhooks", context)


@require_POST
@desk.page(Right.MANAGE_WEBHOOKS)
def change(request: HttpRequest, at: desk.Desk, endpoint_id: UUID) -> HttpResponse:
    """Switch an endpoint off or on, delete it, or send again what it did not get."""
    wanted = request.POST.get("do", "")
    try:
        said = _change(request, at, endpoint_id, wanted)
    except NotFound:
        raise Http404 from None
    except Refusal as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, said)
    if wanted == "delete":
        return redirect("web:webhooks")
    return redirect("web:webhook", endpoint_id=endpoint_id)


def _change(request: HttpRequest, at: desk.Desk, endpoint_id: UUID, wanted: str) -> str:
    by, now, shop = desk.actor(request), clock.now(), at.merchant.id
    if wanted == "delete":
        notifications.delete_endpoint(endpoint_id=endpoint_id, merchant_id=shop, by=by, at=now)
        return "The endpoint is gone; nothing is sent there any more."
    if wanted == "resend":
        count = notifications.resend_failed(
            endpoint_id=endpoint_id, merchant_id=shop, since=now - _BACK, by=by, at=now
        )
        return f"{count} of the last week's deliveries are on their way again."
    is_enabled = wanted == "enable"
    notifications.update_endpoint(
        endpoint_id=endpoint_id, merchant_id=shop, is_enabled=is_enabled, by=by, at=now
    )
    return "Events are sent here again." if is_enabled else "Nothing is sent here for now."


@require_POST
@desk.page(Right.MANAGE_WEBHOOKS)
def resend(request: HttpRequest, at: desk.Desk, delivery_id: UUID) -> HttpResponse:
    """Send one delivery again."""
    try:
        sent = notifications.resend(
            merchant_id=at.merchant.id,
            delivery_id=delivery_id,
            by=desk.actor(request),
            at=clock.now(),
        )
    except NotFound:
        raise Http404 from None
    except Refusal as refusal:
        messages.warning(request, refusal.message)
        return redirect("web:webhooks")
    messages.success(request, "It is on its way again.")
    return redirect("web:webhook", endpoint_id=sent.endpoint_id)


def _endpoint(at: desk.Desk, endpoint_id: UUID) -> object:
    try:
        return notification_queries.endpoint(endpoint_id, at.merchant.id)
    except NotFound:
        raise Http404 from None
