"""
Reconciliation in the back office: everything may be looked at, nothing changed by hand.

Breaks are the queue: what would be booked stands beside each, and each action is a service
that keeps who did it and why. Runs give their signed report; the jobs page says what ran.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.forms import ActionForm

from fintech.kernel import backoffice, clock
from fintech.kernel.actor import Actor
from fintech.kernel.backoffice import ReadOnlyAdmin
from fintech.kernel.errors import Refusal
from fintech.kernel.queues import Deed, QueueAdmin
from fintech.reconciliation import data, errors, queries, services
from fintech.reconciliation.data import ImportState, Resolution
from fintech.reconciliation.models import (
    Anomaly,
    BankProof,
    Batch,
    Break,
    Expectation,
    Import,
    Line,
    Run,
    RunTotal,
    SetAside,
    Statement,
)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = (
        "source",
        "started_at",
        "state",
        "matched",
        "opened",
        "resolved",
        "open_breaks",
        "ended_at",
        "reports",
    )
    list_filter = ("source", "state")
    date_hierarchy = "started_at"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("jobs/", view(self.jobs), name="reconciliation_jobs"),
            path(
                "<uuid:run_id>/report.<str:form>",
                view(self.report),
                name="reconciliation_run_report",
            ),
            *super().get_urls(),
        ]

    @admin.display(description="signed report")
    def reports(self, row: Run) -> str:
        links = [
            format_html('<a href="{}">{}</a>', _report_url(row.id, form), form.upper())
            for form in _FORMS
        ]
        return format_html("{} · {} · {}", *links)

    def report(self, request: HttpRequest, run_id: UUID, form: str) -> HttpResponse:
        """Give a run's report as PDF, CSV or JSON."""
        if form not in _FORMS or not self.has_view_permission(request):
            raise Http404
        try:
            told = queries.report(run_id)
        except errors.RunNotFound:
            raise Http404 from None
        write, media_type = _FORMS[form]
        return HttpResponse(
            write(told),
            content_type=media_type,
            headers={"Content-Disposition": f'attachment; filename="run-{run_id}.{form}"'},
        )

    def jobs(self, request: HttpRequest) -> HttpResponse:
        """Say what ran last, what runs, and what was missed."""
        at = clock.now()
        return TemplateResponse(
            request,
            "reconciliation/jobs.html",
            {
                **self.admin_site.each_context(request),
                "title": "Reconciliation jobs",
                "jobs": queries.jobs(at=at),
                "ages": queries.ageing(today=at.date()),
                "anomalies": queries.anomalies(limit=20),
                "safeguarding": queries.safeguarding(on=at.date(), today=at.date()),
            },
        )


_FORMS: dict[str, tuple[Callable[[data.Report], bytes], str]] = {
    "pdf": (queries.report_pdf, "application/pdf"),
    "csv": (queries.report_csv, "text/csv; charset=utf-8"),
    "json": (queries.report_json, "application/json"),
}


def _report_url(run_id: UUID, form: str) -> str:
    return reverse("admin:reconciliation_run_report", args=[run_id, form])


class _WithNote(ActionForm):
    """An action that has to be given a reason."""

    note = forms.CharField(max_length=500, required=False, label="Why")


@admin.register(RunTotal)
class RunTotalAdmin(ReadOnlyAdmin):
    list_display = (
        "run",
        "witness",
        "currency",
        "input",
        "matched",
        "broken",
        "ignored",
        "waiting",
    )
    list_filter = ("witness", "currency")
    ordering = ("-run", "witness", "currency")
    list_select_related = ("run",)

    @admin.display(description="input")
    def input(self, row: RunTotal) -> str:
        return _counted(row.input_count, row.input_minor, row.currency)

    @admin.display(description="matched")
    def matched(self, row: RunTotal) -> str:
        return _counted(row.matched_count, row.matched_minor, row.currency)

    @admin.display(description="in breaks")
    def broken(self, row: RunTotal) -> str:
        return _counted(row.broken_count, row.broken_minor, row.currency)

    @admin.display(description="ignored by rule")
    def ignored(self, row: RunTotal) -> str:
        return _counted(row.ignored_count, row.ignored_minor, row.currency)

    @admin.display(description="not due yet")
    def waiting(self, row: RunTotal) -> str:
        return _counted(row.waiting_count, row.waiting_minor, row.currency)


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
    actions = ("post_proposed", "void", "force", "mark_received", "claim", "take", "claim_csv")

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


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    list_display = (
        "name",
        "format",
        "source",
        "state",
        "lines",
        "set_aside",
        "reason",
        "created_at",
    )
    list_filter = ("state", "format")
    search_fields = ("name", "sha256")


@admin.register(Statement)
class StatementAdmin(ReadOnlyAdmin):
    list_display = ("file", "ordinal", "account", "number", "currency", "entries", "arithmetic_ok")
    list_filter = ("arithmetic_ok", "currency")
    search_fields = ("account", "number")
    list_select_related = ("file",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(file__state=ImportState.IMPORTED)


@admin.register(Line)
class LineAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "source",
        "kind",
        "gross",
        "fee",
        "net",
        "value_on",
        "reference",
        "batch",
        "place",
        "rule",
    )
    list_filter = ("place", "rule", "witness", "source", "currency")
    search_fields = ("reference", "batch")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(file__state=ImportState.IMPORTED)

    @admin.display(description="gross", ordering="gross_minor")
    def gross(self, row: Line) -> str:
        return backoffice.money(row.gross_minor, row.currency)

    @admin.display(description="fee", ordering="fee_minor")
    def fee(self, row: Line) -> str:
        return backoffice.money(row.fee_minor, row.currency)

    @admin.display(description="net", ordering="net_minor")
    def net(self, row: Line) -> str:
        return backoffice.money(row.net_minor, row.currency)


@admin.register(SetAside)
class SetAsideAdmin(ReadOnlyAdmin):
    list_display = ("file", "row", "reason", "expected", "text")
    list_select_related = ("file",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(file__state=ImportState.IMPORTED)


@admin.register(Expectation)
class ExpectationAdmin(ReadOnlyAdmin):
    list_display = ("provider", "kind", "reference", "amount", "fee", "due_on", "place", "rule")
    list_filter = ("place", "provider", "kind", "currency")
    search_fields = ("reference",)

    @admin.display(description="amount", ordering="amount_minor")
    def amount(self, row: Expectation) -> str:
        return backoffice.money(row.amount_minor, row.currency)

    @admin.display(description="expected fee", ordering="fee_minor")
    def fee(self, row: Expectation) -> str:
        return backoffice.money(row.fee_minor, row.currency)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = ("name", "source", "rows", "gross", "fee", "net", "place", "entry_id")
    list_filter = ("place", "source", "currency")
    search_fields = ("name",)

    @admin.display(description="gross", ordering="gross_minor")
    def gross(self, row: Batch) -> str:
        return backoffice.money(row.gross_minor, row.currency)

    @admin.display(description="fee", ordering="fee_minor")
    def fee(self, row: Batch) -> str:
        return backoffice.money(row.fee_minor, row.currency)

    @admin.display(description="net", ordering="net_minor")
    def net(self, row: Batch) -> str:
        return backoffice.money(row.net_minor, row.currency)


@admin.register(BankProof)
class BankProofAdmin(ReadOnlyAdmin):
    list_display = ("run", "account", "on", "closing", "booked", "unbooked", "unexplained")
    list_filter = ("account", "currency")
    list_select_related = ("run",)

    @admin.display(description="closing balance")
    def closing(self, row: BankProof) -> str:
        return backoffice.money(row.closing_minor, row.currency)

    @admin.display(description="in our books")
    def booked(self, row: BankProof) -> str:
        return backoffice.money(row.ledger_minor, row.currency)

    @admin.display(description="not booked")
    def unbooked(self, row: BankProof) -> str:
        return backoffice.money(row.unbooked_minor, row.currency)

    @admin.display(description="unexplained")
    def unexplained(self, row: BankProof) -> str:
        return backoffice.money(row.unexplained_minor, row.currency)


@admin.register(Anomaly)
class AnomalyAdmin(ReadOnlyAdmin):
    list_display = ("on", "source", "metric", "value", "expected", "score", "method")
    list_filter = ("source", "metric", "method")
    date_hierarchy = "on"


def _by(request: HttpRequest) -> Actor:
    return Actor(kind="staff", id=str(request.user.pk))


def _counted(count: int, minor: Any, currency: str) -> str:
    return f"{count} · {backoffice.money(int(minor), currency)}"


def _side(minor: int | None, currency: str) -> str:
    return "–" if minor is None else backoffice.money(minor, currency)
