"""Who gets where: people see their own merchants, and do what their role may."""

import pytest
from django.test import Client
from django.urls import get_resolver

from fintech.kernel import clock, ids
from fintech.merchants.data import ROLES, Right, Role
from fintech.payments import queries as payment_queries
from tests.make import merchants as make_merchants
from tests.make import notifications as make_notifications
from tests.make import payments as make
from tests.make.payments import BY, NOON, eur
from tests.web.conftest import OWNER, at_the_desk, signed_in
from tests.web.test_actions import form
from tests.web.test_pages import PAGES, path_of, text

NEEDS = {
    "": Right.VIEW_PAYMENTS,
    "payments": Right.VIEW_PAYMENTS,
    "search?q=captured": Right.VIEW_PAYMENTS,
    "links": Right.TAKE_PAYMENTS,
    "balance": Right.VIEW_BALANCE,
    "wallets": Right.VIEW_WALLETS,
    "keys": Right.MANAGE_KEYS,
    "webhooks": Right.VIEW_WEBHOOKS,
    "webhooks/check": Right.VIEW_WEBHOOKS,
    "events": Right.VIEW_WEBHOOKS,
    "webhooks/figures": Right.VIEW_WEBHOOKS,
    "payments/export": Right.VIEW_PAYMENTS,
    "requests": Right.VIEW_REQUEST_LOG,
    "team": Right.MANAGE_PEOPLE,
    "team/activity": Right.MANAGE_PEOPLE,
    "customers": Right.VIEW_CUSTOMERS,
    "customers/export": Right.VIEW_CUSTOMERS,
    "refunds": Right.VIEW_PAYMENTS,
    "refunds/export": Right.VIEW_PAYMENTS,
    "balance/export": Right.VIEW_BALANCE,
    "links/export": Right.TAKE_PAYMENTS,
    "links/00000000-0000-0000-0000-000000000000/qr": Right.TAKE_PAYMENTS,
    "simulate": Right.TAKE_PAYMENTS,
    "statements": Right.VIEW_REPORTS,
    "exports": Right.VIEW_PAYMENTS,
    "approvals": Right.VIEW_PAYMENTS,
}


@pytest.mark.parametrize("role", Role)
def test_each_role_enters_exactly_the_pages_it_may(shop, role):
    browser = at_the_desk(shop, role)

    entered = {page: browser.get(f"/dashboard/{page}").status_code != 403 for page in NEEDS}

    assert entered == {page: right in ROLES[role] for page, right in NEEDS.items()}


@pytest.mark.parametrize("role", Role)
def test_each_role_moves_exactly_the_money_it_may(shop, role):
    browser = at_the_desk(shop, role)
    taken = make.captured(shop.id, eur(42_50))
    reserved = make.authorized(shop.id, eur(8_00), at=clock.now())

    refunded = browser.post(path_of(taken, "/refund"), form(how="all")).status_code
    captured = browser.post(path_of(reserved, "/capture"), form(how="all")).status_code

    may_refund = Right.REFUND_PAYMENTS in ROLES[role]
    may_take = Right.TAKE_PAYMENTS in ROLES[role]
    assert (refunded, captured) == (302 if may_refund else 403, 302 if may_take else 403)
    assert make.now(taken).refunded == eur(42_50 if may_refund else 0)
    assert make.now(reserved).captured == eur(8_00 if may_take else 0)


def test_a_closed_page_says_who_may_enter(shop):
    answer = at_the_desk(shop, Role.VIEWER).get("/dashboard/keys")

    words = text(answer)
    assert answer.status_code == 403
    assert "you are viewer" in words
    assert "is for owner , developer" in words


def theirs_in(answer) -> str:
    """The rows of an export below its head."""
    return b"".join(answer.streaming_content).decode().partition("\r\n")[2]


def test_another_merchants_objects_are_as_unknown_as_none(shop, stranger, hear):
    theirs = make.captured(stranger.id, eur(42_50))
    carla = make.customer(stranger.id)
    their_key = make_merchants.api_key(stranger)
    their_endpoint = make_notifications.endpoint(stranger)
    hear()
    desk = signed_in(OWNER)
    unknown = ids.public("pi", ids.new())

    for rest in ("", "/timeline", "/raw", "/proof", "/refund", "/capture"):
        assert desk.get(path_of(theirs, rest)).status_code == 404
        assert desk.get(f"/dashboard/payments/{unknown}{rest}").status_code == 404
    for rest in ("/refund", "/capture", "/cancel"):
        assert desk.post(path_of(theirs, rest), form(how="all")).status_code == 404
    assert desk.get(f"/dashboard/webhooks/{their_endpoint.id}").status_code == 404
    their_customer = f"/dashboard/customers/{ids.public('cus', carla.id)}"
    assert desk.get(their_customer).status_code == 404
    assert desk.post(f"/dashboard/deliveries/{ids.new()}/resend").status_code == 404
    for deed in ("revoke", "roll"):
        desk.post(f"/dashboard/keys/{their_key.key.id}/{deed}", form())
    for deed in ("disable", "delete", "resend"):
        path = f"/dashboard/webhooks/{their_endpoint.id}/change"
        assert desk.post(path, {"do": deed}).status_code == 404
    assert theirs_in(desk.get("/dashboard/payments/export")) == ""
    for page in PAGES:
        body = desk.get(f"/dashboard/{page}").content.decode()
        assert "€42.50" not in body
        assert their_key.key.last4 not in body
        assert their_endpoint.url not in body
        assert carla.email not in body

    assert make.now(theirs) == theirs
    from fintech.merchants import queries as merchant_queries

    assert merchant_queries.api_key(their_key.key.id, stranger.id).revoked_at is None


def test_somebody_who_works_for_two_merchants_changes_desks(shop, stranger, hear):
    from fintech.merchants import services as merchants

    merchants.invite_user(
        merchant_id=stranger.id, email=OWNER, name="Olga", role="viewer", by=BY, at=NOON
    )
    make.captured(stranger.id, eur(99_00))
    hear()
    desk = signed_in(OWNER)
    assert "€99.00" not in text(desk.get("/dashboard/payments"))

    desk.post("/dashboard/merchant", {"merchant": str(stranger.id)})

    assert "€99.00" in text(desk.get("/dashboard/payments"))
    assert desk.get("/dashboard/keys").status_code == 403


@pytest.mark.parametrize("wanted", ["", "nonsense"])
def test_nobody_sits_down_for_a_merchant_that_is_not_theirs(shop, stranger, wanted):
    desk = signed_in(OWNER)

    desk.post("/dashboard/merchant", {"merchant": wanted or str(stranger.id)})

    assert desk.get("/dashboard/").context["merchant"].id == shop.id


def test_somebody_who_works_for_nobody_is_told_so(shop):
    from fintech.merchants import services as merchants

    merchants.create_staff(
        email="sara@example.com", name="Sara", password=make_merchants.PASSWORD, by=BY, at=NOON
    )

    answer = signed_in("sara@example.com").get("/dashboard/")

    assert answer.status_code == 403
    assert "You don't work for a merchant yet" in text(answer)


def test_every_form_of_the_desk_wants_its_token(shop):
    from django.contrib.auth import get_user_model

    payment = make.captured(shop.id, eur(42_50))
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(
        get_user_model().objects.get(email=OWNER),
        backend="django.contrib.auth.backends.ModelBackend",
    )

    for path in (
        path_of(payment, "/refund"),
        path_of(payment, "/capture"),
        path_of(payment, "/cancel"),
        "/dashboard/links",
        "/dashboard/keys",
        "/dashboard/webhooks",
        "/dashboard/test-payment",
        "/dashboard/merchant",
        "/dashboard/theme",
        "/dashboard/team",
        f"/dashboard/team/{ids.new()}",
        f"/dashboard/links/{ids.new()}",
        f"/dashboard/keys/{ids.new()}/roll",
        f"/dashboard/webhooks/{ids.new()}/change",
    ):
        assert browser.post(path, form(how="all", name="x", title="x")).status_code == 403, path

    assert make.now(payment) == payment
    assert payment_queries.links(shop.id).items == ()


def test_no_page_is_left_out_of_these_tests():
    """A new path must be placed here, so that nobody forgets to guard it."""
    known = {
        "home", "search", "switch", "theme", "payments", "payment", "timeline", "raw", "proof",
        "refund", "capture", "cancel", "export", "views", "exports", "ask-export", "export-progress",
        "export-file", "cancel-export", "customers", "customer", "links", "qr", "switch-link", "test-payment", "balance",
        "wallets", "keys", "roll-key", "revoke-key", "webhooks", "webhook", "change-webhook", "check-signature", "events",
        "event", "telling",
        "resend", "requests", "team", "activity", "change-member", "approvals", "decide-approval",
        "statements", "statement", "simulate", "play", "advance", "refunds", "replay", "preview",
        "export-refunds", "export-customers", "export-movements", "export-links",
        # Doors without a desk: the front, signing in, and payers' pages.
        "front", "login", "states", "answered", "challenge", "pay", "paid", "pay-session", "paid-session",
        "messages",
    }  # fmt: skip

    namespace = get_resolver().namespace_dict["web"][1]

    assert {str(name) for name in namespace.reverse_dict if isinstance(name, str)} == known


def test_an_owner_sees_the_pages_as_another_role_and_changes_nothing_meanwhile(desk, shop):
    taken = make.captured(shop.id, eur(42_50))

    desk.post("/dashboard/team/preview", {"role": "viewer"})

    home = text(desk.get("/dashboard/"))
    assert "You see the pages as Viewer sees them" in home
    assert "API keys" not in home
    assert desk.get("/dashboard/keys").status_code == 403
    assert desk.get(path_of(taken)).status_code == 200
    assert desk.post("/dashboard/payments/views", {"name": "x", "query": ""}).status_code == 403
    assert desk.post(path_of(taken, "/refund"), form(how="all")).status_code == 403
    assert make.now(taken) == taken

    desk.post("/dashboard/team/preview", {"role": ""})

    assert desk.get("/dashboard/keys").status_code == 200


@pytest.mark.parametrize("role", [one for one in Role if one != Role.OWNER])
def test_nobody_gains_a_right_by_looking_as_somebody_else(shop, role):
    browser = at_the_desk(shop, role)

    browser.post("/dashboard/team/preview", {"role": "owner"})

    entered = {page: browser.get(f"/dashboard/{page}").status_code != 403 for page in NEEDS}
    assert entered == {page: right in ROLES[role] for page, right in NEEDS.items()}
