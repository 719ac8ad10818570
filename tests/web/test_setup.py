"""Keys, webhooks and links at the desk."""

import re
from datetime import timedelta

import pytest
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M

from fintech.kernel import clock, ids
from fintech.kernel.money import Money
from fintech.merchants import data as merchant_data
from fintech.merchants import errors as merchant_errors
from fintech.merchants import queries as merchant_queries
from fintech.merchants import services as merchants
from fintech.notifications import queries as notification_queries
from fintech.payments import queries as payment_queries
from fintech.payments import services as payments
from tests.make.payments import BY, eur
from tests.web.test_actions import form
from tests.web.test_pages import text


def test_a_key_is_shown_once_and_works(desk, shop):
    answer = desk.post("/dashboard/keys", form(name="Shop server", kind="secret"))

    secret = re.search(r"sk_test_\w+", answer.content.decode())
    assert secret
    key = merchant_queries.authenticate(secret[0], at=clock.now())
    assert (key.merchant_id, key.name) == (shop.id, "Shop server")
    assert secret[0] not in desk.get("/dashboard/keys").content.decode()


def test_a_key_form_that_is_sent_twice_makes_one_key(desk, shop):
    pressed = form(name="Shop server", kind="secret")

    desk.post("/dashboard/keys", pressed)
    answer = desk.post("/dashboard/keys", pressed, follow=True)

    assert "This key exists already" in text(answer)
    assert len(merchant_queries.api_keys(shop.id)) == 1


def test_a_revoked_key_is_refused_from_then_on(desk, shop):
    made = desk.post("/dashboard/keys", form(name="Old", kind="restricted")).context["made"]
    merchant_queries.authenticate(made.secret, at=clock.now())

    answer = desk.post(f"/dashboard/keys/{made.key.id}/revoke", follow=True)

    assert "is revoked" in text(answer)
    with pytest.raises(merchant_errors.ApiKeyInvalid):
        merchant_queries.authenticate(made.secret, at=clock.now())


def test_a_key_without_a_name_is_not_made(desk, shop):
    answer = desk.post("/dashboard/keys", form(name="", kind="secret"))

    assert answer.status_code == 400
    assert "Enter a name." in text(answer)
    assert merchant_queries.api_keys(shop.id) == []


def test_an_endpoint_is_added_with_its_secret(desk, shop):
    answer = desk.post(
        "/dashboard/webhooks", form(url="https://shop.example.com/events", events="*")
    )

    assert "whsec_" in text(answer)
    endpoint = notification_queries.endpoints(shop.id).items[0]
    assert endpoint.url == "https://shop.example.com/events"
    assert "whsec_" not in desk.get("/dashboard/webhooks").content.decode()
    assert "Nothing was sent here yet" in text(desk.get(f"/dashboard/webhooks/{endpoint.id}"))


@pytest.mark.parametrize("url", ["", "shop", "javascript:alert(1)", "ftp://shop.example.com/"])
def test_an_address_that_is_none_is_refused(desk, shop, url):
    answer = desk.post("/dashboard/webhooks", form(url=url, events="*"))

    assert answer.status_code == 400
    assert notification_queries.endpoints(shop.id).items == ()


def test_a_link_is_made_and_leads_to_its_page(desk, client, shop):
    answer = desk.post(
        "/dashboard/links",
        form(title="Gift card", amount="25", currency="EUR", max_uses="3"),
        follow=True,
    )

    link = payment_queries.links(shop.id).items[0]
    assert (link.title, link.amount, link.max_uses) == ("Gift card", Money(25_00, "EUR"), 3)
    assert f"/pay/{link.token}" in answer.content.decode()
    assert "Gift card" in text(client.get(f"/pay/{link.token}"))


def test_a_link_ends_with_its_last_day(desk, shop):
    day = clock.now().date() + timedelta(days=3)

    desk.post("/dashboard/links", form(title="Tea", amount="25", currency="EUR", last_day=f"{day}"))
    wrong = desk.post(
        "/dashboard/links", form(title="Tea", amount="25", currency="EUR", last_day="2020-01-01")
    )

    (link,) = payment_queries.links(shop.id).items
    assert link.expires_at.isoformat() == f"{day + timedelta(days=1)}T00:00:00+00:00"
    assert wrong.status_code == 400
    assert "This must be in the future." in text(wrong)


def test_columns_of_links_are_chosen_and_stay_chosen(desk):
    desk.post("/dashboard/links", form(title="Tea", amount="", currency="EUR", max_uses="3"))

    def shown(query=""):
        page = text(desk.get(f"/dashboard/links{query}"))
        return page[page.index("For ") : page.index(" Copy ")]

    rest = "Opened · tried · paid Address Tea"
    assert shown() == f"For Amount Status {rest} Amount open Active Opened, tried, paid 0 · 0 · 0"
    chosen = (
        f"For Amount Usable Ends {rest} Amount open Usable 3 never Opened, tried, paid 0 · 0 · 0"
    )
    assert shown("?cols=&cols=max_uses&cols=last_day&cols=amount") == chosen
    assert shown() == chosen


def test_a_link_form_that_is_sent_twice_makes_one_link(desk, shop):
    pressed = form(title="Gift card", amount="25", currency="EUR")

    desk.post("/dashboard/links", pressed)
    desk.post("/dashboard/links", pressed)

    assert len(payment_queries.links(shop.id).items) == 1


def test_a_rolled_key_has_a_successor_and_both_work_for_a_while(desk, shop):
    made = desk.post("/dashboard/keys", form(name="Old", kind="secret")).context["made"]

    answer = desk.post(f"/dashboard/keys/{made.key.id}/roll", form())

    successor = answer.context["made"]
    assert successor.secret in answer.content.decode()
    assert merchant_queries.authenticate(successor.secret, at=clock.now()).name == "Old"
    assert merchant_queries.authenticate(made.secret, at=clock.now()).id == made.key.id
    assert len(merchant_queries.api_keys(shop.id)) == 2


def test_a_roll_that_is_sent_twice_makes_one_successor(desk, shop):
    made = desk.post("/dashboard/keys", form(name="Old", kind="secret")).context["made"]
    pressed = form()

    desk.post(f"/dashboard/keys/{made.key.id}/roll", pressed)
    desk.post(f"/dashboard/keys/{made.key.id}/roll", pressed)

    assert len(merchant_queries.api_keys(shop.id)) == 2


def test_a_link_has_a_code_that_a_camera_opens(desk, client, shop, stranger, settings):
    desk.post("/dashboard/links", form(title="Gift card", amount="25", currency="EUR"))
    (link,) = payment_queries.links(shop.id).items
    theirs = payments.create_link(
        merchant_id=stranger.id, title="Theirs", amount=eur(1_00), by=BY, at=clock.now()
    ).value

    drawn = desk.get(f"/dashboard/links/{link.id}/qr")

    assert (drawn.status_code, drawn["Content-Type"]) == (200, "image/svg+xml")
    code = QRCode(error_correction=ERROR_CORRECT_M)
    code.add_data(f"{settings.BASE_URL}/pay/{link.token}")
    black = sum(cell for row in code.get_matrix() for cell in row)
    assert drawn.content.decode().count("M") == black  # A square is drawn for each black module.
    assert f'/dashboard/links/{link.id}/qr"' in desk.get("/dashboard/links").content.decode()
    assert desk.get(f"/dashboard/links/{theirs.id}/qr").status_code == 404
    assert client.get(f"/dashboard/links/{link.id}/qr").status_code == 302


def test_a_link_is_closed_and_opened_again(desk, client, shop):
    desk.post("/dashboard/links", form(title="Gift card", amount="25", currency="EUR"))
    link = payment_queries.links(shop.id).items[0]

    desk.post(f"/dashboard/links/{link.id}", {"active": "no"})
    assert client.get(f"/pay/{link.token}").status_code == 410

    desk.post(f"/dashboard/links/{link.id}", {"active": "yes"})
    assert client.get(f"/pay/{link.token}").status_code == 200


def test_an_endpoint_is_paused_resumed_and_deleted(desk, shop):
    desk.post("/dashboard/webhooks", form(url="https://shop.example.com/events", events="*"))
    endpoint = notification_queries.endpoints(shop.id).items[0]
    path = f"/dashboard/webhooks/{endpoint.id}/change"

    desk.post(path, {"do": "disable"})
    assert not notification_queries.endpoint(endpoint.id, shop.id).is_enabled
    desk.post(path, {"do": "enable"})
    assert notification_queries.endpoint(endpoint.id, shop.id).is_enabled
    assert "0 that failed are on their way again" in text(
        desk.post(path, {"do": "resend"}, follow=True)
    )
    desk.post(path, {"do": "delete"})
    assert notification_queries.endpoints(shop.id).items == ()


def test_somebody_is_invited_changes_roles_and_leaves(desk, shop):
    desk.post("/dashboard/team", form(email="mia@example.com", name="Mia", role="viewer"))
    mia = next(
        one for one in merchant_queries.members(shop.id) if one.user.email == "mia@example.com"
    )
    assert mia.role == "viewer"

    desk.post(f"/dashboard/team/{mia.user.id}", {"role": "finance"})
    roles = {one.user.email: one.role for one in merchant_queries.members(shop.id)}
    assert roles["mia@example.com"] == "finance"

    desk.post(f"/dashboard/team/{mia.user.id}", {"role": "remove"})
    assert len(merchant_queries.members(shop.id)) == 1


@pytest.mark.parametrize("role", ["remove", "viewer", "emperor"])
def test_the_last_owner_stays_and_no_role_is_made_up(desk, shop, role):
    olga = merchant_queries.members(shop.id)[0]

    answer = desk.post(f"/dashboard/team/{olga.user.id}", {"role": role}, follow=True)

    assert "Nothing was changed." in text(answer)
    assert merchant_queries.members(shop.id)[0].role == "owner"


def test_requests_are_shown_with_what_was_answered(desk, shop):
    merchants.record_requests(
        [
            merchant_data.RequestLogLine(
                id=ids.new(),
                merchant_id=shop.id,
                api_key_id=None,
                request_id="req_1",
                method="POST",
                path="/v1/payment_intents",
                status=402,
                duration_ms=84,
                at=clock.now(),
                error_code="card_declined",
                request_body={"amount": 4250},
                response_body={"error": {"code": "card_declined"}},
            )
        ]
    )

    words = text(desk.get("/dashboard/requests"))

    for told in ("POST /v1/payment_intents", "402", "card_declined", "84 ms", "req_1", "4250"):
        assert told in words
