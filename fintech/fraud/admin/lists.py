"""Lists and velocity limits."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from fintech.fraud import services as fraud
from fintech.fraud.admin.acting import staff
from fintech.fraud.models import (
    ListItem,
    VelocityLimit,
)
from fintech.kernel import clock
from fintech.kernel.backoffice import ReadOnlyAdmin
from fintech.kernel.errors import Refusal


@admin.register(ListItem)
class ListItemAdmin(ReadOnlyAdmin):
    list_display = (
        "kind", "value", "action", "merchant_id", "reason", "expires_at", "removed_at",
    )  # fmt: skip
    list_filter = ("kind", "action", ("removed_at", admin.EmptyFieldListFilter))
    search_fields = ("value", "reason")
    ordering = ("-id",)
    fields = ("kind", "value", "action", "merchant_id", "reason", "expires_at")
    actions = ("take_off",)

    def has_add_permission(self, request: HttpRequest, obj: ListItem | None = None) -> bool:
        return bool(request.user.has_perm("fraud.add_listitem"))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "expires_at" and field is not None:
            for part, name in zip(field.widget.widgets, ("Last day", "Last hour"), strict=True):
                part.attrs["aria-label"] = name
        return field

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        try:
            answer: HttpResponse = super().add_view(request, form_url, extra_context)
        except Refusal as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
            return redirect("admin:fraud_listitem_changelist")
        return answer

    def save_model(self, request: HttpRequest, obj: Model, form: Form, change: bool) -> None:
        if not isinstance(obj, ListItem):
            raise TypeError(obj)
        made = fraud.add_to_list(
            merchant_id=obj.merchant_id,
            kind=obj.kind,
            value=obj.value,
            action=obj.action,
            reason=obj.reason,
            expires_at=obj.expires_at,
            by=staff(request),
            at=clock.now(),
        )
        obj.pk = made.id

    @admin.action(description="Take off the lists", permissions=["add"])
    def take_off(self, request: HttpRequest, queryset: QuerySet[ListItem]) -> None:
        taken = 0
        for item in queryset:
            try:
                fraud.remove_from_list(item_id=item.id, by=staff(request), at=clock.now())
            except Refusal as refusal:
                self.message_user(request, f"{item}: {refusal.message}", messages.ERROR)
            else:
                taken += 1
        if taken:
            self.message_user(request, f"Taken off: {taken}.")


@admin.register(VelocityLimit)
class VelocityLimitAdmin(ReadOnlyAdmin):
    list_display = ("name", "of", "maximum", "seconds", "decision", "merchant_id", "active")
    list_filter = ("active", "of", "decision")
    search_fields = ("name",)
    ordering = ("-id",)
