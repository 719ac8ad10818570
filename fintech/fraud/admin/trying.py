"""The back-test page: rules, lists, bands and a model on what was decided before."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from fintech.fraud import data, queries, serving
from fintech.fraud.rules import read
from fintech.kernel import clock
from fintech.kernel.backoffice import money
from fintech.kernel.errors import Refusal

_MOST_ITEMS = 1_000
_NEVER = 101


class BackTestForm(forms.Form):
    """What is tried; what is left empty stays as it was."""

    days = forms.IntegerField(
        label="Days back",
        min_value=1,
        max_value=365,
        initial=30,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    merchant_id = forms.UUIDField(
        label="Merchant",
        required=False,
        help_text="Empty: everybody's payments.",
        widget=UnfoldAdminTextInputWidget(),
    )
    condition = forms.CharField(
        label="Rule",
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
        widget=UnfoldAdminSelectWidget(),
    )
    lists = forms.CharField(
        label="List items",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="One a line: action, kind and value, such as block card 0123abcd or review"
        " country KP.",
    )
    challenge, review, block = (
        forms.IntegerField(
            label=f"{word} from",
            required=False,
            min_value=1,
            max_value=_NEVER,
            widget=UnfoldAdminIntegerFieldWidget(),
        )
        for word in ("Challenge", "Review", "Block")
    )
    model = forms.ChoiceField(
        required=False, widget=UnfoldAdminSelectWidget(), help_text="In place of the champion."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fit = [one for one in queries.models() if one.schema in serving.NAMES]
        self.fields["model"].choices = [  # type: ignore[attr-defined]
            ("", "as it was"),
            *((str(one.id), f"Model {one.number} ({one.stage})") for one in fit),
        ]

    def clean_condition(self) -> str:
        """Refuse what is no condition, at its word."""
        text = str(self.cleaned_data["condition"])
        if text:
            try:
                read(text)
            except Refusal as refusal:
                raise forms.ValidationError(refusal.message) from refusal
        return text

    def clean_lists(self) -> list[data.ListDraft]:
        """Return the items that are tried."""
        lines = [line.split() for line in self.cleaned_data["lists"].splitlines() if line.strip()]
        if len(lines) > _MOST_ITEMS:
            raise forms.ValidationError(f"At most {_MOST_ITEMS} items are tried at once.")
        items = []
        for number, words in enumerate(lines, 1):
            try:
                action, kind, value = words
                items.append(
                    data.ListDraft(
                        kind=data.ListKind(kind), value=value, action=data.ListAction(action)
                    )
                )
            except ValueError as odd:
                raise forms.ValidationError(
                    f"Line {number} is not an action, a kind and a value."
                ) from odd
        return items

    def clean(self) -> dict[str, Any]:
        """Want something to try, and bands that are whole and rise."""
        given: dict[str, Any] = super().clean() or {}
        if self.errors:
            return given
        bands = [given.get(name) for name in ("challenge", "review", "block")]
        told = [band for band in bands if band is not None]
        if told and (len(told) < len(bands) or told != sorted(told)):
            raise forms.ValidationError("Bands are given all three, and rise.")
        if not (told or given["condition"] or given["lists"] or given["model"]):
            raise forms.ValidationError("There is nothing to try: a rule, a list, bands, a model.")
        return given

    def tried(self) -> data.BackTest:
        """Try it."""
        given, now = self.cleaned_data, clock.now()
        drafts = [
            data.Draft(
                condition=given["condition"], points=given["points"], decision=given["decision"]
            )
        ]
        bands = (given["challenge"], given["review"], given["block"])
        return queries.back_test_all(
            drafts=drafts if given["condition"] else (),
            lists=given["lists"],
            model_id=UUID(given["model"]) if given["model"] else None,
            bands=bands if given["block"] is not None else None,
            since=now - timedelta(days=given["days"]),
            until=now,
            merchant_id=given["merchant_id"],
        )


def page(request: HttpRequest, of: ModelAdmin) -> HttpResponse:
    """Show the form, and what came of what was tried. Nothing is changed by it."""
    form = BackTestForm(request.GET or None)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "opts": of.model._meta,
        "title": "Back-test",
        "form": form,
    }
    if form.is_bound and form.is_valid():
        try:
            context["found"] = _told(form.tried())
        except (Refusal, serving.ModelUnusable) as refusal:
            form.add_error("model" if form.cleaned_data["model"] else None, str(refusal))
    return TemplateResponse(request, "fraud/admin/back_test.html", context)


def _told(tried: data.BackTest) -> dict[str, Any]:
    missed = tried.fraud - tried.fraud_stopped
    return {
        "figures": [
            ("Decisions looked at", tried.assessments),
            ("Hits of the rule and the lists", tried.hits),
            ("Fraud that was hit", f"{tried.fraud_hit} of {tried.fraud}"),
            ("Good payments that were hit", f"{tried.good_hit} of {tried.good}"),
        ],
        "confusion": [
            ("Fraud", tried.fraud_stopped, missed, tried.fraud_stopped_then),
            (
                "Good, as said",
                tried.good_stopped,
                tried.good - tried.good_stopped,
                tried.good_stopped_then,
            ),
        ],
        "precision": _percent(tried.fraud_stopped, tried.fraud_stopped + tried.good_stopped),
        "recall": _percent(tried.fraud_stopped, tried.fraud),
        "changed": [(str(was), str(now), count) for was, now, count in tried.changed],
        "money": [
            (said, money(fraud.minor, fraud.currency), money(good.minor, good.currency))
            for said, sides in (
                ("Stopped now", tried.stopped),
                ("Let through now", tried.released),
            )
            for fraud, good in sides
            if fraud.minor or good.minor
        ],
    }


def _percent(part: int, whole: int) -> str:
    return f"{100 * part // whole} %" if whole else "nothing is labeled"
