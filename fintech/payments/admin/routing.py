"""Routes, costs and circuits in the back office: where attempts go, and who is left alone."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget

from fintech.kernel import clock
from fintech.kernel.actor import Actor
from fintech.kernel.backoffice import ReadOnlyAdmin, money
from fintech.kernel.errors import Refusal
from fintech.payments import data, queries
from fintech.payments import services as payments
from fintech.payments.models import ProviderCost, ProviderHold, Route

_LISTS = {
    "providers": "In the order in which they are asked, with commas between: simulator, backup",
    "brands": "Such as visa, mastercard; empty for all.",
    "countries": "Of the card, such as DE, FR; empty for all.",
}


class RouteForm(forms.ModelForm):
    """A route as staff write it; lists have commas between."""

    class Meta:
        model = Route
        fields = (
            "name", "merchant_id", "position", "currency", "least_minor", "most_minor", "brands",
            "countries", "providers", "order", "active",
        )  # fmt: skip
        labels = {"least_minor": "Smallest amount", "most_minor": "Largest amount"}
        widgets = dict.fromkeys(_LISTS, UnfoldAdminTextInputWidget())
        help_texts = {
            **_LISTS,
            "merchant_id": "Empty: for every merchant. A merchant's own routes come first.",
            "position": "Routes are tried from the lowest on; the first that fits decides.",
            "least_minor": "In minor units of the currency, itself included.",
            "most_minor": "In minor units of the currency, itself included.",
        }

    def clean(self) -> dict[str, Any]:
        """Refuse what the service would."""
        given: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                payments.check_route(self.route())
            except Refusal as refusal:
                raise forms.ValidationError(refusal.message) from refusal
        return given

    def route(self) -> data.Route:
        """Return what was written."""
        given = self.cleaned_data
        return data.Route(
            **{
                **given,
                "id": self.instance.id,
                "currency": given["currency"].upper(),
                "order": data.RouteOrder(given["order"]),
                **{name: tuple(given[name] or ()) for name in _LISTS},
            }
        )


@admin.register(Route)
class RouteAdmin(ReadOnlyAdmin):
    """In a sandbox a route is written at once; in a live instance another person agrees."""

    form = RouteForm
    list_display = (
        "name", "position", "active", "merchant_id", "currency", "amounts", "cards", "leads_to",
        "order",
    )  # fmt: skip
    list_filter = ("active", "currency", "order")
    search_fields = ("name", "merchant_id")
    ordering = ("merchant_id", "position")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("payments.add_route"))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("payments.change_route"))

    @admin.display(description="Amounts")
    def amounts(self, route: Route) -> str:
        ends = (route.least_minor, route.most_minor)
        if ends == (None, None):
            return "all"
        return " to ".join("…" if end is None else money(end, route.currency) for end in ends)

    @admin.display(description="Cards")
    def cards(self, route: Route) -> str:
        return ", ".join([*route.brands, *route.countries]) or "all"

    @admin.display(description="Leads to")
    def leads_to(self, route: Route) -> str:
        return " › ".join(route.providers)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        act = payments.propose_route if settings.MODE == "live" else payments.write_route
        act(form.route(), by=_by(request), at=clock.now())
        if settings.MODE == "live":
            said = "Proposed; another person decides under Approvals."
            self.message_user(request, said, messages.WARNING)


@admin.register(ProviderCost)
class ProviderCostAdmin(ReadOnlyAdmin):
    """What routing reckons that a provider keeps; what is booked is what the provider says."""

    list_display = ("provider", "currency", "basis_points", "fixed")
    list_filter = ("provider", "currency")
    ordering = ("provider", "currency")
    fields = ("provider", "currency", "basis_points", "fixed_minor")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("payments.add_providercost"))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("payments.change_providercost"))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["provider", "currency"] if obj else []

    @admin.display(description="Fixed part")
    def fixed(self, cost: ProviderCost) -> str:
        return money(cost.fixed_minor, cost.currency)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        if not isinstance(obj, ProviderCost):
            raise TypeError(obj)
        payments.set_provider_cost(
            provider=obj.provider,
            currency=obj.currency,
            basis_points=obj.basis_points,
            fixed_minor=obj.fixed_minor,
            by=_by(request),
            at=clock.now(),
        )


@admin.register(ProviderHold)
class ProviderHoldAdmin(ReadOnlyAdmin):
    """Each provider's circuit: how it stands, what failed last, and staff's word on it."""

    list_display = ("name", "circuit", "held", "last_failure", "lacks", "changed_at")
    ordering = ("name",)
    fields = ("name", "circuit", "held", "changed_at", "lacks", "failures")
    readonly_fields = ("circuit", "lacks", "failures")
    actions = ("hold_open", "hold_closed", "let_go")

    @admin.display(description="Circuit")
    def circuit(self, provider: ProviderHold) -> str:
        known = queries.provider_health(provider.name)
        words = {
            "closed": "closed: asked",
            "half_open": "half open: probed",
            "open": "open: left alone",
        }
        said = words[known.held or known.state]
        return said if known.shared else f"{said} (Valkey is away)"

    @admin.display(description="Can't do")
    def lacks(self, provider: ProviderHold) -> str:
        told = queries.provider_health(provider.name).lacks
        return ", ".join(what.replace("_", " ") for what in told) or "–"

    @admin.display(description="Last failure")
    def last_failure(self, provider: ProviderHold) -> str:
        known = queries.provider_health(provider.name)
        return next((f"{at:%Y-%m-%d %H:%M:%S} {what}" for at, what in known.failures), "–")

    @admin.display(description="Last failures")
    def failures(self, provider: ProviderHold) -> SafeString | str:
        told = queries.provider_health(provider.name).failures
        lines = format_html_join(
            "", "<li>{} UTC: {}</li>", [(f"{at:%Y-%m-%d %H:%M:%S}", what) for at, what in told]
        )
        return format_html("<ul>{}</ul>", lines) if told else "None."

    @admin.action(description="Hold open: nobody asks it", permissions=["view"])
    def hold_open(self, request: HttpRequest, queryset: QuerySet[ProviderHold]) -> None:
        self._hold(request, queryset, "open")

    @admin.action(description="Hold closed: it is asked whatever happens", permissions=["view"])
    def hold_closed(self, request: HttpRequest, queryset: QuerySet[ProviderHold]) -> None:
        self._hold(request, queryset, "closed")

    @admin.action(description="Let it go by itself", permissions=["view"])
    def let_go(self, request: HttpRequest, queryset: QuerySet[ProviderHold]) -> None:
        self._hold(request, queryset, "")

    def _hold(self, request: HttpRequest, queryset: QuerySet[ProviderHold], held: str) -> None:
        for provider in queryset:
            payments.hold_provider(
                provider=provider.name, held=held, by=_by(request), at=clock.now()
            )
            said = f"{provider} is held {held}." if held else f"{provider} goes by itself again."
            self.message_user(request, said, messages.SUCCESS)


def _by(request: HttpRequest) -> Actor:
    return Actor(kind="staff", id=str(request.user.pk))
