"""Reconciliation in the back office: everything may be looked at, nothing changed by hand."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from fintech.kernel import backoffice
from fintech.kernel.backoffice import ReadOnlyAdmin
from fintech.reconciliation.data import ImportState
from fintech.reconciliation.models import (
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
    )
    list_filter = ("source", "state")
    date_hierarchy = "started_at"


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
class BreakAdmin(ReadOnlyAdmin):
    list_display = (
        "opened_at",
        "source",
        "kind",
        "amount",
        "ours",
        "theirs",
        "reference",
        "batch",
        "state",
        "resolution",
    )
    list_filter = ("state", "kind", "source", "currency")
    search_fields = ("reference", "batch")

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


def _counted(count: int, minor: Any, currency: str) -> str:
    return f"{count} · {backoffice.money(int(minor), currency)}"


def _side(minor: int | None, currency: str) -> str:
    return "–" if minor is None else backoffice.money(minor, currency)
