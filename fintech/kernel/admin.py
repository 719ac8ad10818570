"""The kernel's tables for staff: the event log, cursors, keys and approvals."""

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest

from fintech.kernel import approvals, clock
from fintech.kernel.actor import Actor
from fintech.kernel.backoffice import ReadOnlyAdmin
from fintech.kernel.errors import Forbidden, Refusal
from fintech.kernel.models import Approval, Cursor, IdempotencyKey, LoggedEvent
from fintech.kernel.queues import Deed, QueueAdmin


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
class ApprovalAdmin(QueueAdmin):
    """What one person proposed and another decides."""

    queue_title = "Approvals to decide"
    queue_empty = "Nothing waits for your decision."
    queue_deeds = (
        Deed(name="approve", label="Approve and carry out", key="a"),
        Deed(name="reject", label="Reject", key="r", wants_note=True),
    )
    list_display = ("kind", "state", "maker_id", "checker_id", "proposed_at", "expires_at")
    list_filter = ("state", "kind")
    actions = ("approve", "reject")

    @admin.action(description="Approve and carry out")
    def approve(self, request: HttpRequest, queryset: QuerySet[Approval]) -> None:
        for approval in queryset:
            self._decide_by_hand(request, approval, yes=True)

    @admin.action(description="Reject")
    def reject(self, request: HttpRequest, queryset: QuerySet[Approval]) -> None:
        for approval in queryset:
            self._decide_by_hand(request, approval, yes=False)

    def queue(self, request: HttpRequest) -> QuerySet[Approval]:
        """Return what is proposed, by others than whoever decides."""
        waiting = Approval.objects.filter(state=Approval.PROPOSED, expires_at__gt=clock.now())
        return waiting.exclude(maker_id=str(request.user.pk)).order_by("proposed_at")

    def queue_heading(self, row: Approval) -> str:
        """Return what would be done."""
        return row.kind.replace(".", ": ").replace("_", " ").capitalize()

    def queue_facts(self, row: Approval) -> list[tuple[str, object]]:
        """Return who wants what done, and until when it can be."""
        maker = get_user_model().objects.filter(pk=row.maker_id).first()
        return [
            ("Proposed by", maker or row.maker_id),
            ("Proposed", f"{row.proposed_at:%-d %b %Y, %H:%M} UTC"),
            ("Can be decided until", f"{row.expires_at:%-d %b %Y, %H:%M} UTC"),
            *(
                (name.replace("_", " ").capitalize(), value)
                for name, value in sorted(row.payload.items())
            ),
        ]

    def queue_do(self, request: HttpRequest, row: Approval, deed: str, note: str) -> str:
        """Carry it out, or say no."""
        if not self._may_decide(request, row):
            raise Forbidden("Somebody with another role decides this.")
        by = Actor(kind="staff", id=str(request.user.pk))
        if deed == "approve":
            approvals.approve(approval_id=row.id, by=by, at=clock.now())
            return f"{self.queue_heading(row)}: carried out."
        approvals.reject(approval_id=row.id, reason=note, by=by, at=clock.now())
        return f"{self.queue_heading(row)}: rejected."

    def _may_decide(self, request: HttpRequest, approval: Approval) -> bool:
        needed = settings.APPROVAL_PERMISSIONS.get(approval.kind, "kernel.change_approval")
        return bool(request.user.has_perm(needed))

    def _decide_by_hand(self, request: HttpRequest, approval: Approval, *, yes: bool) -> None:
        if not self._may_decide(request, approval):
            told = f"{approval.kind}: somebody with another role decides this."
            self.message_user(request, told, messages.ERROR)
            return
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
