"""What a merchant was told: the list, one event as it is sent, and its signature explained."""

import json
from uuid import UUID

from django import forms as django_forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from fintech.kernel import clock
from fintech.kernel.errors import NotFound, Refusal
from fintech.merchants.data import Right
from fintech.notifications import queries as notification_queries
from fintech.notifications import services as notifications
from fintech.notifications.data import Event
from fintech.web import forms, signatures
from fintech.web.dashboard import desk
from fintech.wire import events as wire_events
from fintech.wire import json as wire_json

_EVENTS = 25


class CopyForm(forms.Form):
    """A copy of an event for one endpoint, changed at will; in a sandbox only."""

    endpoint = django_forms.ChoiceField(label="Endpoint")
    body = django_forms.CharField(
        label="The object",
        max_length=100_000,
        widget=django_forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
        error_messages={"required": "The object is a JSON object."},
    )

    def clean_body(self) -> dict[str, object]:
        """Read the object."""
        try:
            read = json.loads(self.cleaned_data["body"])
        except ValueError as wrong:
            raise django_forms.ValidationError(f"This is no JSON: {wrong}.") from None
        if not isinstance(read, dict):
            raise django_forms.ValidationError("The object is a JSON object.")
        return read


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
def listing(request: HttpRequest, at: desk.Desk) -> HttpResponse:
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
def event(request: HttpRequest, at: desk.Desk, event_id: UUID) -> HttpResponse:
    """Show one event as it is sent, where it went, and in a sandbox send a changed copy."""
    try:
        found = notification_queries.event(event_id, at.merchant.id)
    except NotFound:
        raise Http404 from None
    listening = notification_queries.endpoints(at.merchant.id).items
    may_copy = at.may(Right.MANAGE_WEBHOOKS) and settings.MODE != "live"
    form = CopyForm(
        request.POST or None,
        initial={"body": json.dumps(found.object, indent=2, ensure_ascii=False)},
    )
    forms.choices(form, "endpoint", [(str(one.id), one.url) for one in listening if one.is_enabled])
    if request.method == "POST":
        if not may_copy:
            return desk.forbidden(request, at, Right.MANAGE_WEBHOOKS)
        if form.is_valid():
            endpoint_id = UUID(form.cleaned_data["endpoint"])
            try:
                notifications.send_copy(
                    event_id=event_id,
                    endpoint_id=endpoint_id,
                    merchant_id=at.merchant.id,
                    changed=form.cleaned_data["body"],
                    by=desk.actor(request),
                    at=clock.now(),
                )
            except Refusal as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, "The copy is on its way; it is an event of its own.")
                return redirect("web:webhook", endpoint_id=endpoint_id)
    context = {
        "event": found,
        "sent": json.dumps(json.loads(_body(found)), indent=2, ensure_ascii=False),
        "deliveries": notification_queries.deliveries(at.merchant.id, event_id=event_id).items,
        "form": form,
        "may_copy": may_copy and bool(listening),
        "may_manage": at.may(Right.MANAGE_WEBHOOKS),
    }
    return desk.render(
        request,
        at,
        "web/dashboard/event.html",
        "webhooks",
        context,
        status=400 if form.errors else 200,
    )


def _body(found: Event) -> bytes:
    return wire_json.dumps(wire_events.render(found, pending_webhooks=1))
