"""
Where a person says which messages they want, by a link that only their messages carry.

Nobody signs in, and no address is shown: the link names a keyed digest of it.
"""

from zoneinfo import available_timezones

from django import forms as django_forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fintech.kernel import clock
from fintech.kernel.errors import NotFound, Refusal
from fintech.notifications import data
from fintech.notifications import services as notifications
from fintech.web import forms

_KINDS = {
    data.Template.PAYMENT_RECEIPT: "Receipts of payments",
    data.Template.REFUND_RECEIPT: "Refunds",
    data.Template.REVIEW_OPENED: "Payments that wait for a decision",
}
_BY = {data.Channel.MAIL: "by mail", data.Channel.SMS: "by text message"}


class ChoicesForm(forms.Form):
    """What somebody wants, and when they are left in peace."""

    once = django_forms.UUIDField(required=False, widget=django_forms.HiddenInput)
    wanted = django_forms.MultipleChoiceField(
        label="Which messages do you want?",
        required=False,
        widget=django_forms.CheckboxSelectMultiple,
    )
    time_zone = django_forms.ChoiceField(
        label="Leave me in peace at some hours, by the clock of",
        required=False,
        help_text="Messages then wait for your morning.",
    )
    begins = django_forms.TimeField(label="From", required=False)
    ends = django_forms.TimeField(label="Until", required=False)
    opens = django_forms.BooleanField(
        label="You may see whether I open a mail. It is counted, and nothing else is kept.",
        required=False,
    )

    def clean(self) -> dict[str, object]:
        """Want both hours where a time zone is chosen."""
        said = super().clean() or self.cleaned_data
        if said.get("time_zone") and not (said.get("begins") and said.get("ends")):
            self.add_error("begins", "Say from when to when.")
        return said

    def quiet(self) -> data.Quiet | None:
        """Return the hours that were chosen, if any were."""
        said = self.cleaned_data
        if not said["time_zone"]:
            return None
        return data.Quiet(time_zone=said["time_zone"], begins=said["begins"], ends=said["ends"])


@never_cache
@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest, token: str) -> HttpResponse:
    """Show what somebody has chosen, and keep what they choose."""
    try:
        chosen = notifications.choices(token)
    except NotFound:
        raise Http404 from None
    form = _form(request, chosen)
    if request.method == "POST" and form.is_valid():
        wanted = [one.split(":") for one in form.cleaned_data["wanted"]]
        try:
            notifications.choose(
                token,
                wanted={(data.Channel(by), data.Template(kind)) for by, kind in wanted},
                quiet=form.quiet(),
                may_count_opens=form.cleaned_data["opens"],
                at=clock.now(),
            )
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Your choices are kept.")
            return redirect("web:messages", token=token)
    context = {"form": form, "live": settings.MODE == "live"}
    status = 400 if form.errors else 200
    return render(request, "web/messages.html", context, status=status)


def _form(request: HttpRequest, chosen: data.Choices) -> ChoicesForm:
    quiet = chosen.quiet
    form = ChoicesForm(
        request.POST or None,
        initial={
            "wanted": [_name(one) for one in chosen.choices if one.is_wanted],
            "time_zone": quiet.time_zone if quiet else "",
            "begins": f"{quiet.begins:%H:%M}" if quiet else "",
            "ends": f"{quiet.ends:%H:%M}" if quiet else "",
            "opens": chosen.may_count_opens,
        },
    )
    for name in ("begins", "ends"):
        form.fields[name].widget.input_type = "time"
    forms.choices(
        form,
        "wanted",
        [(_name(one), f"{_KINDS[one.kind]}, {_BY[one.channel]}") for one in chosen.choices],
    )
    forms.choices(
        form,
        "time_zone",
        [
            ("", "Nowhere: write at any hour"),
            *((one, one) for one in sorted(available_timezones())),
        ],
    )
    return form


def _name(choice: data.Choice) -> str:
    return f"{choice.channel}:{choice.kind}"
