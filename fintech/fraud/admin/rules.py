"""Rules that staff write: as rows of a form or as text."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from unfold.decorators import action as unfold_action
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from fintech.fraud import data, queries
from fintech.fraud import services as fraud
from fintech.fraud.admin import trying
from fintech.fraud.admin.acting import staff
from fintech.fraud.admin.building import ClausesField
from fintech.fraud.models import (
    Rule,
    RuleVersion,
)
from fintech.fraud.rules import built, read, text_of
from fintech.kernel import clock
from fintech.kernel.backoffice import ReadOnlyAdmin
from fintech.kernel.errors import Refusal

_ROWS, _TEXT = "rows", "text"


class RuleForm(forms.ModelForm):
    """
    A rule as staff write it: its name and its first or next text.

    The condition is written as rows or as text; what is chosen counts, and the other is
    shown beside it the next time. A text that has no rows says so.
    """

    written = forms.ChoiceField(
        label="Written as",
        choices=[(_ROWS, "Rows"), (_TEXT, "Text")],
        widget=UnfoldAdminRadioSelectWidget(),
        initial=_ROWS,
    )
    clauses = ClausesField(
        label="Rows",
        required=False,
        help_text="A number is compared with 500, customer_mean or 3 * customer_mean; one of"
        " several has commas between; a list is named as card:block. And binds before or.",
    )
    condition = forms.CharField(
        label="Text",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="For example: amount > 3 * customer_mean and not card_seen",
    )
    points = forms.IntegerField(
        initial=0, min_value=-100, max_value=100, widget=UnfoldAdminIntegerFieldWidget()
    )
    decision = forms.ChoiceField(
        required=False,
        choices=[("", "its points only"), *((str(d), str(d)) for d in data.Decision)],
        help_text="What a hit decides by itself.",
        widget=UnfoldAdminSelectWidget(),
    )
    priority = forms.IntegerField(
        initial=0,
        min_value=0,
        max_value=1000,
        help_text="What is higher is evaluated, and told, first.",
        widget=UnfoldAdminIntegerFieldWidget(),
    )

    class Meta:
        model = Rule
        fields = ("name", "merchant_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.version and not self.instance._state.adding:
            text = RuleVersion.objects.get(rule=self.instance, number=self.instance.number)
            for name in ("condition", "points", "decision", "priority"):
                self.fields[name].initial = getattr(text, name)
            rows = built(text.condition)
            self.fields["clauses"].initial = rows
            if rows is None:
                self.fields["written"].initial = _TEXT
                self.fields[
                    "clauses"
                ].help_text = (
                    "The text has brackets, arithmetic or functions for which there are no rows."
                )

    def clean(self) -> dict[str, Any]:
        """Make one text of what was chosen, or say at which word or row it fails."""
        given: dict[str, Any] = super().clean() or {}
        field = "clauses" if given.get("written") == _ROWS else "condition"
        try:
            if field == "clauses":
                given["condition"] = text_of(given.get("clauses", []))
            else:
                read(given.get("condition", ""))
        except Refusal as refusal:
            self.add_error(field, refusal.message)
        return given


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
    fields = (
        "name", "merchant_id", "written", "clauses", "condition", "points", "decision",
        "priority", "tried",
    )  # fmt: skip
    readonly_fields = ("tried",)
    actions = ("watch", "activate", "snooze_a_day", "wake", "archive")

    actions_list = ("open_back_test",)  # type: ignore[assignment]

    def get_urls(self) -> list[URLPattern]:
        mine = path(
            "back-test/", self.admin_site.admin_view(self._back_test), name="fraud_back_test"
        )
        return [mine, *super().get_urls()]

    def _back_test(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return trying.page(request, self)

    @unfold_action(description="Back-test", url_path="to-back-test")
    def open_back_test(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:fraud_back_test")

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
            "priority": given["priority"],
        }
        by, at = staff(request), clock.now()
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
                moved = move(rule_id=rule.id, by=staff(request), at=clock.now())
            except Refusal as refusal:
                self.message_user(request, f"{rule}: {refusal.message}", messages.ERROR)
            else:
                self.message_user(request, f"{rule}: {moved.state}.")
