"""The back office's first page: how much waits in each queue, and the way to its desk."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from fintech.fraud import queries as fraud_queries
from fintech.kernel.queues import QueueAdmin


def style(_request: HttpRequest) -> str:
    """Return where the back office's own style is."""
    return static("web/back_office.css")


def home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the queues that this person may work."""
    queues = []
    if request.user.has_perm("payments.change_review"):
        cases = len(fraud_queries.cases(is_open=True))
        queues.append(("Payments to review", cases, reverse("admin:payments_review_desk")))
    queues += [
        (table.queue_title, table.queue(request).count(), reverse(f"admin:{table.queue_name}_desk"))
        for table in admin.site._registry.values()
        if isinstance(table, QueueAdmin) and request.user.has_perm(_may_work(table))
    ]
    return {**context, "queues": queues, "jobs": reverse("admin:reconciliation_jobs")}


def _may_work(table: QueueAdmin) -> str:
    """Return the permission that a desk asks for."""
    return f"{table.model._meta.app_label}.change_{table.model._meta.model_name}"
