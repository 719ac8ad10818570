"""Routes: which provider an attempt goes to, by what it is for, what it costs and how it does."""

from dataclasses import replace

import pytest
from django.db import IntegrityError

from fintech.kernel import approvals, event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.money import Money
from fintech.payments import data, errors
from fintech.payments import services as payments
from fintech.payments.data import PaymentState, RouteOrder
from fintech.payments.models import Attempt, Route
from fintech.payments.providers import circuit, registry
from fintech.payments.services import routing
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur
from tests.payments.providers.fake import FakeAcquirer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def backup(acquirer):
    """A second provider; and what this process keeps of routes is forgotten with the test's."""
    routing.forget()
    with registry.using(FakeAcquirer(name="backup")) as _:
        yield
    routing.forget()


def route(*providers: str, position: int = 1, **facets) -> data.Route:
    made = data.Route(
        **{
            "id": ids.new(),
            "merchant_id": None,
            "position": position,
            "name": f"Route {position}",
            "currency": "",
            "least_minor": None,
            "most_minor": None,
            "brands": (),
            "countries": (),
            "order": RouteOrder.LISTED,
            "active": True,
            **facets,
            "providers": providers,
        }
    )
    written = payments.write_route(made, by=BY, at=NOON)
    routing.forget()  # The test's transaction is never committed.
    return written


def cost(provider: str, basis_points: int, fixed_minor: int) -> None:
    payments.set_provider_cost(
        provider=provider,
        currency="EUR",
        basis_points=basis_points,
        fixed_minor=fixed_minor,
        by=BY,
        at=NOON,
    )


def went_to(payment: data.Payment) -> tuple[str, str]:
    attempt = Attempt.objects.get(payment_id=payment.id)
    return attempt.provider, attempt.routed_by


def test_without_routes_everything_goes_to_the_default(shop):
    assert went_to(make.captured(shop.id)) == ("simulator", "default")


def test_the_first_route_that_fits_decides(shop):
    route("backup", position=1, currency="JPY")
    chosen = route("backup", position=2, currency="EUR")
    route("simulator", position=3)

    payment = make.captured(shop.id)

    assert went_to(payment) == ("backup", "listed")
    assert Attempt.objects.get(payment_id=payment.id).route_id == chosen.id
    assert went_to(make.captured(shop.id, Money(10_00, "USD"))) == ("simulator", "listed")


@pytest.mark.parametrize(
    ("facets", "token", "provider"),
    [
        ({"currency": "EUR", "least_minor": 42_50}, "visa", "backup"),
        ({"currency": "EUR", "least_minor": 42_51}, "visa", "simulator"),
        ({"currency": "EUR", "most_minor": 42_50}, "visa", "backup"),
        ({"currency": "EUR", "most_minor": 42_49}, "visa", "simulator"),
        ({"currency": "USD"}, "visa", "simulator"),
        ({"brands": ("mastercard", "amex")}, "mastercard", "backup"),
        ({"brands": ("mastercard", "amex")}, "visa", "simulator"),
        ({"countries": ("US",)}, "visa", "backup"),
        ({"countries": ("DE",)}, "visa", "simulator"),
        ({"active": False}, "visa", "simulator"),
    ],
)
def test_a_route_fits_by_currency_amount_brand_and_country(shop, facets, token, provider):
    route("backup", **facets)
    assert went_to(make.captured(shop.id, eur(42_50), token=token))[0] == provider


def test_a_merchant_s_own_route_comes_before_the_platform_s(shop):
    route("simulator", position=1)
    route("backup", position=9, merchant_id=shop.id)
    other = make.merchant(name="Other Shop", owner_email="otto@example.com")

    assert went_to(make.captured(shop.id))[0] == "backup"
    assert went_to(make.captured(other.id))[0] == "simulator"


@pytest.mark.parametrize(("minor", "provider"), [(10_00, "simulator"), (100_00, "backup")])
def test_the_cheapest_depends_on_the_amount(shop, minor, provider):
    """1.40 % and nothing, against 1.00 % and 0.25: the same at 62.50."""
    cost("simulator", 140, 0)
    cost("backup", 100, 25)
    route("backup", "simulator", order=RouteOrder.CHEAPEST)

    assert went_to(make.captured(shop.id, eur(minor))) == (provider, "cheapest")


def test_a_provider_of_unknown_cost_is_the_dearest(shop):
    cost("backup", 900, 0)
    route("simulator", "backup", order=RouteOrder.CHEAPEST)
    assert went_to(make.captured(shop.id))[0] == "backup"


def test_the_most_successful_of_the_last_attempts_is_asked_first(shop):
    route("simulator", "backup", order=RouteOrder.MOST_SUCCESSFUL)
    for _ in range(20):
        make.confirmed(shop.id, token="declined")
    routing.forget()  # As half a minute later.

    assert went_to(make.captured(shop.id)) == ("backup", "most_successful")


def test_a_few_declines_say_nothing_of_a_provider(shop):
    route("simulator", "backup", order=RouteOrder.MOST_SUCCESSFUL)
    for _ in range(19):
        make.confirmed(shop.id, token="declined")
    routing.forget()

    assert went_to(make.captured(shop.id))[0] == "simulator"


def test_a_provider_that_is_left_alone_is_passed_over(shop, acquirer):
    route("simulator", "backup")
    circuit.hold("simulator", "open")
    try:
        assert went_to(make.captured(shop.id)) == ("backup", "listed:circuit_open")
    finally:
        circuit.hold("simulator", "")
    assert acquirer.asked.total() == 0


def test_a_payment_from_a_wallet_goes_along_no_route(shop):
    from tests.make import wallets as make_wallets

    route("backup")
    wallet = make_wallets.wallet(42_50, merchant=shop.id)
    done = payments.create(
        merchant_id=shop.id, amount=eur(42_50), wallet=wallet.id, confirm=True, by=BY, at=NOON
    )
    assert done.value.state == PaymentState.CAPTURED
    assert went_to(done.value) == (data.WALLET, "")


# -- writing -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("providers", "facets", "param"),
    [
        ((), {}, "providers"),
        (("nobody",), {}, "providers"),
        (("backup", "backup"), {}, "providers"),
        (("backup",), {"currency": "XYZ"}, "currency"),
        (("backup",), {"least_minor": 1}, "currency"),
        (("backup",), {"currency": "EUR", "least_minor": 2, "most_minor": 1}, "most_minor"),
        (("backup",), {"name": ""}, "name"),
    ],
)
def test_a_route_that_cannot_be_right_is_refused_and_nothing_is_kept(providers, facets, param):
    with pytest.raises(errors.ParameterInvalid) as refused:
        route(*providers, **facets)
    assert refused.value.param == param
    assert not Route.objects.exists()


def test_two_routes_of_one_merchant_do_not_stand_in_one_place(shop):
    first = route("backup", merchant_id=shop.id)
    with pytest.raises(errors.RoutePositionTaken):
        route("simulator", merchant_id=shop.id)
    route("simulator")  # The platform's own is another.
    route("simulator", merchant_id=shop.id, active=False)
    with pytest.raises(IntegrityError, match="has_its_own_position"):
        Route.objects.create(
            merchant_id=shop.id, position=1, name="by hand", providers=["backup"], changed_at=NOON
        )
    assert first.active


def test_each_change_of_a_route_is_a_fact(shop):
    made = route("backup")
    payments.write_route(
        replace(made, active=False), by=Actor(kind="staff", id=str(ids.new())), at=NOON
    )
    told = event_log.stream("payments.route", made.id)
    assert [(fact.name, fact.version, fact.data["active"]) for fact in told] == [
        ("payments.route_changed.v1", 1, True),
        ("payments.route_changed.v1", 2, False),
    ]


def test_a_proposed_route_leads_nowhere_until_another_person_agrees(shop):
    wanted = replace(route("backup", active=False), active=True)
    maker, checker = (Actor(kind="staff", id=str(ids.new())) for _ in range(2))

    proposal = payments.propose_route(wanted, by=maker, at=NOON)
    assert went_to(make.captured(shop.id))[0] == "simulator"
    with pytest.raises(approvals.SamePerson):
        approvals.approve(approval_id=proposal, by=maker, at=NOON)
    approvals.approve(approval_id=proposal, by=checker, at=NOON)
    routing.forget()

    assert went_to(make.captured(shop.id))[0] == "backup"


@pytest.mark.django_db(transaction=True)
def test_another_process_hears_of_a_change_by_its_number(shop):
    """What this one keeps is put back to what it knew, as if somebody else had written."""
    make.captured(shop.id)
    before = (routing._kept.table, routing._kept.version, routing._kept.read_at)
    made = data.Route(
        id=ids.new(), merchant_id=None, position=1, name="new", currency="", least_minor=None,
        most_minor=None, brands=(), countries=(), providers=("backup",),
        order=RouteOrder.LISTED, active=True,
    )  # fmt: skip
    payments.write_route(made, by=BY, at=NOON)
    routing._kept.table, routing._kept.version, routing._kept.read_at = before
    routing._kept.looked_at = -1e9  # A quarter of a second later.

    assert went_to(make.captured(shop.id))[0] == "backup"
