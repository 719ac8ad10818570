"""
What pages keep, for staff: timelines of payments, files in the background, kept views.

A payment's timeline here is the merchant's own, with the journal, the risk decision and the
messages; every other table leads to it.
"""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from fintech.kernel.backoffice import ReadOnlyAdmin, merchant_name, money
from fintech.web import pills
from fintech.web.dashboard import story
from fintech.web.models import Export, Payment, View


@admin.register(Payment)
class TimelineAdmin(ReadOnlyAdmin):
    """The payments list as merchants see it; a row opens its timeline."""

    list_display = ("__str__", "looks", "amount", "card", "score", "merchant_id", "created_at")
    list_filter = ("state", "currency", "decision")
    search_fields = ("id", "merchant_id", "customer_id", "last4")
    ordering = ("-created_at", "-id")

    @admin.display(description="Status", ordering="state")
    def looks(self, row: Payment) -> str:
        """Return the word that the merchant reads."""
        return pills.pill("payment", _pill(row)).word

    @admin.display(description="Amount", ordering="amount_minor")
    def amount(self, row: Payment) -> str:
        """Return the amount for people."""
        return money(row.amount_minor, row.currency)

    @admin.display(description="Card", ordering="last4")
    def card(self, row: Payment) -> str:
        """Return the card's last four."""
        return f"···· {row.last4}" if row.last4 else "–"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Tell the payment's story instead of listing columns."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = _row(object_id)
        amount, merchant = money(row.amount_minor, row.currency), merchant_name(row.merchant_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": f"{amount} for {merchant}",
            "row": row,
            "pill": pills.pill("payment", _pill(row)),
            "steps": story.of(row.id, row.merchant_id).steps,
        }
        return TemplateResponse(request, "web/admin/timeline.html", context)


def _row(object_id: str) -> Payment:
    try:
        return Payment.objects.get(pk=UUID(object_id))
    except (Payment.DoesNotExist, ValueError):
        raise Http404 from None


def _pill(row: Payment) -> str:
    return pills.of_payment(
        state=row.state,
        captured_minor=row.captured_minor,
        refunded_minor=row.refunded_minor,
        decline_code=row.decline_code,
    )


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    list_display = ("listing", "form", "state", "rows_done", "merchant_id", "created_at")
    list_filter = ("state", "listing", "form")
    search_fields = ("id", "merchant_id", "user_id")
    ordering = ("-id",)


@admin.register(View)
class ViewAdmin(ReadOnlyAdmin):
    list_display = ("name", "listing", "query", "merchant_id")
    list_filter = ("listing",)
    search_fields = ("name__icontains", "merchant_id", "user_id")
    ordering = ("-id",)
