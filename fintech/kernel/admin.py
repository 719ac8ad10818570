"""The kernel's tables for staff: the event log, cursors, keys and approvals."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from fintech.kernel import approvals, clock
from fintech.kernel.actor import Actor
from fintech.kernel.backoffice import ReadOnlyAdmin
from fintech.kernel.errors import Refusal
from fintech.kernel.models import Approval, Cursor, IdempotencyKey, LoggedEvent


@admin.register(LoggedEvent)
class LoggedEventAdmin(ReadOnlyAdmin):
    list_display = ("position", "name", "stream", "version", "occurred_at", "recorded_at")
    search_fields = ("stream", "name")
    ordering = ("-position",)


@admin.register(Cursor)
class CursorAdmin(ReadOnlyAdmin):
    list_display = ("subscription", "source", "low", "high", "reached", "moved_at")


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    list_display = ("key", "command", "claimed_at", "settled_at")
    search_fields = ("key",)
    exclude = ("fingerprint",)


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ("kind", "state", "maker_id", "checker_id", "proposed_at", "expires_at")
    list_filter = ("state", "kind")
    actions = ("approve", "reject")

    @admin.action(description="Approve and carry out")
    def approve(self, request: HttpRequest, queryset: QuerySet[Approval]) -> None:
        for approval in queryset:
            self._decide(request, approval, yes=True)

    @admin.action(description="Reject")
    def reject(self, request: HttpRequest, queryset: QuerySet[Approval]) -> None:
        for approval in queryset:
            self._decide(request, approval, yes=False)

    def _decide(self, request: HttpRequest, approval: Approval, *, yes: bool) -> None:
        by = Actor(kind="staff", id=str(request.user.pk))
        try:
            if yes:
                approvals.approve(approval_id=approval.id, by=by, at=clock.now())
            else:
                approvals.reject(approval_id=approval.id, reason="", by=by, at=clock.now())
        except Refusal as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
        else:
            self.message_user(request, f"{approval.kind}: decided.")
