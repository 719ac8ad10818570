"""Notifications in the back office: what was told, and the queue of dead letters."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.admin import TabularInline
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
)

from fintech.kernel import clock
from fintech.kernel.actor import Actor
from fintech.kernel.backoffice import ReadOnlyAdmin, merchant_name
from fintech.kernel.errors import Refusal
from fintech.kernel.queues import Deed, QueueAdmin
from fintech.notifications import data, queries, services
from fintech.notifications.data import DeliveryState
from fintech.notifications.models import (
    Attempt,
    DeadLetter,
    Delivery,
    Endpoint,
    MerchantEvent,
    Preference,
    ProviderHealth,
    QuietHours,
)

_SECOND_MS = 1000
_PERIODS = (1, 7, 30)  # Days.
_HEADERS = [
    "To",
    "By",
    "Sent",
    "Arrived",
    "Opened",
    "Waiting",
    "Refused",
    "Given up",
    "Tries",
    "Half within",
    "95 % within",
]
_DEAD = (DeliveryState.FAILED.value, DeliveryState.ABANDONED.value)


def _row(tally: data.Tally) -> list[str]:
    of_settled = f"{tally.delivered_per_mille // 10}.{tally.delivered_per_mille % 10} %"
    return [
        tally.url or tally.template.replace("_", " "),
        f"{tally.channel}, {tally.provider}" if tally.provider else str(tally.channel),
        str(tally.total),
        f"{tally.delivered} ({of_settled})",
        str(tally.opened) if tally.channel == data.Channel.MAIL else "–",
        str(tally.pending),
        str(tally.failed),
        str(tally.abandoned),
        str(tally.attempts),
        _duration(tally.median_ms),
        _duration(tally.p95_ms),
    ]


def _duration(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "–"
    if milliseconds < _SECOND_MS * 10:
        return f"{milliseconds} ms"
    return str(timedelta(seconds=milliseconds // _SECOND_MS))


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    list_display = ("url", "merchant_id", "enabled_events", "is_enabled", "disabled_reason")
    list_filter = ("is_enabled", "disabled_reason")
    search_fields = ("url", "merchant_id", "id")
    exclude = ("secret", "former_secret")
    ordering = ("-id",)


@admin.register(MerchantEvent)
class MerchantEventAdmin(ReadOnlyAdmin):
    list_display = ("type", "object_id", "sequence", "addressees", "merchant_id", "created_at")
    list_filter = ("type",)
    search_fields = ("object_id", "merchant_id", "subject_id", "id")
    raw_id_fields = ("previous",)
    ordering = ("-id",)


class AttemptInline(TabularInline):
    model = Attempt
    fields = ("number", "started_at", "duration_ms", "outcome", "status", "excerpt")
    readonly_fields = fields
    ordering = ("number",)
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class _Deliveries(ReadOnlyAdmin):
    list_select_related = ("event", "endpoint")
    search_fields = ("merchant_id", "id", "event__object_id", "endpoint__url")
    raw_id_fields = ("event", "endpoint")
    exclude = ("lease", "leased_until")
    inlines = (AttemptInline,)
    ordering = ("-id",)
    actions = ("send_again",)

    @admin.display(description="Event")
    def event_type(self, delivery: Delivery) -> str:
        return delivery.event.type

    @admin.display(description="Stands at")
    def stage(self, delivery: Delivery) -> str:
        if delivery.channel == data.Channel.WEBHOOK:
            return delivery.state
        return delivery.as_data().stage.replace("_", " ")

    @admin.display(description="To")
    def to(self, delivery: Delivery) -> str:
        return delivery.endpoint.url if delivery.endpoint else delivery.template

    @admin.action(description="Send again", permissions=["send"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        by = Actor(kind="staff", id=str(request.user.pk))
        sent, refused = 0, ""
        for delivery_id in chosen.order_by("id").values_list("id", flat=True):
            try:
                services.resend(delivery_id=delivery_id, by=by, at=clock.now())
                sent += 1
            except Refusal as refusal:
                refused = refusal.message
        if sent:
            self.message_user(request, f"{sent} will be sent again.", messages.SUCCESS)
        if refused:
            self.message_user(request, refused, messages.WARNING)

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Whose role it is to have messages sent again."""
        return bool(request.user.has_perm("notifications.change_delivery"))


@admin.register(Delivery)
class DeliveryAdmin(_Deliveries):
    """Every message on its way, or arrived."""

    actions_list = ("statistics",)  # type: ignore[assignment]  # unfold says (): none.

    list_display = (
        "event_type",
        "channel",
        "to",
        "stage",
        "provider",
        "attempts",
        "last_error",
        "last_status",
        "next_attempt_at",
        "created_at",
    )
    list_filter = ("state", "channel", "provider", "failure", "last_error")

    @action(description="Statistics", permissions=["view"])
    def statistics(self, request: HttpRequest) -> HttpResponse:
        """Show how telling went, by endpoint and by kind of mail."""
        asked = request.GET.get("days", "")
        period = int(asked) if asked in map(str, _PERIODS) else _PERIODS[0]
        at = clock.now()
        tallies = queries.tallies(since=at - timedelta(days=period))
        context = {
            **self.admin_site.each_context(request),
            "title": "Statistics of deliveries",
            "period": period,
            "periods": _PERIODS,
            "backlog": queries.backlog(at=at),
            "table": {"headers": _HEADERS, "rows": [_row(tally) for tally in tallies]},
        }
        return TemplateResponse(request, "notifications/admin/statistics.html", context)


@admin.register(DeadLetter)
class DeadLetterAdmin(QueueAdmin, _Deliveries):
    """The queue of messages that did not get through."""

    queue_title = "Dead letters"
    queue_empty = "Every message got through."
    queue_deeds = (Deed(name="send", label="Send again", key="s"),)

    list_display = (
        "event_type",
        "channel",
        "to",
        "last_error",
        "last_status",
        "attempts",
        "created_at",
    )
    list_filter = ("channel", "last_error", "failure", "state")
    actions_list = ("open_desk", "replay")  # type: ignore[assignment]  # As above.

    def queue(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Return what did not get through, the oldest first."""
        return self.get_queryset(request).select_related("event", "endpoint").order_by("id")

    def queue_heading(self, row: Delivery) -> str:
        """Return what was told to whom."""
        return f"{row.event.type} by {row.channel} to {self.to(row)}"

    def queue_facts(self, row: Delivery) -> list[tuple[str, object]]:
        """Return how often it was tried and what came back."""
        tries = Attempt.objects.filter(delivery_id=row.id).order_by("-number")[:3]
        return [
            ("Merchant", merchant_name(row.merchant_id)),
            ("About", row.event.object_id),
            ("Tried", f"{row.attempts} times; begun {row.created_at:%-d %b %Y, %H:%M} UTC"),
            ("The last failure", f"{row.last_error} {row.last_status or ''}".strip()),
            *(
                (f"Try {one.number}", f"{one.outcome} {one.status or ''} {one.excerpt}".strip())
                for one in tries
            ),
        ]

    def queue_do(self, request: HttpRequest, row: Delivery, deed: str, note: str) -> str:
        """Send it again."""
        by = Actor(kind="staff", id=str(request.user.pk))
        services.resend(delivery_id=row.id, by=by, at=clock.now())
        return f"{self.queue_heading(row)} will be sent again."

    @action(description="Send a range again", permissions=["view"])
    def replay(self, request: HttpRequest) -> HttpResponse:
        """Send all dead letters of a range again; over 100 a second person has to agree."""
        form = RangeForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            asked = form.cleaned_data
            resent = services.resend_range(
                since=asked["since"],
                until=asked["until"],
                cause=asked["cause"],
                channel=data.Channel(asked["channel"]) if asked["channel"] else None,
                by=Actor(kind="staff", id=str(request.user.pk)),
                at=clock.now(),
            )
            said = f"{resent.count} will be sent again."
            if resent.approval_id:
                said = f"{resent.count} will be sent again when a second person has approved it."
            self.message_user(request, said, messages.SUCCESS)
            return redirect("admin:notifications_deadletter_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": "Send a range again",
            "form": form,
        }
        return TemplateResponse(request, "notifications/admin/replay.html", context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).filter(state__in=_DEAD)


@admin.register(ProviderHealth)
class ProviderHealthAdmin(ReadOnlyAdmin):
    """Providers of mails and texts that have failed or were slow."""

    list_display = ("name", "failures", "rests_until", "slow_until")
    ordering = ("name",)


@admin.register(Preference)
class PreferenceAdmin(ReadOnlyAdmin):
    """What recipients want; an address is not kept, so none is shown."""

    list_display = ("kind", "channel", "is_wanted", "source", "changed_at")
    list_filter = ("kind", "channel", "is_wanted", "source")
    ordering = ("-changed_at",)


@admin.register(QuietHours)
class QuietHoursAdmin(ReadOnlyAdmin):
    list_display = ("time_zone", "begins", "ends")
    ordering = ("time_zone",)


class RangeForm(forms.Form):
    """Which dead letters are to be sent again."""

    since = forms.SplitDateTimeField(widget=UnfoldAdminSplitDateTimeWidget())
    until = forms.SplitDateTimeField(widget=UnfoldAdminSplitDateTimeWidget())
    channel = forms.ChoiceField(
        required=False,
        choices=[("", "All"), *((one.value, one.value) for one in data.Channel)],
        widget=UnfoldAdminSelectWidget(),
    )
    cause = forms.CharField(
        required=False, max_length=40, widget=UnfoldAdminTextInputWidget(), help_text="As listed."
    )
