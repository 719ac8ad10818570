"""What strangers try on pages: forged forms, stolen sessions, redirects, scripts in what is typed."""

import re
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from fintech.kernel import clock, ids
from fintech.kernel.models import Approval
from fintech.merchants import services as merchants
from fintech.merchants.data import RequestLogLine
from fintech.notifications import services as notifications
from fintech.notifications.models import Delivery, MerchantEvent
from fintech.payments import services as payments
from fintech.web import exporting
from fintech.web.data import ExportForm
from tests.make import merchants as make_merchants
from tests.make import notifications as make_notifications
from tests.make import payments as make
from tests.make.notifications import told_so_far
from tests.make.payments import BY, NOON, eur
from tests.web.conftest import OWNER, signed_in
from tests.web.test_actions import form
from tests.web.test_approvals import asked, decision

# Walking all addresses takes its time; one transaction over all of it could run out of it.
WALK = pytest.mark.django_db(transaction=True)
SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
# Doors that are open to everybody, each for its own reason.
OPEN = {
    "front",
    "login",
    "states",
    "answered",
    "challenge",
    "pay",
    "paid",
    "pay-session",
    "paid-session",
    "theme",
    "switch",
    "messages",
}


def paths(found=None, prefix: str = "") -> dict[str, URLPattern]:
    """Every named path of the pages, with the address it has."""
    told: dict[str, URLPattern] = {}
    for one in found if found is not None else get_resolver("fintech.web.urls").url_patterns:
        if isinstance(one, URLResolver):
            told |= paths(one.url_patterns, prefix)
        elif one.name:
            told[one.name] = one
    return told


@pytest.fixture
def theirs(stranger, hear) -> dict[str, dict[str, object]]:
    """Arguments for every path that names something: all of it is another merchant's."""
    payment = make.captured(stranger.id, eur(77_77))
    link = payments.create_link(
        merchant_id=stranger.id, title="Their link", amount=eur(77_77), by=BY, at=clock.now()
    ).value
    key = make_merchants.api_key(stranger).key
    endpoint = make_notifications.endpoint(stranger)
    otto = get_user_model().objects.get(email="otto@example.com")
    export = exporting.ask(
        merchant_id=stranger.id, user_id=otto.id, form=ExportForm.CSV, query="", at=clock.now()
    )
    exporting.write_due()
    hear()
    their_line = RequestLogLine(
        id=ids.new(),
        merchant_id=stranger.id,
        api_key_id=None,
        request_id="req_theirs",
        method="POST",
        path="/v1/customers",
        status=400,
        duration_ms=7,
        at=clock.now(),
        request_body={"email": "otto@example.com"},
    )
    merchants.record_requests([their_line])
    told_so_far()
    event = MerchantEvent.objects.filter(merchant_id=stranger.id).first()
    delivery = Delivery.objects.filter(merchant_id=stranger.id).first()
    _, support = asked(stranger, eur(577_77))
    approval = UUID(decision(support).rsplit("/", 1)[1])
    return {
        "payment_id": {"payment_id": payment.id},
        "customer_id": {"customer_id": make.customer(stranger.id).id},
        "link_id": {"link_id": link.id},
        "key_id": {"key_id": key.id},
        "endpoint_id": {"endpoint_id": endpoint.id},
        "delivery_id": {"delivery_id": delivery.id},
        "user_id": {"user_id": otto.id},
        "export_id": {"export_id": export.id},
        "event_id": {"event_id": event.id},
        "line_id": {"line_id": their_line.id},
        "approval_id": {"approval_id": approval},
        "month": {"month": f"{NOON:%Y-%m}", "currency": "EUR"},
    }


def addresses(theirs) -> list[tuple[str, str]]:
    found = []
    for name, path in paths().items():
        if name in OPEN:
            continue
        wanted = list(path.pattern.converters)
        arguments = theirs[wanted[0]] if wanted else {}
        found.append((name, reverse(f"web:{name}", kwargs=arguments)))
    return found


@WALK
def test_no_address_shows_or_changes_what_is_another_merchants(shop, stranger, theirs):
    """Every path of the desk, by GET and by POST, with another merchant's ids in it."""
    desk = signed_in(OWNER)
    before = snapshot(stranger)

    for name, address in addresses(theirs):
        for answer in (desk.get(address), desk.post(address, form(how="all", role="remove"))):
            body = b"".join(answer) if answer.streaming else answer.content
            assert answer.status_code < 500, (name, answer.status_code)
            assert b"77.77" not in body, name
            assert b"Other Shop" not in body, name
            assert b"otto@example.com" not in body, name

    assert snapshot(stranger) == before


def snapshot(merchant) -> list[list[tuple[object, ...]]]:
    """Everything of a merchant that a page can change."""
    from fintech.merchants import queries as merchant_queries
    from fintech.notifications import queries as notification_queries
    from fintech.payments import queries as payment_queries

    return [
        [(one,) for one in payment_queries.payments(merchant.id, limit=50).items],
        [(one,) for one in payment_queries.links(merchant.id, limit=50).items],
        [(one,) for one in merchant_queries.api_keys(merchant.id)],
        [(one,) for one in merchant_queries.members(merchant.id)],
        [(one,) for one in notification_queries.endpoints(merchant.id).items],
        list(Approval.objects.order_by("id").values_list()),
        list(Delivery.objects.filter(merchant_id=merchant.id).order_by("id").values_list()),
    ]


@WALK
def test_nobody_gets_in_without_signing_in(client, theirs):
    for name, address in addresses(theirs):
        for answer in (client.get(address), client.post(address, form())):
            if answer.status_code == 405:
                continue  # Not a way in at all.
            assert answer.status_code == 302, name
            assert answer["Location"].startswith("/accounts/login/?next="), name


@WALK
def test_search_and_export_find_nothing_of_another_merchant(shop, stranger, theirs):
    desk = signed_in(OWNER)
    payment_id = theirs["payment_id"]["payment_id"]

    for typed in (ids.public("pi", payment_id), "77.77", "captured", "today"):
        body = desk.get("/dashboard/search", {"q": typed}, follow=True).content.decode()
        assert "/dashboard/payments/pi_" not in body
    for shape in ("csv", "xlsx"):
        answer = desk.get(f"/dashboard/payments/export?form={shape}")
        body = b"".join(answer) if answer.streaming else answer.content
        assert ids.public("pi", payment_id).encode() not in body


@WALK
def test_every_post_of_the_desk_wants_its_token(shop, theirs):
    """Found by walking the paths: one that is new is tried as well."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(
        get_user_model().objects.get(email=OWNER),
        backend="django.contrib.auth.backends.ModelBackend",
    )

    for name, address in addresses(theirs):
        answer = browser.post(address, form(how="all"))
        assert answer.status_code == 403, name


def test_the_session_changes_its_name_when_somebody_signs_in(client, shop):
    """A session that a stranger planted before is worth nothing afterwards."""
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = "yes"
    session.save()
    client.cookies["sessionid"] = planted = session.session_key

    client.post("/accounts/login/", {"login": OWNER, "password": make_merchants.PASSWORD})

    assert client.session["_auth_user_id"]
    assert client.session.session_key != planted
    stranger = Client()
    stranger.cookies["sessionid"] = planted
    assert stranger.get("/dashboard/").status_code == 302


def test_signing_out_ends_the_session_on_the_server(desk):
    kept = desk.cookies["sessionid"].value

    desk.post("/accounts/logout/")

    stranger = Client()
    stranger.cookies["sessionid"] = kept
    assert stranger.get("/dashboard/").status_code == 302


def test_cookies_are_out_of_reach_of_scripts_and_strangers(client, shop):
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": OWNER, "password": make_merchants.PASSWORD})

    session = client.cookies["sessionid"]
    assert (bool(session["httponly"]), session["samesite"]) == (True, "Lax")


@pytest.mark.parametrize(
    "away",
    [
        "https://evil.example/",
        "//evil.example/",
        "\\\\evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "https:evil.example",
        "http://testserver.evil.example/",
        "/dashboard/@evil.example\r\nLocation: https://evil.example",
    ],
)
def test_no_door_sends_people_to_strangers(client, shop, away):
    signing_in = client.post(
        f"/accounts/login/?next={away}",
        {"login": OWNER, "password": make_merchants.PASSWORD, "next": away},
    )
    theme = client.post("/dashboard/theme", {"theme": "dark", "next": away})
    out = client.post("/accounts/logout/", {"next": away})

    for answer in (signing_in, theme, out):
        location = answer.get("Location", "/")
        assert re.match(r"/(?![/\\])", location), location
        assert "\r" not in location


def pages_of(desk, shop, payment, customer, endpoint) -> list[str]:
    return [
        "/dashboard/",
        "/dashboard/payments?cols=amount&cols=for&cols=customer&cols=id",
        f"/dashboard/payments/{ids.public('pi', payment.id)}",
        f"/dashboard/payments/{ids.public('pi', payment.id)}/raw",
        f"/dashboard/payments/{ids.public('pi', payment.id)}/refund",
        f"/dashboard/customers/{ids.public('cus', customer.id)}",
        "/dashboard/customers",
        "/dashboard/links",
        "/dashboard/keys",
        "/dashboard/webhooks",
        f"/dashboard/webhooks/{endpoint.id}",
        "/dashboard/team",
        "/dashboard/exports",
        "/dashboard/statements",
    ]


@WALK
def test_what_people_typed_is_shown_and_never_run(desk, client, shop, hear):
    """Stored scripts: in every text that a merchant, a payer or a program can write."""
    customer = payments.create_customer(
        merchant_id=shop.id,
        email="ada@example.com",
        name=SCRIPT,
        description=SCRIPT,
        metadata={"note": SCRIPT},
        by=BY,
        at=NOON,
    ).value
    payment = payments.create(
        merchant_id=shop.id,
        amount=eur(42_50),
        description=SCRIPT,
        metadata={"x": SCRIPT},
        customer_id=customer.id,
        by=BY,
        at=NOON,
    ).value
    payments.confirm(merchant_id=shop.id, payment_id=payment.id, token="visa", by=BY, at=NOON)
    link = payments.create_link(
        merchant_id=shop.id, title=SCRIPT, amount=eur(5), by=BY, at=clock.now()
    ).value
    merchants.create_api_key(merchant_id=shop.id, name=SCRIPT[:60], by=BY, at=NOON)
    merchants.invite_user(
        merchant_id=shop.id, email="x@example.com", name=SCRIPT, role="viewer", by=BY, at=NOON
    )
    endpoint = make_notifications.endpoint(shop)
    notifications.update_endpoint(
        endpoint_id=endpoint.id, merchant_id=shop.id, description=SCRIPT, by=BY, at=NOON
    )
    desk.post("/dashboard/payments/views", {"name": SCRIPT[:60], "query": SCRIPT})
    desk.post("/dashboard/exports/ask", {"query": SCRIPT, "form": "csv"})
    hear()

    shown = [desk.get(address) for address in pages_of(desk, shop, payment, customer, endpoint)]
    shown.append(client.get(f"/pay/{link.token}"))
    for answer in shown:
        assert answer.status_code == 200
        body = answer.content.decode()
        assert "<script>alert" not in body, answer.request["PATH_INFO"]
        assert "<img src=x" not in body, answer.request["PATH_INFO"]
    assert sum("&lt;script&gt;alert(1)" in answer.content.decode() for answer in shown) >= 7


@pytest.mark.parametrize(
    "address",
    [
        "/dashboard/search?q={}",
        "/dashboard/payments?currency=EUR&min={}",
        "/dashboard/payments?state={}&days={}&after={}&before={}&day={}&cols={}",
        "/dashboard/requests?before={}",
        "/dashboard/customers?after={}",
        "/dashboard/?days={}&currency={}",
        "/accounts/login/?next={}",
    ],
)
def test_what_an_address_says_is_shown_and_never_run(desk, client, address):
    """Reflected scripts: in every part of an address that a page reads."""
    from urllib.parse import quote

    browser = client if address.startswith("/accounts") else desk
    answer = browser.get(address.replace("{}", quote(SCRIPT)), follow=True)

    assert answer.status_code < 500
    body = answer.content.decode()
    assert "<script>alert" not in body
    assert "<img src=x" not in body


def test_a_forgotten_password_tells_strangers_nothing(client, shop):
    """The same answer for an address that is known and for one that is not."""
    answers = [
        client.post("/accounts/password/reset/", {"email": email}, follow=True)
        for email in (OWNER, "nobody@example.com")
    ]

    bodies = [re.sub(r'value="[^"]{32,}"', "", one.content.decode()) for one in answers]
    assert answers[0].redirect_chain == answers[1].redirect_chain
    assert bodies[0] == bodies[1]
