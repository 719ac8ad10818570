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
from fintech.notifications.data import Endpoint
from fintech.web import forms
from fintech.web.dashboard import desk
from fintech.wire import merchant_events

_BACK = timedelta(days=7)
_PERIODS = (1, 7, 30)  # Days.
_FIELDS = {"enabled_events": "events"}  # As services name them, and as they are called here.
_SHOWN = {"failed": ("failed", "abandoned"), "waiting": ("pending",), "delivered": ("delivered",)}


_GROUPS = sorted({name.partition(".")[0] for name in merchant_events.types()})


class EndpointForm(forms.Form):
    """An address that events are sent to, and which ones."""

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
    events = django_forms.CharField(
        label="Events",
        max_length=4000,
        initial="*",
        help_text="With commas between them: * for all, a kind such as payment_intent.*, or one "
        f"such as charge.refunded. Kinds: {', '.join(_GROUPS)}.",
        error_messages={"required": "Enter which events; * is all."},
    )
    strict_order = django_forms.BooleanField(
        label="In strict order: each event of an object when the one before it has arrived",
        required=False,
    )

    def patterns(self) -> list[str]:
        """Return the events that were written."""
        written = self.cleaned_data["events"].replace("\n", ",").split(",")
        return [one.strip() for one in written if one.strip()]


class SinceForm(django_forms.Form):
    """From when on what failed is sent again."""

    PERIODS = (
        ("1", "the last hour"),
        ("24", "the last day"),
        ("168", "the last week"),
        ("720", "30 days"),
    )
    hours = django_forms.ChoiceField(choices=PERIODS, initial="168")


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
                    events=form.patterns(),
                    description=form.cleaned_data["description"],
                    is_ordered=form.cleaned_data["strict_order"],
                    key=form.key(at.merchant.id, "endpoint"),
                    by=desk.actor(request),
                    at=clock.now(),
                ).value
            except Refusal as refusal:
                form.refuse(refusal, _FIELDS)
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


@require_http_methods(["GET", "POST"])
@desk.page(Right.VIEW_WEBHOOKS)
def endpoint(request: HttpRequest, at: desk.Desk, endpoint_id: UUID) -> HttpResponse:
    """Show one endpoint, how it does and its latest deliveries; change what it listens to."""
    found = _endpoint(at, endpoint_id)
    form = EndpointForm(request.POST or None, initial=_written(found))
    if request.method == "POST":
        if not at.may(Right.MANAGE_WEBHOOKS):
            return desk.forbidden(request, at, Right.MANAGE_WEBHOOKS)
        if form.is_valid():
            try:
                notifications.update_endpoint(
                    endpoint_id=endpoint_id,
                    merchant_id=at.merchant.id,
                    url=form.cleaned_data["url"],
                    events=form.patterns(),
                    description=form.cleaned_data["description"],
                    is_ordered=form.cleaned_data["strict_order"],
                    by=desk.actor(request),
                    at=clock.now(),
                )
            except Refusal as refusal:
                form.refuse(refusal, _FIELDS)
            else:
                messages.success(request, "The endpoint is changed.")
                return redirect("web:webhook", endpoint_id=endpoint_id)
    return _endpoint_page(request, at, found, form)


def _endpoint_page(
    request: HttpRequest,
    at: desk.Desk,
    found: Endpoint,
    form: EndpointForm,
    *,
    secret: str = "",
) -> HttpResponse:
    wanted = request.GET.get("state", "")
    states = _SHOWN.get(wanted, ())
    now = clock.now()
    waiting, next_try = notification_queries.next_try(found.id, at.merchant.id)
    context = {
        "endpoint": found,
        "secret": secret,
        "form": form,
        "state": wanted if states else "",
        "states": list(_SHOWN),
        "resting": found.is_enabled and found.paused_until and found.paused_until > now,
        "tally": next(
            (
                tally
                for tally in notification_queries.tallies(at.merchant.id, since=now - _BACK)
                if tally.endpoint_id == found.id
            ),
            None,
        ),
        "waiting": waiting,
        "next_try": next_try,
        "deliveries": notification_queries.deliveries(
            at.merchant.id, endpoint_id=found.id, states=states
        ).items,
        "since": SinceForm(),
        "may_manage": at.may(Right.MANAGE_WEBHOOKS),
    }
    return desk.render(
        request,
        at,
        "web/dashboard/webhook.html",
        "webhooks",
        context,
        status=400 if form.errors else 200,
    )


@require_GET
@desk.page(Right.VIEW_WEBHOOKS)
def figures(request: HttpRequest, at: desk.Desk) -> HttpResponse:
    """Show how telling went: by channel, provider, kind of message and endpoint."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, _PERIODS) else _PERIODS[0]
    context = {
        "days": days,
        "periods": _PERIODS,
        "tallies": notification_queries.tallies(
            at.merchant.id, since=clock.now() - timedelta(days=days)
        ),
    }
    return desk.render(request, at, "web/dashboard/telling.html", "webhooks", context)


def _written(found: Endpoint) -> dict[str, object]:
    return {
        "url": found.url,
        "description": found.description,
        "events": ", ".join(found.enabled_events),
        "strict_order": found.is_ordered,
    }


@require_POST
@desk.page(Right.MANAGE_WEBHOOKS)
def change(request: HttpRequest, at: desk.Desk, endpoint_id: UUID) -> HttpResponse:
    """Switch an endpoint off or on, delete it, try it out, or send again what it did not get."""
    wanted = request.POST.get("do", "")
    try:
        if wanted == "roll":
            rolled = notifications.roll_secret(
                endpoint_id=endpoint_id,
                merchant_id=at.merchant.id,
                by=desk.actor(request),
                at=clock.now(),
            )
            # Shown in this answer and never again.
            return _endpoint_page(
                request, at, rolled, EndpointForm(initial=_written(rolled)), secret=rolled.secret
            )
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
    if wanted == "test":
        notifications.send_test_event(endpoint_id=endpoint_id, merchant_id=shop, by=by, at=now)
        return "A test event is on its way; what came of it stands below in a moment."
    if wanted == "resend":
        form = SinceForm(request.POST)
        back = timedelta(hours=int(form.cleaned_data["hours"])) if form.is_valid() else _BACK
        count = notifications.resend_failed(
            endpoint_id=endpoint_id, merchant_id=shop, since=now - back, by=by, at=now
        )
        return f"{count} that failed are on their way again."
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


def _endpoint(at: desk.Desk, endpoint_id: UUID) -> Endpoint:
    try:
        return notification_queries.endpoint(endpoint_id, at.merchant.id)
    except NotFound:
        raise Http404 from None
