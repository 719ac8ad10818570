"""Trained models: watched, proposed, rolled back."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from fintech.fraud import data, queries, serving
from fintech.fraud import services as fraud
from fintech.fraud.admin.acting import staff
from fintech.fraud.models import (
    TrainedModel,
)
from fintech.kernel import clock
from fintech.kernel.backoffice import ReadOnlyAdmin
from fintech.kernel.errors import Refusal


def _drift(model: data.TrainedModel, at: datetime) -> float | None:
    try:
        return queries.drift(model, until=at)
    except serving.ModelUnusable:
        return None


@admin.register(TrainedModel)
class TrainedModelAdmin(ReadOnlyAdmin):
    list_display = ("number", "stage", "schema", "source", "precision", "passed", "created_at")
    list_filter = ("stage", "schema")
    ordering = ("-number",)
    actions = ("watch", "propose", "roll_back", "retire")
    list_after_template = "fraud/admin/maturity.html"  # type: ignore[assignment]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show beside the models how far labels have come, and whether payments have changed."""
        at = clock.now()
        maturity = queries.label_maturity(at=at)
        deciding = [
            model
            for stage in (data.ModelStage.CHAMPION, data.ModelStage.SHADOW)
            for model in queries.models(stage=stage)
        ]
        told = {
            "maturity": maturity,
            "matures_days": queries.MATURES.days,
            "drift": [(model, _drift(model, at)) for model in deciding],
            "drifted": serving.DRIFTED,
            "weeks": {
                "headers": ["Weeks ago", "Decisions", "Fraud", "Good, as said", "Mature"],
                "rows": [
                    [
                        week.weeks_ago,
                        week.decisions,
                        week.fraud,
                        week.said_good,
                        "yes" if week.is_mature else "not yet",
                    ]
                    for week in maturity.weeks
                ],
            },
        }
        shown: HttpResponse = super().changelist_view(request, {**told, **(extra_context or {})})
        return shown

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("fraud.change_trainedmodel"))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [field.name for field in TrainedModel._meta.fields]

    @admin.display(description="Average precision")
    def precision(self, model: TrainedModel) -> str:
        return f"{model.metrics.get('average_precision', 0):.3f}"

    @admin.display(description="Gates", boolean=True)
    def passed(self, model: TrainedModel) -> bool:
        return all(model.gates.values())

    @admin.action(description="Watch (shadow)", permissions=["change"])
    def watch(self, request: HttpRequest, queryset: QuerySet[TrainedModel]) -> None:
        for model in queryset:
            self._try(
                request,
                f"{model} watches.",
                partial(fraud.watch_model, model_id=model.id, by=staff(request), at=clock.now()),
            )

    @admin.action(description="Propose as champion", permissions=["change"])
    def propose(self, request: HttpRequest, queryset: QuerySet[TrainedModel]) -> None:
        for model in queryset:
            self._try(
                request,
                f"{model} is proposed; another person approves it.",
                partial(
                    fraud.propose_champion, model_id=model.id, by=staff(request), at=clock.now()
                ),
            )

    @admin.action(description="Roll back to the champion before", permissions=["change"])
    def roll_back(self, request: HttpRequest, queryset: QuerySet[TrainedModel]) -> None:
        self._try(
            request,
            "The champion before decides again, or rules alone.",
            partial(fraud.roll_back_model, by=staff(request), at=clock.now()),
        )

    @admin.action(description="Retire", permissions=["change"])
    def retire(self, request: HttpRequest, queryset: QuerySet[TrainedModel]) -> None:
        for model in queryset:
            self._try(
                request,
                f"{model} is retired.",
                partial(fraud.retire_model, model_id=model.id, by=staff(request), at=clock.now()),
            )

    def _try(self, request: HttpRequest, done: str, act: Callable[[], object]) -> None:
        try:
            act()
        except Refusal as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
        else:
            self.message_user(request, done)
