"""Routes, costs and circuits in the back office."""

import pytest
from django.urls import reverse

from fintech.kernel import event_log, ids
from fintech.kernel.models import Approval
from fintech.payments import errors, queries
from fintech.payments import services as payments
from fintech.payments.models import ProviderCost, ProviderHold, Route
from fintech.payments.providers import circuit
from fintech.payments.services import routing
from tests.make.merchants import NOON
from tests.make.payments import BY
from tests.payments.test_admin import office

__all__ = ["office"]
pytestmark = pytest.mark.django_db(transaction=True)

ADD_ROUTE = {
    "name": "Cards of Europe",
    "position": "1",
    "currency": "eur",
    "least_minor": "1000",
    "brands": "visa, mastercard",
    "countries": "DE,FR",
    "providers": "backup, simulator",
    "order": "cheapest",
    "active": "on",
}


@pytest.fixture(autouse=True)
def circuits():
    yield
    for name in ("simulator", "backup"):
        circuit.hold(name, "")
    routing.forget()


def test_staff_write_a_route_and_change_it(office):
    office.post(reverse("admin:payments_route_add"), ADD_ROUTE)
    route = Route.objects.get()
    assert (route.currency, route.brands, route.countries, route.providers) == (
        "EUR",
        ["visa", "mastercard"],
        ["DE", "FR"],
        ["backup", "simulator"],
    )

    url = reverse("admin:payments_route_change", args=[route.id])
    assert office.get(url).status_code == 200
    office.post(url, {**ADD_ROUTE, "providers": "simulator"})

    route.refresh_from_db()
    assert (route.providers, route.version) == (["simulator"], 2)
    page = office.get(reverse("admin:payments_route_changelist")).content.decode()
    assert "Cards of Europe" in page
    assert "€10.00 to …" in page
    actors = {fact.meta["by"] for fact in event_log.stream("payments.route", route.id)}
    assert actors == {"staff"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"providers": "nobody"}, "There is no provider “nobody”."),
        ({"currency": "XYZ"}, "This must be a currency"),
        ({"currency": ""}, "Amounts need their currency."),
        ({"most_minor": "1"}, "The range ends before it begins."),
    ],
)
def test_a_route_that_cannot_be_right_is_told_in_the_form(office, changed, said):
    page = office.post(reverse("admin:payments_route_add"), {**ADD_ROUTE, **changed})
    assert said in page.content.decode()
    assert not Route.objects.exists()


def test_in_a_live_instance_a_route_is_proposed(office, settings, monkeypatch):
    from fintech.payments.providers import registry

    everywhere = {name: (make, lambda: True) for name, (make, _) in registry._KNOWN.items()}
    monkeypatch.setattr(registry, "_KNOWN", everywhere)
    monkeypatch.setattr("config.security.is_mfa_enabled", lambda _: True)
    settings.MODE = "live"
    office.post(reverse("admin:payments_route_add"), ADD_ROUTE)
    assert not Route.objects.exists()
    assert Approval.objects.get().kind == payments.ROUTE_KIND


def test_staff_say_what_a_provider_costs(office):
    cost = {"provider": "backup", "currency": "EUR", "basis_points": "90", "fixed_minor": "20"}
    office.post(reverse("admin:payments_providercost_add"), cost)
    made = ProviderCost.objects.get()
    url = reverse("admin:payments_providercost_change", args=[made.id])
    office.post(url, {"basis_points": "80", "fixed_minor": "20"})

    made.refresh_from_db()
    assert (made.provider, made.basis_points, made.fixed_minor) == ("backup", 80, 20)
    told = event_log.stream("payments.provider_cost", made.id)
    assert [fact.data["basis_points"] for fact in told] == [90, 80]
    page = office.get(reverse("admin:payments_providercost_changelist")).content.decode()
    assert "€0.20" in page


def test_staff_hold_a_provider_open_and_let_it_go(office):
    payments.keep_holds()
    row = ProviderHold.objects.get(name="simulator")
    url = reverse("admin:payments_providerhold_changelist")
    assert "closed: asked" in office.get(url).content.decode()

    office.post(url, {"action": "hold_open", "_selected_action": [str(row.id)]})

    assert "open: left alone" in office.get(url).content.decode()
    assert not circuit.admits("simulator")
    assert 'provider_circuit_state{provider="simulator"} 2.0' in (
        office.get("/metrics").content.decode()
    )
    assert queries.provider_health("simulator").held == "open"
    told = event_log.stream("payments.provider", row.id)
    assert [(fact.data["held"], fact.meta["by"]) for fact in told] == [("open", "staff")]

    office.post(url, {"action": "let_go", "_selected_action": [str(row.id)]})
    assert circuit.admits("simulator")


def test_the_last_failures_of_a_provider_are_shown(office):
    payments.keep_holds()
    circuit.failed("backup", "authorize unknown")
    row = ProviderHold.objects.get(name="backup")
    page = office.get(reverse("admin:payments_providerhold_change", args=[row.id]))
    assert "authorize unknown" in page.content.decode()


def test_a_hold_outlives_valkey(db):
    """Wiped, it is told again by the clock: the row is what is true."""
    payments.hold_provider(provider="backup", held="open", by=BY, at=NOON)
    circuit.hold("backup", "")  # As if nobody had ever said anything.
    assert circuit.admits("backup")

    payments.keep_holds()

    assert not circuit.admits("backup")


def test_a_hold_that_is_none_leaves_nothing_behind(db):
    with pytest.raises(errors.ProviderUnknown):
        payments.hold_provider(provider="nobody", held="open", by=BY, at=NOON)
    with pytest.raises(errors.ParameterInvalid):
        payments.hold_provider(provider="backup", held="ajar", by=BY, at=NOON)
    assert not ProviderHold.objects.exists()
    assert not event_log.stream("payments.provider", ids.new())
