"""Files, their rows, and what is expected of them, in the back office."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from fintech.kernel import backoffice
from fintech.kernel.backoffice import ReadOnlyAdmin
from fintech.reconciliation.data import ImportState
from fintech.reconciliation.models import (
    Batch,
    Download,
    Expectation,
    Import,
    Line,
    SetAside,
    Statement,
)


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


@admin.register(Download)
class DownloadAdmin(ReadOnlyAdmin):
    """Which day's file of which processor was had, and which is still asked for."""

    list_display = ("on", "provider", "currency", "outcome", "asked", "asked_at", "file")
    list_filter = ("provider", "outcome", "currency")
    list_select_related = ("file",)
    date_hierarchy = "on"


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
