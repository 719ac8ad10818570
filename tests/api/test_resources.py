"""Each resource through the door, from its making to its end."""

import pytest

from fintech.kernel import subscriptions

INTENT = "/v1/payment_intents"
FILE = b"""<?xml version="1.0"?><Document/>"""


def test_a_customer_is_made_changed_and_forgotten(api):
    made = api.post("/v1/customers", name="Ada", email="ada@example.com").body
    path = f"/v1/customers/{made['id']}"

    changed = api.post(path, name="Ada L.", metadata={"vip": "yes"}).body
    assert (changed["name"], changed["email"]) == ("Ada L.", "ada@example.com")
    assert api.get("/v1/customers", email="ada@example.com").body["data"] == [changed]

    gone = {"deleted": True, "id": made["id"], "object": "customer"}
    assert api.delete(path).body == gone
    assert api.get(path).body == gone
    assert api.get("/v1/customers").body["data"] == []
    assert api.post(path, name="Ada").status == 404


def test_a_merchant_says_what_its_customer_has_agreed_to(api):
    made = api.post(
        "/v1/customers", name="Ada", email="ada@example.com", phone="+491701234567"
    ).body
    path = f"/v1/customers/{made['id']}/message_preferences"
    assert [(one["channel"], one["kind"], one["wanted"]) for one in api.get(path).body["data"]] == [
        ("mail", "payment_receipt", True),
        ("mail", "refund_receipt", True),
        ("sms", "payment_receipt", False),
        ("sms", "refund_receipt", False),
    ]

    agreed = api.post(path, channel="sms", kind="payment_receipt", wanted=True).body

    assert agreed == {
        "channel": "sms",
        "customer": made["id"],
        "kind": "payment_receipt",
        "livemode": False,
        "object": "message_preference",
        "source": "merchant",
        "wanted": True,
    }
    assert agreed in api.get(path).body["data"]
    bare = api.post("/v1/customers", name="Bo").body["id"]
    refused = api.post(
        f"/v1/customers/{bare}/message_preferences",
        channel="sms",
        kind="payment_receipt",
        wanted=True,
    )
    assert refused.refusal == (400, "parameter_invalid", "channel")


def test_a_card_is_kept_attached_and_detached(api):
    customer = api.post("/v1/customers", name="Ada").body["id"]
    card = {"number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    made = api.post(
        "/v1/payment_methods", type="card", card=card, billing_details={"name": "Ada"}
    ).body
    path = f"/v1/payment_methods/{made['id']}"
    assert (made["card"]["last4"], made["billing_details"]["name"]) == ("4242", "Ada")
    assert "4242424242424242" not in str(made)

    attached = api.post(f"{path}/attach", customer=customer).body
    assert attached["customer"] == customer
    assert api.get(f"/v1/customers/{customer}/payment_methods").body["data"] == [attached]
    assert api.get(f"/v1/customers/{customer}/sources").body["data"] == []
    assert (
        api.post(path, billing_details={"email": "ada@example.com"}).body["billing_details"]["name"]
        == "Ada"
    )

    assert api.post(f"{path}/detach").body["customer"] is None


def test_a_webhook_endpoint_shows_its_secret_once(api):
    made = api.post(
        "/v1/webhook_endpoints", url="https://example.com/a", enabled_events=["charge.*"]
    ).body
    path = f"/v1/webhook_endpoints/{made['id']}"

    assert made["secret"].startswith("whsec_")
    assert "secret" not in api.get(path).body
    assert api.post(path, disabled=True).body["status"] == "disabled"
    assert api.get(f"{path}/deliveries").body["data"] == []
    assert api.delete(path).body["deleted"] is True
    assert api.get(path).status == 404


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"url": "http://10.0.0.1/", "enabled_events": ["*"]}, "url", "url_invalid"),
        (
            {"url": "https://example.com", "enabled_events": ["no.such"]},
            "enabled_events",
            "parameter_invalid",
        ),
        (
            {"url": "https://example.com", "enabled_events": []},
            "enabled_events",
            "parameter_missing",
        ),
    ],
)
def test_an_endpoint_that_cannot_listen_is_refused(api, body, param, code):
    assert api.post("/v1/webhook_endpoints", body).refusal == (400, code, param)


def test_a_payment_link_offers_a_thing_at_a_price(api):
    price = {"currency": "eur", "unit_amount": 600, "product_data": {"name": "A book"}}
    made = api.post("/v1/payment_links", line_items=[{"price_data": price, "quantity": 2}]).body
    path = f"/v1/payment_links/{made['id']}"

    assert (made["title"], made["amount"], made["active"]) == ("A book", 1200, True)
    assert "/pay/" in made["url"]
    assert api.post(path, active=False).body["active"] is False
    assert api.get("/v1/payment_links", active="false").body["data"][0]["id"] == made["id"]


def test_the_account_is_the_keys_merchant(api, shop):
    own = api.get("/v1/account").body

    assert (own["business_profile"]["name"], own["default_currency"]) == (shop.name, "eur")
    assert api.get(f"/v1/accounts/{own['id']}").body == own


def test_something_on_the_blocklist_is_listed_until_it_is_removed(api):
    method = api.post("/v1/payment_methods", type="card", card={"token": "tok_visa"}).body
    items = "/v1/fraud/lists/blocklist/items"
    item = api.post(items, kind="card", value=method["id"], reason="stolen").body
    assert (item["action"], item["value"]) == ("block", method["card"]["fingerprint"])
    assert api.post(items, kind="card", value=method["id"]).refusal[:2] == (
        400,
        "resource_already_exists",
    )

    blocked = api.post(
        INTENT, amount=500, currency="eur", payment_method=method["id"], confirm=True
    )

    assert (blocked.status, blocked.error["decline_code"]) == (402, "fraudulent")
    assert api.get("/v1/fraud/lists/allowlist/items").body["data"] == []
    assert api.delete(f"{items}/{item['id']}").body["deleted"] is True
    assert api.get(items).body["data"] == []


def test_a_wallet_is_frozen_and_closed(api):
    made = api.post("/v1/wallets", currency="eur", owner="Ada", metadata={"a": "b"}).body
    path = f"/v1/wallets/{made['id']}"

    assert (made["status"], made["currency"], made["owner"]) == ("active", "eur", "Ada")
    assert api.post(f"{path}/freeze").body["status"] == "frozen"
    assert api.post(f"{path}/holds", amount=1, currency="eur").refusal[:2] == (400, "wallet_frozen")
    assert api.post(f"{path}/unfreeze").body["status"] == "active"
    assert api.post(path, metadata={"a": ""}).body["metadata"] == {}
    assert api.get("/v1/wallets").body["data"][0]["id"] == made["id"]


def test_a_customer_tops_up_and_part_of_it_is_held_and_captured(api):
    path = f"/v1/wallets/{api.post('/v1/wallets', currency='eur').body['id']}"

    def balances():
        told = api.get(path).body["balances"][0]
        return told["posted"], told["held"], told["available"]

    topped = api.post(
        f"{path}/top_ups", amount=2000, currency="eur", payment_method="pm_card_visa"
    ).body
    assert (topped["status"], topped["purpose"]) == ("succeeded", "top_up")
    assert balances() == (2000, 0, 2000)

    hold = api.post(f"{path}/holds", amount=500, currency="eur", reason="deposit").body
    assert balances() == (2000, 500, 1500)
    captured = api.post(f"/v1/wallet_holds/{hold['id']}/capture", amount=300).body
    assert (captured["status"], captured["amount_captured"]) == ("captured", 300)
    assert balances() == (1700, 0, 1700)
    assert api.get(f"{path}/holds", status="captured").body["data"] == [captured]

    too_much = api.post(f"{path}/holds", amount=1701, currency="eur")
    assert too_much.refusal == (400, "balance_insufficient", "amount")
    entries = api.get("/v1/ledger/entries", wallet_hold=hold["id"]).body["data"]
    assert [entry["kind"] for entry in entries] == ["pending", "capture"]


def test_the_balance_is_what_the_movements_come_to(api):
    paid = api.post(
        INTENT, amount=4250, currency="eur", payment_method="pm_card_visa", confirm=True
    ).body
    api.post("/v1/refunds", payment_intent=paid["id"], amount=1000)

    movements = api.get("/v1/balance_transactions", currency="eur").body["data"]

    assert [movement["amount"] for movement in movements] == [-1000, 4250]
    assert api.get("/v1/balance").body["pending"] == [
        {
            "amount": sum(movement["net"] for movement in movements),
            "currency": "eur",
            "source_types": {"card": sum(movement["net"] for movement in movements)},
        }
    ]
    assert movements[1]["source"] == paid["latest_charge"]
    entry = api.get(f"/v1/ledger/entries/{movements[1]['ledger_entry']}").body
    sides = {"debit": 0, "credit": 0}
    for line in entry["lines"]:
        sides[line["direction"]] += line["amount"]
    assert sides["debit"] == sides["credit"] > 0


def test_a_file_that_is_no_statement_is_refused_with_the_reason(api):
    refused = api.send(
        "POST", "/v1/reconciliation/statements", b"not a statement", content_type="text/plain"
    )

    assert refused.refusal[:2] == (400, "statement_unreadable")


def test_a_statement_comes_raw_or_as_the_part_of_a_form(api):
    for content, content_type in [
        (b"", "application/xml"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\nvalue\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ]:
        refused = api.send(
            "POST", "/v1/reconciliation/statements", content, content_type=content_type
        )
        assert refused.refusal == (400, "malformed_body", None)


def test_an_unsigned_callback_is_not_heard(api):
    answered = api.send("POST", "/inbound/simulator", b"{}")

    assert answered.refusal[:2] == (400, "signature_invalid")
    assert api.send("GET", "/inbound/simulator").refusal[:2] == (405, "method_not_allowed")
    assert api.send("POST", "/inbound/nobody", b"{}").status == 404


def test_a_providers_callback_is_heard_once(api, acquirer):
    paid = api.post(
        INTENT, amount=500, currency="eur", payment_method="pm_card_visa", confirm=True
    ).body
    from fintech.kernel import ids

    reference = str(ids.parse("ch", paid["latest_charge"]))
    body, headers = acquirer.callback(reference)

    for _ in range(2):
        heard = api.send("POST", "/inbound/simulator", body, headers=headers)
        assert (heard.status, heard.body) == (200, {"received": True})
    assert api.get(f"{INTENT}/{paid['id']}").body == paid


def test_a_limit_holds_until_it_is_removed(api):
    limit = api.post(
        "/v1/limits", scope="card", kind="count", window="rolling", seconds=3600, maximum=1
    ).body
    order = {"amount": 500, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    assert api.post(INTENT, order).body["status"] == "succeeded"

    refused = api.post(INTENT, order)

    assert refused.refusal[:2] == (400, "limit_exceeded")
    assert refused.error["breaches"]
    assert api.post(f"/v1/limits/{limit['id']}", maximum=2).body["maximum"] == 2
    assert api.post(INTENT, order).body["status"] == "succeeded"
    assert api.delete(f"/v1/limits/{limit['id']}").body["deleted"] is True
    assert api.get("/v1/limits").body["data"] == []


@pytest.mark.parametrize(("verdict", "status"), [("approve", "succeeded"), ("decline", "canceled")])
def test_a_payment_in_review_is_decided_through_its_case(api, verdict, status):
    asked = api.post(
        INTENT, amount=500, currency="eur", payment_method="pm_card_riskLevelElevated", confirm=True
    ).body
    assert (asked["status"], asked["review"][:4]) == ("processing", "fcs_")
    case = api.get(f"/v1/fraud/cases/{asked['review']}").body
    assert (case["status"], case["payment_intent"]) == ("pending", asked["id"])
    assert api.get("/v1/fraud/cases", open="true").body["data"] == [case]

    decided = api.post(f"/v1/fraud/cases/{case['id']}/{verdict}", key="once").body

    assert (decided["id"], decided["status"]) == (asked["id"], status)
    assert api.get(f"/v1/fraud/cases/{case['id']}").body["status"] == "closed"
    again = api.post(f"/v1/fraud/cases/{case['id']}/{verdict}", key="once")
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("word", "status"),
    [("authenticate", "succeeded"), ("fail_authentication", "requires_payment_method")],
)
def test_a_challenge_is_answered_by_a_helper(api, word, status):
    asked = api.post(
        INTENT,
        amount=500,
        currency="eur",
        payment_method="pm_card_authenticationRequired",
        confirm=True,
    ).body

    answered = api.post(f"/v1/test_helpers/payment_intents/{asked['id']}/{word}").body

    assert answered["status"] == status


def test_a_live_instance_has_no_helpers(api, settings):
    settings.MODE = "live"
    # The key is a sandbox's, so the door is shut before the helper is looked for.
    assert api.post("/v1/test_helpers/clock/advance", seconds=60).status == 401


def test_what_came_into_a_wallet_is_listed_with_the_balance(api):
    path = f"/v1/wallets/{api.post('/v1/wallets', currency='eur').body['id']}"
    for amount in (2000, 500):
        api.post(f"{path}/top_ups", amount=amount, currency="eur", payment_method="pm_card_visa")

    movements = api.get(f"{path}/movements").body["data"]

    assert [(one["amount"], one["balance"]) for one in movements] == [(500, 2500), (2000, 2000)]
    older = api.get(f"{path}/movements", before=movements[0]["sequence"]).body["data"]
    assert older == movements[1:]


def test_an_endpoints_secret_is_rolled(api):
    made = api.post("/v1/webhook_endpoints", url="https://example.com/a", enabled_events=["*"]).body

    rolled = api.post(f"/v1/webhook_endpoints/{made['id']}/roll_secret").body

    assert rolled["secret"].startswith("whsec_")
    assert rolled["secret"] != made["secret"]


@pytest.mark.django_db(transaction=True)  # Subscriptions hear what is committed.
def test_an_events_deliveries_are_listed(api):
    api.post("/v1/webhook_endpoints", url="https://example.com/a", enabled_events=["customer.*"])
    api.post("/v1/customers", name="Ada")
    subscriptions.catch_up()

    event = api.get("/v1/events", type="customer.created").body["data"][0]
    delivery = api.get(f"/v1/events/{event['id']}/deliveries").body["data"][0]

    assert (delivery["event"], delivery["status"]) == (event["id"], "pending")
    assert api.get(f"/v1/webhook_deliveries/{delivery['id']}").body == delivery
    assert api.post(f"/v1/webhook_deliveries/{delivery['id']}/resend").refusal[:2] == (
        400,
        "delivery_unexpected_state",
    )


def test_a_listed_mail_is_kept_as_a_hash_and_stops_its_owner(api):
    items = "/v1/fraud/lists/blocklist/items"

    item = api.post(items, kind="email", value="Mallory@example.com").body
    refused = api.post(
        INTENT,
        amount=900,
        currency="eur",
        payment_method="pm_card_visa",
        receipt_email="mallory@example.com",
        confirm=True,
    )

    assert len(item["value"]) == 40
    assert "mallory" not in str(item).lower()
    assert refused.body["error"]["decline_code"] == "fraudulent"
    assert api.post(items, kind="email", value="nobody").refusal == (
        400,
        "parameter_invalid",
        "value",
    )
    assert api.post(items, kind="ip", value="10.0.0").refusal == (
        400,
        "parameter_invalid",
        "value",
    )
