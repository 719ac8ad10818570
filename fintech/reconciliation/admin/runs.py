"""Runs in the back office: what they counted, their signed reports, what ran and what is usual."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.decorators import action

from fintech.kernel import backoffice, clock
from fintech.kernel.backoffice import ReadOnlyAdmin
from fintech.reconciliation import data, errors, queries
from fintech.reconciliation.admin import charts
from fintech.reconciliation.data import SOURCES
from fintech.reconciliation.models import Anomaly, BankProof, Run, RunTotal

_HISTORY = timedelta(days=60)


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
    actions_list = ("open_jobs", "open_history")  # type: ignore[assignment]  # unfold says (): none.

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("jobs/", view(self.jobs), name="reconciliation_jobs"),
            path("history/", view(self.history), name="reconciliation_history"),
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

    @action(description="What ran", url_path="to-jobs", permissions=["view"])
    def open_jobs(self, request: HttpRequest) -> HttpResponse:
        """Lead from the table to the jobs."""
        return redirect("admin:reconciliation_jobs")

    @action(description="Over time", url_path="to-history", permissions=["view"])
    def open_history(self, request: HttpRequest) -> HttpResponse:
        """Lead from the table to the charts."""
        return redirect("admin:reconciliation_history")

    def history(self, request: HttpRequest) -> HttpResponse:
        """Draw a source over time, its fees against the contract, and what it has not paid."""
        if not self.has_view_permission(request):
            raise Http404
        today = clock.now().date()
        source = request.GET.get("source", next(iter(SOURCES)))
        on = _day(request.GET.get("on", ""), today)
        if source not in SOURCES:
            raise Http404
        begin = on - _HISTORY
        days = queries.day_figures(source=source, begin=begin, end=on)
        odd = [one for one in queries.anomalies(source=source, limit=500) if begin <= one.on <= on]
        return TemplateResponse(
            request,
            "reconciliation/history.html",
            {
                **self.admin_site.each_context(request),
                "title": f"{source} over time",
                "source": source,
                "sources": sorted(SOURCES),
                "begin": begin,
                "on": on,
                "charts": charts.draw(days, odd),
                "fees": queries.fee_report(source=source, begin=begin, end=on),
                "unpaid": queries.settlement_ageing(source=source, today=today),
                "safeguarding": queries.safeguarding(on=on, today=today),
                "anomalies": odd,
            },
        )

    def jobs(self, request: HttpRequest) -> HttpResponse:
        """Say what ran last, what runs, and what was missed."""
        if not self.has_view_permission(request):
            raise Http404
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


def _day(text: str, otherwise: date) -> date:
    try:
        return min(date.fromisoformat(text), otherwise)
    except ValueError:
        return otherwise


def _counted(count: int, minor: Any, currency: str) -> str:
    return f"{count} · {backoffice.money(int(minor), currency)}"
