"""Checkout sessions through the door: opened, looked at, paid, expired, told of."""

from datetime import timedelta

import pytest

from fintech.kernel import clock, ids, subscriptions
from fintech.payments import queries
from fintech.payments import services as payments
from tests.make.payments import BY

SESSIONS = "/v1/checkout/sessions"
THANKS = "https://example.com/thanks?session={CHECKOUT_SESSION_ID}"
BOOK = {"currency": "eur", "unit_amount": 1200, "product_data": {"name": "A book"}}


@pytest.fixture
def price(api) -> str:
    book = api.post("/v1/products", name="A book").body["id"]
    return api.post("/v1/prices", product=book, unit_amount=1200, currency="eur").body["id"]


def opened(api, *items, key="", **more) -> dict:
    items = items or ({"price_data": BOOK, "quantity": 2},)
    return api.post(SESSIONS, line_items=list(items), success_url=THANKS, key=key, **more).body


def begun(shop, session) -> str:
    """Begin to pay as the page does; return the payment's public id."""
    row = queries.session(ids.parse("cs", session["id"]), shop.id)
    payment = payments.pay_by_session(
        token=row.token, email="sam@example.org", name="Sam", by=BY, at=clock.now()
    ).value
    return ids.public("pi", payment.id)


def paid(api, shop, session, method="pm_card_visa") -> str:
    payment = begun(shop, session)
    api.post(f"/v1/payment_intents/{payment}/confirm", payment_method=method)
    return payment


def test_a_session_is_opened_for_what_is_in_the_catalog(api, price):
    made = opened(
        api,
        {"price": price, "quantity": 3},
        {"price_data": BOOK},
        mode="payment",
        cancel_url="https://example.com/cart",
        client_reference_id="cart-7",
        customer_email="ada@example.com",
        metadata={"cart": "7"},
        payment_method_types=["card"],
    )

    assert (made["object"], made["status"], made["payment_status"]) == (
        "checkout.session",
        "open",
        "unpaid",
    )
    assert (made["amount_total"], made["currency"], made["mode"]) == (4800, "eur", "payment")
    assert (made["payment_intent"], made["client_reference_id"]) == (None, "cart-7")
    assert (made["success_url"], made["metadata"]) == (THANKS, {"cart": "7"})
    assert made["customer_details"]["email"] == "ada@example.com"
    assert made["expires_at"] - made["created"] == 86_400
    assert "/pay/session/" in made["url"]
    assert "line_items" not in made
    assert api.get(f"{SESSIONS}/{made['id']}").body == made


def test_its_items_are_listed_and_shown_on_request(api, price):
    session = opened(api, {"price": price, "quantity": 3}, {"price_data": BOOK})["id"]
    path = f"{SESSIONS}/{session}"

    items = api.get(f"{path}/line_items").body["data"]
    assert [(one["description"], one["quantity"], one["amount_total"]) for one in items] == [
        ("A book", 3, 3600),
        ("A book", 1, 1200),
    ]
    assert (items[0]["price"]["id"], items[0]["price"]["active"]) == (price, True)
    assert items[1]["price"]["active"] is False
    assert api.get(f"{path}/line_items", limit=1).body["has_more"] is True
    after = api.get(f"{path}/line_items", starting_after=items[0]["id"]).body["data"]
    assert after == items[1:]

    shown = api.get(path, **{"expand[]": "line_items.data.price.product"}).body["line_items"]
    assert (shown["object"], shown["has_more"]) == ("list", False)
    assert shown["data"][0]["price"]["product"]["name"] == "A book"
    listed = api.get(SESSIONS, **{"expand[]": "data.line_items"}).body["data"][0]
    assert listed["line_items"]["data"] == items


def test_a_paid_session_names_its_payment(api, shop):
    session = opened(
        api, payment_intent_data={"metadata": {"order": "7"}, "statement_descriptor": "BOOKS"}
    )

    payment = paid(api, shop, session)

    done = api.get(f"{SESSIONS}/{session['id']}", **{"expand[]": "payment_intent"}).body
    assert (done["status"], done["payment_status"], done["url"]) == ("complete", "paid", None)
    assert (done["payment_intent"]["id"], done["payment_intent"]["status"]) == (
        payment,
        "succeeded",
    )
    assert done["payment_intent"]["metadata"] == {"order": "7"}
    assert (done["customer_details"]["email"], done["customer_details"]["name"]) == (
        "sam@example.org",
        "Sam",
    )
    assert api.get(SESSIONS, payment_intent=payment).body["data"][0]["id"] == session["id"]
    assert api.get(SESSIONS, status="open").body["data"] == []


def test_a_session_with_manual_capture_is_complete_and_unpaid_until_the_capture(api, shop):
    session = opened(api, payment_intent_data={"capture_method": "manual"})
    path = f"{SESSIONS}/{session['id']}"
    payment = paid(api, shop, session)
    reserved = api.get(path).body
    assert (reserved["status"], reserved["payment_status"]) == ("complete", "unpaid")

    api.post(f"/v1/payment_intents/{payment}/capture")

    assert api.get(path).body["payment_status"] == "paid"


def test_a_session_is_expired_once(api, shop):
    session = opened(api)
    path = f"{SESSIONS}/{session['id']}"
    payment = begun(shop, session)

    gone = api.post(f"{path}/expire", key="once")
    assert (gone.body["status"], gone.body["url"]) == ("expired", None)
    assert api.post(f"{path}/expire", key="once").content == gone.content
    refused = api.post(f"{path}/expire")
    assert refused.refusal == (400, "checkout_session_unexpected_state", None)
    assert api.get(f"/v1/payment_intents/{payment}").body["status"] == "canceled"


def test_a_complete_session_is_not_expired(api, shop):
    session = opened(api)
    paid(api, shop, session)

    refused = api.post(f"{SESSIONS}/{session['id']}/expire")

    assert refused.refusal == (400, "checkout_session_unexpected_state", None)
    assert api.get(f"{SESSIONS}/{session['id']}").body["payment_status"] == "paid"


def test_the_clock_expires_what_nobody_paid(api):
    session = opened(api)

    payments.expire_sessions_due(by=BY, at=clock.now() + timedelta(hours=25))

    assert api.get(f"{SESSIONS}/{session['id']}").body["status"] == "expired"


def test_sessions_of_a_customer_are_found(api):
    ada = api.post("/v1/customers", name="Ada").body["id"]
    hers = opened(api, customer=ada)
    opened(api)

    assert [one["id"] for one in api.get(SESSIONS, customer=ada).body["data"]] == [hers["id"]]


def test_a_key_opens_one_session(api):
    first, again = opened(api, key="once"), opened(api, key="once")

    assert first == again
    assert len(api.get(SESSIONS).body["data"]) == 1
    told = api.get("/v1/idempotency_keys/once").body["resource"]
    assert told == {"id": first["id"], "object": "checkout.session"}


def test_a_session_opened_once_is_told_again_though_its_price_is_off_by_now(api, price):
    first = opened(api, {"price": price}, key="once")
    api.post(f"/v1/prices/{price}", active=False)

    assert opened(api, {"price": price}, key="once") == first
    refused = api.post(SESSIONS, line_items=[{"price": price}], success_url=THANKS)
    assert refused.refusal == (400, "parameter_invalid", "line_items[0][price]")


def test_a_payment_of_a_session_keeps_its_amount(api, shop):
    payment = begun(shop, opened(api))

    refused = api.post(f"/v1/payment_intents/{payment}", amount=1)

    assert refused.refusal[:2] == (400, "payment_intent_unexpected_state")


@pytest.mark.django_db(transaction=True)
def test_what_happens_to_sessions_is_told(api, shop):
    first, second, third = (opened(api)["id"] for _ in range(3))
    reserved = opened(api, payment_intent_data={"capture_method": "manual"})
    paid(api, shop, {"id": first})
    api.post(f"{SESSIONS}/{second}/expire")
    payment = paid(api, shop, reserved)
    api.post(f"/v1/payment_intents/{payment}/capture")
    paid(api, shop, {"id": third}, "pm_card_riskLevelElevated")
    review = queries.session(ids.parse("cs", third), shop.id).payment_id
    payments.decide_review(payment_id=review, verdict="decline", by=BY, at=clock.now())
    subscriptions.catch_up()

    told = [
        (event["type"], event["data"]["object"]["id"])
        for event in api.get("/v1/events", limit=100).body["data"]
        if event["type"].startswith("checkout.session.")
    ]

    assert told[::-1] == [
        ("checkout.session.completed", first),
        ("checkout.session.expired", second),
        ("checkout.session.completed", reserved["id"]),
        ("checkout.session.async_payment_succeeded", reserved["id"]),
        ("checkout.session.completed", third),
        ("checkout.session.async_payment_failed", third),
    ]
