"""Payments through the door: plain JSON, exact answers."""

import pytest

INTENT = "/v1/payment_intents"


@pytest.fixture
def reserved(api):
    """A payment whose money is reserved."""
    return api.post(
        INTENT,
        amount=4250,
        currency="eur",
        payment_method="pm_card_visa",
        capture_method="manual",
        confirm=True,
    ).body


def test_a_payment_goes_from_creation_to_a_refund(api):
    made = api.post(
        INTENT,
        amount=4250,
        currency="eur",
        payment_method="pm_card_visa",
        capture_method="manual",
        metadata={"order": "7"},
    )
    assert made.status == 200
    path = f"{INTENT}/{made.body['id']}"
    assert (made.body["status"], made.body["metadata"]) == (
        "requires_confirmation",
        {"order": "7"},
    )

    confirmed = api.post(f"{path}/confirm").body
    assert (confirmed["status"], confirmed["amount_capturable"]) == ("requires_capture", 4250)

    captured = api.post(f"{path}/capture").body
    assert (captured["status"], captured["amount_received"]) == ("succeeded", 4250)
    assert api.get(path).body == captured

    refund = api.post("/v1/refunds", payment_intent=made.body["id"], amount=1000).body
    assert (refund["status"], refund["amount"], refund["currency"]) == ("succeeded", 1000, "eur")

    charge = api.get(f"/v1/charges/{captured['latest_charge']}").body
    assert (charge["amount_captured"], charge["amount_refunded"], charge["refunded"]) == (
        4250,
        1000,
        False,
    )
    assert [one["id"] for one in charge["refunds"]["data"]] == [refund["id"]]


def test_part_may_be_captured_and_the_rest_let_go(api, reserved):
    path = f"{INTENT}/{reserved['id']}"

    captured = api.post(f"{path}/capture", amount_to_capture=3000).body

    assert (captured["status"], captured["amount_received"]) == ("succeeded", 3000)


def test_parts_may_be_captured_one_after_the_other(api, reserved):
    path = f"{INTENT}/{reserved['id']}"

    first = api.post(f"{path}/capture", amount_to_capture=3000, final_capture=False).body

    assert (first["status"], first["amount_capturable"]) == ("requires_capture", 1250)
    assert api.post(f"{path}/capture").body["amount_received"] == 4250


def test_a_payment_is_canceled_with_its_reason(api, reserved):
    path = f"{INTENT}/{reserved['id']}"

    canceled = api.post(f"{path}/cancel", cancellation_reason="abandoned").body

    assert (canceled["status"], canceled["cancellation_reason"]) == ("canceled", "abandoned")
    again = api.post(f"{path}/cancel")
    assert again.refusal == (400, "payment_intent_unexpected_state", None)


def test_a_declined_card_is_402_with_the_payment_inside(api):
    declined = api.post(
        INTENT,
        amount=4250,
        currency="eur",
        payment_method="pm_card_chargeDeclinedInsufficientFunds",
        confirm=True,
    )

    assert declined.refusal == (402, "card_declined", None)
    error = declined.error
    assert (error["type"], error["decline_code"]) == ("card_error", "insufficient_funds")
    assert error["payment_intent"]["status"] == "requires_payment_method"
    stored = api.get(f"{INTENT}/{error['payment_intent']['id']}").body
    assert stored == error["payment_intent"]
    assert api.get(f"/v1/charges/{error['charge']}").body["status"] == "failed"


def test_a_declined_payment_succeeds_with_another_card(api):
    declined = api.post(
        INTENT, amount=500, currency="eur", payment_method="pm_card_chargeDeclined", confirm=True
    )
    path = f"{INTENT}/{declined.error['payment_intent']['id']}"

    paid = api.post(f"{path}/confirm", payment_method="pm_card_visa").body

    assert (paid["status"], paid["last_payment_error"]) == ("succeeded", None)


def test_a_blocked_card_is_declined_as_fraudulent_and_never_sent(api, acquirer):
    blocked = api.post(
        INTENT, amount=500, currency="eur", payment_method="pm_card_radarBlock", confirm=True
    )

    assert (blocked.refusal[:2], blocked.error["decline_code"]) == (
        (402, "card_declined"),
        "fraudulent",
    )
    outcome = api.get(f"/v1/charges/{blocked.error['charge']}").body["outcome"]
    assert (outcome["type"], outcome["network_status"]) == ("blocked", "not_sent_to_network")
    found = api.get(
        "/v1/fraud/assessments", payment_intent=blocked.error["payment_intent"]["id"]
    ).body["data"]
    assert [one["decision"] for one in found] == ["block"]


def test_a_challenge_sends_the_payer_to_a_page_of_ours(api):
    asked = api.post(
        INTENT,
        amount=500,
        currency="eur",
        payment_method="pm_card_authenticationRequired",
        confirm=True,
        return_url="https://example.com/back",
    ).body

    assert asked["status"] == "requires_action"
    told = asked["next_action"]["redirect_to_url"]
    assert told["return_url"] == "https://example.com/back"
    assert "/pay/challenge/ch_" in told["url"]


def test_what_is_given_is_changed_and_the_rest_stays(api):
    made = api.post(
        INTENT, amount=500, currency="eur", description="First", metadata={"a": "1", "b": "2"}
    ).body
    path = f"{INTENT}/{made['id']}"

    changed = api.post(path, amount=700, metadata={"a": "", "c": "3"}).body

    assert (changed["amount"], changed["description"]) == (700, "First")
    assert changed["metadata"] == {"b": "2", "c": "3"}
    emptied = api.post(path, metadata="", description="").body
    assert (emptied["metadata"], emptied["description"]) == ({}, None)


def test_lists_are_stretches_by_id_newest_first(api):
    made = [api.post(INTENT, amount=100 + number, currency="eur").body for number in range(5)]
    newest_first = [one["id"] for one in reversed(made)]

    first = api.get(INTENT, limit=2).body
    assert [one["id"] for one in first["data"]] == newest_first[:2]
    assert (first["object"], first["url"], first["has_more"]) == ("list", INTENT, True)
    rest = api.get(INTENT, starting_after=newest_first[1]).body
    assert [one["id"] for one in rest["data"]] == newest_first[2:]
    assert rest["has_more"] is False
    before = api.get(INTENT, ending_before=newest_first[4], limit=2).body
    assert [one["id"] for one in before["data"]] == newest_first[2:4]


def test_ids_are_shown_as_objects_when_asked_and_unknown_names_are_left_alone(api):
    customer = api.post("/v1/customers", name="Ada").body
    made = api.post(
        INTENT,
        amount=500,
        currency="eur",
        customer=customer["id"],
        payment_method="pm_card_visa",
        confirm=True,
        expand=["customer", "latest_charge.payment_method", "default_source", "amount"],
    ).body

    assert made["customer"] == customer
    assert made["latest_charge"]["status"] == "succeeded"
    listed = api.get(f"{INTENT}?expand[]=data.customer").body["data"][0]
    assert listed["customer"] == customer


def test_the_acquirer_that_does_not_answer_leaves_the_payment_processing(api):
    asked = api.post(
        INTENT,
        amount=500,
        currency="eur",
        payment_method="pm_card_acquirerTimeout",
        confirm=True,
    )

    assert (asked.status, asked.body["status"]) == (200, "processing")


def test_a_form_does_the_same_as_json(api):
    written = api.form(
        INTENT,
        "amount=500&currency=eur&payment_method=pm_card_visa&confirm=true&metadata[a]=b"
        "&automatic_payment_methods[enabled]=true&payment_method_types[0]=card",
    ).body

    assert (written["status"], written["metadata"]) == ("succeeded", {"a": "b"})


def test_the_payers_address_is_looked_at_and_not_that_of_the_merchants_server(api):
    order = {"amount": 500, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}

    def counted(**more):
        paid = api.post(INTENT, {**order, **more}).body
        found = api.get("/v1/fraud/assessments", payment_intent=paid["id"]).body["data"][0]
        return found["features"]["ip_1h"]

    assert [counted(), counted()] == [0, 0]
    assert [counted(payer_ip="203.0.113.7") for _ in range(2)] == [0, 1]
    assert api.post(INTENT, {**order, "payer_ip": "here"}).refusal == (
        400,
        "parameter_invalid",
        "payer_ip",
    )


def test_the_device_and_the_bill_reach_the_decision(api):
    billing = {"name": "Ada", "address": {"country": "br", "city": "Recife", "line1": "Rua 1"}}
    made = api.post(
        "/v1/payment_methods", type="card", card={"token": "tok_visa"}, billing_details=billing
    ).body
    assert made["billing_details"]["address"]["country"] == "BR"
    assert made["billing_details"]["address"]["city"] is None  # What nobody needs is not kept.
    order = {
        "amount": 900,
        "currency": "eur",
        "payment_method": made["id"],
        "confirm": True,
        "payer_device": "browser-7",
    }

    def known():
        paid = api.post(INTENT, order).body
        found = api.get("/v1/fraud/assessments", payment_intent=paid["id"]).body["data"][0]
        return found["features"]["device_1h"], found["features"]["billing_country"]

    assert [known(), known()] == [(0, "BR"), (1, "BR")]


def test_off_session_a_person_looks_where_the_payer_would_be_challenged(api):
    rule = {"name": "ask", "condition": "amount == 901", "decision": "challenge"}
    made = api.post("/v1/fraud/rules", **rule).body
    api.post(f"/v1/fraud/rules/{made['id']}/activate")
    order = {"amount": 901, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}

    there = api.post(INTENT, order).body
    away = api.post(INTENT, {**order, "off_session": True}).body

    assert (there["status"], there["review"]) == ("requires_action", None)
    assert (away["status"], away["review"][:4]) == ("processing", "fcs_")


@pytest.mark.parametrize(
    ("country", "param"),
    [
        ("Germany", "billing_details[address][country]"),
        ("D", "billing_details[address][country]"),
        ("XX", "billing_details[address][country]"),
    ],
)
def test_a_bill_to_no_country_is_refused(api, country, param):
    refused = api.post(
        "/v1/payment_methods",
        type="card",
        card={"token": "tok_visa"},
        billing_details={"address": {"country": country}},
    )

    assert refused.refusal == (400, "parameter_invalid", param)
    assert api.get("/v1/payment_methods").body["data"] == []


def test_a_device_that_is_too_long_or_holds_a_card_number_is_refused(api):
    order = {"amount": 900, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}

    long = api.post(INTENT, {**order, "payer_device": "x" * 201})
    number = api.post(INTENT, {**order, "payer_device": "4242424242424242"})

    assert long.refusal == (400, "parameter_invalid", "payer_device")
    assert number.refusal == (400, "sensitive_data_rejected", "payer_device")
    assert api.get(INTENT).body["data"] == []


def test_more_is_reserved_than_was_authorized(api, reserved):
    path = f"{INTENT}/{reserved['id']}"

    more = api.post(f"{path}/increment_authorization", amount=6000).body

    assert (more["status"], more["amount"], more["amount_capturable"]) == (
        "requires_capture",
        6000,
        6000,
    )
    assert api.post(f"{path}/capture").body["amount_received"] == 6000
    late = api.post(f"{path}/increment_authorization", amount=7000)
    assert (late.status, late.body["error"]["code"]) == (400, "payment_intent_unexpected_state")


def test_a_refund_of_several_captures_is_one_refund_with_its_parts(api, reserved):
    path = f"{INTENT}/{reserved['id']}"
    api.post(f"{path}/capture", amount_to_capture=1000, final_capture=False)
    api.post(f"{path}/capture", amount_to_capture=2000)

    refund = api.post("/v1/refunds", payment_intent=reserved["id"], amount=2500).body

    assert (refund["status"], refund["amount"]) == ("succeeded", 2500)
    assert [(part["status"], part["amount"]) for part in refund["parts"]] == [
        ("succeeded", 1000),
        ("succeeded", 1500),
    ]
    assert api.get(f"/v1/refunds/{refund['id']}").body == refund
    assert api.get("/v1/refunds").body["data"] == [refund]
    moved = api.get("/v1/balance_transactions?type=refund").body["data"]
    assert [(one["amount"], one["source"]) for one in moved] == [
        (-1500, refund["id"]),
        (-1000, refund["id"]),
    ]
    assert [part["balance_transaction"] for part in refund["parts"]] == [
        one["id"] for one in reversed(moved)
    ]


def test_what_a_merchant_lacks_for_a_refund_is_owed(api):
    paid = api.post(
        INTENT, amount=4250, currency="eur", payment_method="pm_card_visa", confirm=True
    ).body
    refund = api.post("/v1/refunds", payment_intent=paid["id"]).body

    balance = api.get("/v1/balance").body
    assert [one["amount"] for one in balance["pending"]] == [0]
    assert [one["amount"] for one in balance["available"]] == [-85]
    moved = api.get(f"/v1/balance_transactions/{refund['balance_transaction']}").body
    entry = api.get(f"/v1/ledger/entries/{moved['ledger_entry']}").body
    assert moved["amount"] == -4250
    assert [(line["direction"], line["amount"]) for line in entry["lines"]] == [
        ("debit", 4165),
        ("credit", 4250),
        ("debit", 85),
    ]


def test_a_charge_tells_that_liability_has_shifted(api):
    asked = api.post(
        INTENT,
        amount=4250,
        currency="eur",
        payment_method="pm_card_threeDSecure",
        confirm=True,
    ).body
    charge = f"/v1/charges/{asked['latest_charge']}"
    assert api.get(charge).body["payment_method_details"]["card"]["three_d_secure"] == {
        "authentication_flow": "challenge",
        "liability": None,
        "result": None,
        "result_reason": None,
        "version": None,
    }

    api.post(f"/v1/test_helpers/payment_intents/{asked['id']}/authenticate")

    shown = api.get(charge).body
    told = shown["payment_method_details"]["card"]["three_d_secure"]
    assert (told["result"], told["liability"]) == ("authenticated", "issuer")
    assert shown["outcome"]["liability"] == "issuer"
