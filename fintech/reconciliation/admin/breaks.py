"""
Breaks in the back office: a queue, and actions on several at once.

What would be booked stands beside each, and each action is a service that keeps who did it
and why.
"""

from collections.abc import Callable
from datetime import date

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.forms import ActionForm

from fintech.kernel import backoffice, clock
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.kernel.queues import Deed, QueueAdmin
from fintech.merchants import queries as merchants
from fintech.reconciliation import data, queries, services
from fintech.reconciliation.data import Resolution
from fintech.reconciliation.models import Break


class _WithNote(ActionForm):
    """An action that has to be given a reason."""

    note = forms.CharField(max_length=500, required=False, label="Why")
    until = forms.DateField(
        required=False, label="Wait until", widget=forms.DateInput(attrs={"type": "date"})
    )
    to = forms.EmailField(required=False, label="Give to (mail)")


@admin.register(Break)
class BreakAdmin(QueueAdmin):
    """Where ours and theirs differ: each ends by a service that keeps who did it and why."""

    queue_title = "Breaks to resolve"
    queue_empty = "Everything agrees, or waits for its day."
    queue_deeds = (
        Deed(name="post_adjustment", label="Post the proposed entry", key="p", wants_note=True),
        Deed(name="force_match", label="Join the two", key="j", wants_note=True),
        Deed(name="mark_received", label="Received another way", key="r", wants_note=True),
        Deed(name="claim_at_processor", label="Claim it", key="c", wants_note=True),
        Deed(name="void", label="Void", key="v", wants_note=True),
    )
    list_display = (
        "opened_at",
        "source",
        "kind",
        "amount",
        "ours",
        "theirs",
        "reference",
        "batch",
        "would_post",
        "state",
        "resolution",
        "assigned_to",
        "wait_until",
    )
    list_filter = ("state", "kind", "source", "currency", "leg")
    search_fields = ("reference", "batch")
    action_form = _WithNote
    actions = (
        "post_proposed",
        "link",
        "wait",
        "force",
        "mark_received",
        "void",
        "claim",
        "claim_csv",
        "take",
        "give",
    )

    def queue(self, request: HttpRequest) -> QuerySet[Break]:
        """Return what is open, not proposed, not put off, and nobody else's."""
        today = clock.now().date()
        return Break.objects.filter(
            Q(assigned_to=None) | Q(assigned_to=request.user.pk),
            Q(wait_until=None) | Q(wait_until__lte=today),
            state="open",
            approval_id=None,
        ).order_by("opened_at", "id")

    def queue_claimed(self, request: HttpRequest, row: Break) -> None:
        """Write down who looks at it."""
        if row.assigned_to is None:
            services.assign(break_id=row.id, to=request.user.pk, by=_by(request), at=clock.now())

    def queue_heading(self, row: Break) -> str:
        """Return the kind and the difference."""
        kind = row.kind.replace("_", " ").capitalize()
        return f"{kind}: {backoffice.money(row.amount_minor, row.currency)} at {row.source}"

    def queue_facts(self, row: Break) -> list[tuple[str, object]]:
        """Return both sides, and what would be booked."""
        return [
            ("Ours", self.ours(row)),
            ("Theirs", self.theirs(row)),
            ("Reference", row.reference or "–"),
            ("Batch", row.batch or "–"),
            ("Open since", f"{row.opened_at:%-d %b %Y, %H:%M} UTC"),
            ("Would post", self.would_post(row)),
            *((f"Best guess, {points} of 100", what) for points, what in self.guesses(row)),
        ]

    def guesses(self, row: Break) -> list[tuple[int, str]]:
        """Return what it might belong to, best first; joined by the action Link."""
        return [
            (
                one.points,
                f"{one.reference or 'unnamed'}, "
                f"{backoffice.money(one.amount.minor, one.amount.currency)}"
                + (f", {one.on:%-d %b %Y}" if one.on else ""),
            )
            for one in queries.suggestions(row.id, limit=3)
        ]

    def queue_do(self, request: HttpRequest, row: Break, deed: str, note: str) -> str:
        """Resolve it, or propose that to a second person where the amount is large."""
        done = services.resolve(
            break_id=row.id,
            resolution=Resolution(deed),
            note=note,
            by=_by(request),
            at=clock.now(),
        )
        is_done = done.approval_id is None or done.state == "resolved"
        return "Resolved." if is_done else "Proposed: a second person decides, under Approvals."

    @admin.display(description="would post")
    def would_post(self, row: Break) -> str:
        if row.state != "open":
            return ""
        if row.approval_id is not None:
            return "waits for a second person, under Approvals"
        try:
            told = services.proposal(row.id, at=clock.now())
        except Refusal:
            return "–"
        return "; ".join(
            f"{'Dr' if line.debit else 'Cr'} {line.address} "
            f"{backoffice.money(line.amount.minor, line.amount.currency)}"
            for line in told.lines
        )

    @admin.action(description="Post the proposed entry", permissions=["view"])
    def post_proposed(self, request: HttpRequest, queryset: QuerySet[Break]) -> None:
        self._resolve(request, queryset, Resolution.POST_ADJUSTMENT)

    @admin.action(description="Void: needs no counterpart", permissions=["view"])
    def void(self, request: HttpRequest, queryset: QuerySet[Break]) -> None:
        self._resolve(request, queryset, Resolution.VOID)

    @admin.action(description="Join the two although they differ", permissions=["view"])
    def force(self, request: HttpRequest, queryset: QuerySet[Break]) -> None:
        self._resolve(request, queryset, Resolution.FORCE_MATCH)

    @admin.action(description="Received another way", permissions=["view"])
    def mark_received(self, request: HttpRequest, queryset: QuerySet[Break]) -> None:
        self._resolve(request, queryset, Resolution.MARK_RECEIVED)

    @admin.action(description="Claimed at the processor", permissions=["view"])
    def claim(self, request: HttpRequest, queryset: QuerySet[Break]) -> None:
        self._resolve(request, queryset, Resolution.CLAIM_AT_PROCESSOR)

    @admin.action(description="Link: these two belong together, or a split", permissions=["view"])
    def link(self, request: HttpRequest, queryset: QuerySet[Break]) -> None:
        rows = list(queryset.order_by("id")[:3])
        if len(rows) not in {1, 2}:
            self.message_user(request, "Choose the two that belong together.", messages.ERROR)
            return
        self._try(
            request,
            rows[0],
            lambda: services.resolve(
                break_id=rows[0].id,
                resolution=Resolution.LINK,
                other_id=rows[1].id if len(rows) > 1 else None,
                note=request.POST.get("note", ""),
                by=_by(request),
                at=clock.now(),
            ),
        )

    @admin.action(description="Wait until that day", permissions=["view"])
    def wait(self, request: HttpRequest, queryset: QuerySet[Break]) -> None:
        try:
            until = date.fromisoformat(request.POST.get("until", ""))
        except ValueError:
            self.message_user(request, "Until which day?", messages.ERROR)
            return
        for row in queryset:
            self._try(
                request,
                row,
                lambda row=row: services.wait(  # type: ignore[misc]
                    break_id=row.id,
                    until=until,
                    note=request.POST.get("note", ""),
                    by=_by(request),
                    at=clock.now(),
                ),
            )

    @admin.action(description="Give to a colleague; without a mail to nobody", permissions=["view"])
    def give(self, request: HttpRequest, queryset: QuerySet[Break]) -> None:
        mail = request.POST.get("to", "").strip()
        person = merchants.user_by_email(mail) if mail else None
        if mail and (person is None or not person.is_staff):
            self.message_user(request, f"Nobody here has the mail {mail}.", messages.ERROR)
            return
        for row in queryset:
            self._try(
                request,
                row,
                lambda row=row: services.assign(  # type: ignore[misc]
                    break_id=row.id,
                    to=None if person is None else person.id,
                    by=_by(request),
                    at=clock.now(),
                ),
            )

    @admin.action(description="Take: I look at it", permissions=["view"])
    def take(self, request: HttpRequest, queryset: QuerySet[Break]) -> None:
        person = getattr(request.user, "pk", None)
        for row in queryset:
            self._try(
                request,
                row,
                lambda row=row: services.assign(  # type: ignore[misc]
                    break_id=row.id, to=person, by=_by(request), at=clock.now()
                ),
            )

    @admin.action(description="Claim file (CSV)", permissions=["view"])
    def claim_csv(self, request: HttpRequest, queryset: QuerySet[Break]) -> HttpResponse | None:
        sources = {row.source for row in queryset}
        if len(sources) != 1:
            self.message_user(request, "A claim goes to one processor.", messages.ERROR)
            return None
        content = queries.claim_file(source=sources.pop(), break_ids=[row.id for row in queryset])
        return HttpResponse(
            content,
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="claims.csv"'},
        )

    def _resolve(self, request: HttpRequest, queryset: QuerySet[Break], how: Resolution) -> None:
        for row in queryset:
            self._try(
                request,
                row,
                lambda row=row: services.resolve(  # type: ignore[misc]
                    break_id=row.id,
                    resolution=how,
                    note=request.POST.get("note", ""),
                    by=_by(request),
                    at=clock.now(),
                ),
            )

    def _try(self, request: HttpRequest, row: Break, work: Callable[[], data.Break]) -> None:
        try:
            done = work()
        except Refusal as refusal:
            self.message_user(request, f"{row}: {refusal.message}", messages.ERROR)
            return
        said = "done" if done.approval_id is None or done.state == "resolved" else "proposed"
        self.message_user(request, f"{row}: {said}", messages.SUCCESS)

    @admin.display(description="difference", ordering="amount_minor")
    def amount(self, row: Break) -> str:
        return backoffice.money(row.amount_minor, row.currency)

    @admin.display(description="ours")
    def ours(self, row: Break) -> str:
        return _side(row.ours_minor, row.currency)

    @admin.display(description="theirs")
    def theirs(self, row: Break) -> str:
        return _side(row.theirs_minor, row.currency)


def _by(request: HttpRequest) -> Actor:
    return Actor(kind="staff", id=str(request.user.pk))


def _side(minor: int | None, currency: str) -> str:
    return "–" if minor is None else backoffice.money(minor, currency)
