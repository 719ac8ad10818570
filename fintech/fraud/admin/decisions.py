"""Assessments, second looks, cases and outcomes, to read."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from fintech.fraud import queries
from fintech.fraud.models import (
    Alert,
    Assessment,
    Case,
    Outcome,
    Reassessment,
    TransferAssessment,
)
from fintech.kernel.backoffice import ReadOnlyAdmin, money


def _reasons(assessment: Assessment | TransferAssessment) -> SafeString:
    """Return the lines of a score, which sum to it."""
    lines = [
        (f"{reason.weight:+d}", str(reason), reason.code) for reason in assessment.as_data().reasons
    ]
    return format_html(
        "<table>{}</table>",
        format_html_join("", "<tr><td>{}</td><td>{}</td><td><code>{}</code></td></tr>", lines),
    )


@admin.register(Assessment)
class AssessmentAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "decision", "score", "amount", "why", "payment_id", "merchant_id")
    list_filter = ("decision", "model_version", "currency")
    search_fields = ("payment_id", "attempt_id", "card_fingerprint", "customer_id")
    ordering = ("-id",)
    readonly_fields = ("lines",)

    @admin.display(description="Amount", ordering="amount_minor")
    def amount(self, assessment: Assessment) -> str:
        return money(assessment.amount_minor, assessment.currency)

    @admin.display(description="Why")
    def why(self, assessment: Assessment) -> str:
        return ", ".join(reason["code"] for reason in assessment.reasons)

    @admin.display(description="Lines of the score")
    def lines(self, assessment: Assessment) -> SafeString:
        return _reasons(assessment)


@admin.register(TransferAssessment)
class TransferAssessmentAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "decision", "score", "amount", "why", "transfer_id",
                    "merchant_id")  # fmt: skip
    list_filter = ("decision", "model_version", "currency")
    search_fields = ("transfer_id", "source_wallet_id", "destination_wallet_id")
    ordering = ("-id",)
    readonly_fields = ("lines",)

    @admin.display(description="Amount", ordering="amount_minor")
    def amount(self, assessment: TransferAssessment) -> str:
        return money(assessment.amount_minor, assessment.currency)

    @admin.display(description="Why")
    def why(self, assessment: TransferAssessment) -> str:
        return ", ".join(reason["code"] for reason in assessment.reasons)

    @admin.display(description="Lines of the score")
    def lines(self, assessment: TransferAssessment) -> SafeString:
        return _reasons(assessment)


@admin.register(Reassessment)
class ReassessmentAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "was", "decision", "score", "assessment")
    list_select_related = ("assessment",)
    ordering = ("-id",)

    @admin.display(description="Was")
    def was(self, again: Reassessment) -> str:
        return again.assessment.decision


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    list_display = ("opened_at", "state", "disposition", "score", "pivot_value", "payment_id")
    list_filter = ("state", "disposition")
    search_fields = ("payment_id", "pivot_value", "merchant_id")
    ordering = ("-id",)
    readonly_fields = ("assessment", "related")

    @admin.display(description="What the decision saw")
    def assessment(self, case: Case) -> SafeString:
        row = Assessment.objects.get(id=case.assessment_id)
        return format_html(
            '<a href="{}">{}</a>, {}{}',
            reverse("admin:fraud_assessment_change", args=[row.id]),
            row,
            money(row.amount_minor, row.currency),
            _reasons(row),
        )

    @admin.display(description="Other cases of this card")
    def related(self, case: Case) -> SafeString | str:
        others = [
            (
                reverse("admin:fraud_case_change", args=[other.id]),
                f"{other.opened_at:%Y-%m-%d %H:%M}",
                other.disposition or other.state,
            )
            for other in queries.related(case.id)
        ]
        return format_html_join("", '<p><a href="{}">{}</a> {}</p>', others) or "None."


@admin.register(Outcome)
class OutcomeAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "payment_id", "assessment_id")
    list_filter = ("kind",)
    search_fields = ("payment_id", "card_fingerprint")
    ordering = ("-id",)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """What is, or was, out of the ordinary; the clock raises and clears it each minute."""

    list_display = ("raised_at", "kind", "said", "cleared_at")
    list_filter = ("kind", ("cleared_at", admin.EmptyFieldListFilter))
    ordering = ("-id",)
