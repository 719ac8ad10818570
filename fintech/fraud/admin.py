"""Fraud in the back office: assessments and cases to read, lists to keep."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from fintech.fraud import data, queries, serving
from fintech.fraud import services as fraud
from fintech.fraud.models import (
    Assessment,
    Case,
    ListItem,
    Outcome,
    Posture,
    Reassessment,
    Rule,
    RuleVersion,
    TrainedModel,
    VelocityLimit,
)
from fintech.fraud.rules import read
from fintech.kernel import clock
from fintech.kernel.actor import Actor
from fintech.kernel.backoffice import ReadOnlyAdmin, money
from fintech.kernel.errors import Refusal


def _reasons(assessment: Assessment) -> SafeString:
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


@admin.register(ListItem)
class ListItemAdmin(ReadOnlyAdmin):
    list_display = (
        "kind", "value", "action", "merchant_id", "reason", "expires_at", "removed_at",
    )  # fmt: skip
    list_filter = ("kind", "action", ("removed_at", admin.EmptyFieldListFilter))
    search_fields = ("value", "reason")
    ordering = ("-id",)
    fields = ("kind", "value", "action", "merchant_id", "reason", "expires_at")
    actions = ("take_off",)

    def has_add_permission(self, request: HttpRequest, obj: ListItem | None = None) -> bool:
        return bool(request.user.has_perm("fraud.add_listitem"))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "expires_at" and field is not None:
            for part, name in zip(field.widget.widgets, ("Last day", "Last hour"), strict=True):
                part.attrs["aria-label"] = name
        return field

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        try:
            answer: HttpResponse = super().add_view(request, form_url, extra_context)
        except Refusal as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
            return redirect("admin:fraud_listitem_changelist")
        return answer

    def save_model(self, request: HttpRequest, obj: Model, form: Form, change: bool) -> None:
        if not isinstance(obj, ListItem):
            raise TypeError(obj)
        made = fraud.add_to_list(
            merchant_id=obj.merchant_id,
            kind=obj.kind,
            value=obj.value,
            action=obj.action,
            reason=obj.reason,
            expires_at=obj.expires_at,
            by=_by(request),
            at=clock.now(),
        )
        obj.pk = made.id

    @admin.action(description="Take off the lists", permissions=["add"])
    def take_off(self, request: HttpRequest, queryset: QuerySet[ListItem]) -> None:
        taken = 0
        for item in queryset:
            try:
                fraud.remove_from_list(item_id=item.id, by=_by(request), at=clock.now())
            except Refusal as refusal:
                self.message_user(request, f"{item}: {refusal.message}", messages.ERROR)
            else:
                taken += 1
        if taken:
            self.message_user(request, f"Taken off: {taken}.")


@admin.register(VelocityLimit)
class VelocityLimitAdmin(ReadOnlyAdmin):
    list_display = ("name", "of", "maximum", "seconds", "decision", "merchant_id", "active")
    list_filter = ("active", "of", "decision")
    search_fields = ("name",)
    ordering = ("-id",)


class RuleForm(forms.ModelForm):
    """A rule as staff write it: its name and its first or next text."""

    condition = forms.CharField(
        widget=forms.Textarea, help_text="For example: amount > 3 * customer_mean and not card_seen"
    )
    points = forms.IntegerField(initial=0, min_value=-100, max_value=100)
    decision = forms.ChoiceField(
        required=False,
        choices=[("", "its points only"), *((str(d), str(d)) for d in data.Decision)],
        help_text="What a hit decides by itself.",
    )

    class Meta:
        model = Rule
        fields = ("name", "merchant_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.version and not self.instance._state.adding:
            text = RuleVersion.objects.get(rule=self.instance, number=self.instance.number)
            for name in ("condition", "points", "decision"):
                self.fields[name].initial = getattr(text, name)

    def clean_condition(self) -> str:
        text = str(self.cleaned_data["condition"])
        try:
            read(text)
        except Refusal as refusal:
            raise forms.ValidationError(refusal.message) from refusal
        return text


@admin.register(Rule)
class RuleAdmin(ReadOnlyAdmin):
    form = RuleForm
    list_display = (
        "name",
        "state",
        "number",
        "snoozed_until",
        "condition",
        "merchant_id",
        "created_at",
    )
    list_filter = ("state",)
    search_fields = ("name",)
    ordering = ("-id",)
    fields = ("name", "merchant_id", "condition", "points", "decision", "tried")
    readonly_fields = ("tried",)
    actions = ("watch", "activate", "snooze_a_day", "wake", "archive")

    def has_add_permission(self, request: HttpRequest, obj: Rule | None = None) -> bool:
        return bool(request.user.has_perm("fraud.add_rule"))

    def has_change_permission(self, request: HttpRequest, obj: Rule | None = None) -> bool:
        return bool(request.user.has_perm("fraud.change_rule"))

    def get_readonly_fields(self, request: HttpRequest, obj: Rule | None = None) -> tuple:
        return self.readonly_fields if obj is None else ("name", "merchant_id", "tried")

    @admin.display(description="Condition")
    def condition(self, rule: Rule) -> str:
        return RuleVersion.objects.get(rule=rule, number=rule.number).condition

    @admin.display(description="On the last 30 days")
    def tried(self, rule: Rule) -> str:
        """Return what the newest text would have done without the rule itself."""
        if rule._state.adding:
            return "Save the draft to try it."
        text = RuleVersion.objects.get(rule=rule, number=rule.number)
        now = clock.now()
        found = queries.back_test(
            condition=text.condition,
            points=text.points,
            decision=text.decision,
            since=now - timedelta(days=30),
            until=now,
            merchant_id=rule.merchant_id,
        )
        changed = ", ".join(f"{was} to {to}: {count}" for was, to, count in found.changed)
        return (
            f"{found.hits} hits in {found.assessments}; {changed or 'nothing changes'}; "
            f"fraud {found.fraud_hit} of {found.fraud}, good {found.good_hit} of {found.good}"
        )

    def save_model(self, request: HttpRequest, obj: Model, form: Form, change: bool) -> None:
        if not isinstance(obj, Rule):
            raise TypeError(obj)
        given = form.cleaned_data
        text = {
            "condition": given["condition"],
            "points": given["points"],
            "decision": given["decision"],
        }
        by, at = _by(request), clock.now()
        if change:
            fraud.revise_rule(rule_id=obj.id, **text, by=by, at=at)
        else:
            made = fraud.draft_rule(
                merchant_id=obj.merchant_id, name=obj.name, **text, by=by, at=at
            )
            obj.pk = made.id

    @admin.action(description="Watch (shadow)", permissions=["change"])
    def watch(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        self._move(request, queryset, fraud.watch_rule)

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        self._move(request, queryset, fraud.activate_rule)

    @admin.action(description="Snooze for a day", permissions=["change"])
    def snooze_a_day(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        tomorrow = clock.now() + timedelta(days=1)
        self._move(request, queryset, partial(fraud.snooze_rule, until=tomorrow))

    @admin.action(description="Wake", permissions=["change"])
    def wake(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        self._move(request, queryset, fraud.wake_rule)

    @admin.action(description="Archive", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        self._move(request, queryset, fraud.archive_rule)

    def _move(
        self, request: HttpRequest, queryset: QuerySet[Rule], move: Callable[..., data.Rule]
    ) -> None:
        for rule in queryset:
            try:
                moved = move(rule_id=rule.id, by=_by(request), at=clock.now())
            except Refusal as refusal:
                self.message_user(request, f"{rule}: {refusal.message}", messages.ERROR)
            else:
                self.message_user(request, f"{rule}: {moved.state}.")


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
                partial(fraud.watch_model, model_id=model.id, by=_by(request), at=clock.now()),
            )

    @admin.action(description="Propose as champion", permissions=["change"])
    def propose(self, request: HttpRequest, queryset: QuerySet[TrainedModel]) -> None:
        for model in queryset:
            self._try(
                request,
                f"{model} is proposed; another person approves it.",
                partial(fraud.propose_champion, model_id=model.id, by=_by(request), at=clock.now()),
            )

    @admin.action(description="Roll back to the champion before", permissions=["change"])
    def roll_back(self, request: HttpRequest, queryset: QuerySet[TrainedModel]) -> None:
        self._try(
            request,
            "The champion before decides again, or rules alone.",
            partial(fraud.roll_back_model, by=_by(request), at=clock.now()),
        )

    @admin.action(description="Retire", permissions=["change"])
    def retire(self, request: HttpRequest, queryset: QuerySet[TrainedModel]) -> None:
        for model in queryset:
            self._try(
                request,
                f"{model} is retired.",
                partial(fraud.retire_model, model_id=model.id, by=_by(request), at=clock.now()),
            )

    def _try(self, request: HttpRequest, done: str, act: Callable[[], object]) -> None:
        try:
            act()
        except Refusal as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
        else:
            self.message_user(request, done)


class PostureForm(forms.ModelForm):
    """What a merchant wants; the service checks it."""

    class Meta:
        model = Posture
        fields = (
            "merchant_id",
            "mode",
            "fails",
            "ceiling_minor",
            "challenge_at",
            "review_at",
            "block_at",
            "explore",
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        names = ("challenge_at", "review_at", "block_at")
        if all(name in given for name in names) and not (
            1 <= given["challenge_at"] <= given["review_at"] <= given["block_at"] <= _NEVER
        ):
            raise forms.ValidationError("Bands rise from 1 to 101.")
        return given


_NEVER = 101


@admin.register(Posture)
class PostureAdmin(ReadOnlyAdmin):
    form = PostureForm
    list_display = ("merchant_id", "mode", "fails", "ceiling_minor", "review_at", "block_at")
    ordering = ("id",)
    fields = PostureForm.Meta.fields

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("fraud.add_posture"))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("fraud.change_posture"))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple:
        return () if obj is None else ("merchant_id",)

    def save_model(self, request: HttpRequest, obj: Model, form: Form, change: bool) -> None:
        if not isinstance(obj, Posture):
            raise TypeError(obj)
        made = fraud.set_posture(
            merchant_id=obj.merchant_id,
            mode=obj.mode,
            fails=obj.fails,
            ceiling_minor=obj.ceiling_minor,
            bands=(obj.challenge_at, obj.review_at, obj.block_at),
            explore=obj.explore,
            by=_by(request),
            at=clock.now(),
        )
        obj.pk = Posture.objects.get(merchant_id=made.merchant_id).pk


@admin.register(Reassessment)
class ReassessmentAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "was", "decision", "score", "assessment")
    list_select_related = ("assessment",)
    ordering = ("-id",)

    @admin.display(description="Was")
    def was(self, again: Reassessment) -> str:
        return again.assessment.decision


def _by(request: HttpRequest) -> Actor:
    return Actor(kind="staff", id=str(request.user.pk))
