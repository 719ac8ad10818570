"""Wordings in the back office: written beside a preview, looked at with what really happened."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget

from fintech.kernel import clock, ids
from fintech.kernel.actor import Actor
from fintech.kernel.backoffice import ReadOnlyAdmin, merchant_name
from fintech.kernel.errors import Refusal
from fintech.notifications import data, queries, services
from fintech.notifications.channels import variables
from fintech.notifications.models import Wording

_PREVIEW = "_preview"  # The button of the form that saves nothing.


class WordingForm(forms.ModelForm):
    """A wording as staff write it: the rows one per line, a label, a colon and a sentence."""

    lines = forms.CharField(
        required=False,
        label="Rows",
        widget=UnfoldAdminTextareaWidget(),
        help_text="One per line: a label, a colon, a sentence with {names}.",
    )

    class Meta:
        model = Wording
        fields = ("kind", "channel", "language", "subject", "lead", "figure", "closing")

    def draft(self) -> data.Draft:
        """Return what was written as a value."""
        written = self.cleaned_data
        rows = [line.partition(":") for line in written["lines"].splitlines() if line.strip()]
        return data.Draft(
            kind=data.Template(written["kind"]),
            channel=data.Channel(written["channel"]),
            language=written["language"],
            text=data.Text(
                subject=written["subject"],
                lead=written["lead"],
                figure=written["figure"],
                rows=tuple((label.strip(), sentence.strip()) for label, _, sentence in rows),
                closing=written["closing"],
            ),
        )

    def clean(self) -> dict[str, Any]:
        """Refuse what the service would refuse, beside the form."""
        written: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            draft = self.draft()
            try:
                services.check_wording(
                    kind=draft.kind,
                    channel=draft.channel,
                    language=draft.language,
                    text=draft.text,
                )
            except Refusal as refusal:
                raise forms.ValidationError(refusal.message) from refusal
        return written


@admin.register(Wording)
class WordingAdmin(ReadOnlyAdmin):
    """What mails say. A new version is added; none is ever changed."""

    form = WordingForm
    list_display = ("kind", "channel", "language", "number", "is_current", "subject", "created_at")
    list_filter = ("kind", "language", "is_current")
    ordering = ("kind", "language", "-number")
    fields = ("kind", "channel", "language", "subject", "lead", "figure", "lines", "closing")
    actions_detail = ("preview", "send_me_a_test")  # type: ignore[assignment]  # unfold says ().
    change_form_after_template = "notifications/admin/drafting.html"  # type: ignore[assignment]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("notifications.add_wording"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return self.fields
        return (
            "kind",
            "channel",
            "language",
            "number",
            "is_current",
            "subject",
            "lead",
            "figure",
            "rows",
            "closing",
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the form; with the preview's button, what was written so far and how it looks."""
        context = {**(extra_context or {}), "declared": _declared()}
        if object_id is None and request.method == "POST" and _PREVIEW in request.POST:
            context |= self._looked_at(request)
            request.method = "GET"  # What was written is shown again, and nothing is saved.
        return super().changeform_view(request, object_id, form_url, context)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what a draft holds, or a wording that a new version begins from."""
        written = request.POST if _PREVIEW in request.POST else request.GET
        return {name: written[name] for name in self.fields if name in written}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        draft = form.draft()
        saved = services.save_wording(
            kind=draft.kind,
            channel=draft.channel,
            language=draft.language,
            text=draft.text,
            by=Actor(kind="staff", id=str(request.user.pk)),
            at=clock.now(),
        )
        obj.pk, obj.number, obj.created_at = saved.id, saved.number, saved.created_at

    def _looked_at(self, request: HttpRequest) -> dict[str, Any]:
        form = WordingForm(request.POST)
        of = request.POST.get("of", "")
        if not form.is_valid():
            refused = [message for found in form.errors.values() for message in found]
            return {"of": of, "refused": refused}
        draft = form.draft()
        return {"of": of, "samples": _samples(draft.kind), **_shown(draft, of)}

    @action(description="Preview", permissions=["view"])
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what really happened as this wording says it; which, is chosen on the page."""
        wording = queries.wording(UUID(object_id))
        of = request.GET.get("of", "")
        context = {
            **self.admin_site.each_context(request),
            "title": str(Wording.objects.get(id=wording.id)),
            "wording": wording,
            "of": of,
            "samples": _samples(wording.kind),
            **_shown(wording, of),
        }
        return TemplateResponse(request, "notifications/admin/preview.html", context)

    @action(description="Send me a test", permissions=["view"])
    def send_me_a_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send the preview to whoever looks at it."""
        to = request.user.get_username()
        wording = queries.wording(UUID(object_id))
        try:
            services.send_test(wording, to=to, of=request.GET.get("of", ""))
        except Refusal as refusal:
            return self._back(request, object_id, refusal.message, messages.WARNING)
        return self._back(request, object_id, f"Sent to {to}.", messages.SUCCESS)

    def _back(self, request: HttpRequest, object_id: str, said: str, level: int) -> HttpResponse:
        self.message_user(request, said, level)
        return redirect("admin:notifications_wording_change", object_id)


def _shown(draft: data.Draft, of: str) -> dict[str, Any]:
    try:
        return {"preview": services.preview(draft, of=of)}
    except Refusal as refusal:
        return {"refused": [refusal.message]}


def _samples(kind: data.Template) -> list[tuple[str, str]]:
    """Return what a wording can be looked at with: an event, and what a person knows it by."""
    return [
        (
            ids.public("evt", one.event_id),
            f"{one.created_at:%d %b %Y %H:%M} · {merchant_name(one.merchant_id)} · {one.object_id}",
        )
        for one in queries.samples(kind)
    ]


def _declared() -> list[Mapping[str, Any]]:
    """Return what each kind can say, for whoever writes."""
    return [
        {"kind": kind, "channel": channel, "variables": variables.of(kind, channel)}
        for kind in data.Template
        for channel in (data.Channel.MAIL, data.Channel.SMS)
        if variables.of(kind, channel)
    ]
