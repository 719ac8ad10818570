"""Notifications in the back office: what was told, and the queue of dead letters."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline

from fintech.kernel import clock
from fintech.kernel.actor import Actor
from fintech.kernel.backoffice import ReadOnlyAdmin
from fintech.kernel.errors import Refusal
from fintech.notifications import services
from fintech.notifications.data import DeliveryState
from fintech.notifications.models import Attempt, DeadLetter, Delivery, Endpoint, MerchantEvent

_DEAD = (DeliveryState.FAILED.value, DeliveryState.ABANDONED.value)


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
        """Whoever may see deliveries as staff may have them sent again."""
        return self.has_view_permission(request)


@admin.register(Delivery)
class DeliveryAdmin(_Deliveries):
    """Every message on its way, or arrived."""

    list_display = (
        "event_type",
        "channel",
        "to",
        "state",
        "attempts",
        "last_error",
        "last_status",
        "next_attempt_at",
        "created_at",
    )
    list_filter = ("state", "channel", "last_error")


@admin.register(DeadLetter)
class DeadLetterAdmin(_Deliveries):
    list_display = (
        "event_type",
        "channel",
        "to",
        "last_error",
        "last_status",
        "attempts",
        "created_at",
    )
    list_filter = ("channel", "last_error", "state")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).filter(state__in=_DEAD)
