"""One key, one effect, and the same bytes whenever it is asked again."""

import pytest

from fintech.kernel import idempotency
from fintech.payments import queries as payments

INTENT = "/v1/payment_intents"
ORDER = {"amount": 500, "currency": "eur"}


def test_the_second_answer_is_the_first_to_the_byte(api, shop):
    first = api.post(INTENT, ORDER, key="once")
    again = api.post(INTENT, ORDER, key="once")

    assert (first.status, again.status) == (200, 200)
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert len(payments.payments(shop.id).items) == 1


def test_a_form_repeats_its_json_twin(api):
    first = api.post(INTENT, {**ORDER, "metadata": {"b": "2", "a": "1"}}, key="once")
    again = api.form(INTENT, "metadata[a]=1&metadata[b]=2&currency=EUR&amount=500", key="once")

    assert again.content == first.content


def test_what_is_only_shown_differently_is_the_same_request(api):
    customer = api.post("/v1/customers", name="Ada").body
    order = {**ORDER, "customer": customer["id"]}
    api.post(INTENT, order, key="once")

    again = api.post(INTENT, {**order, "expand": ["customer"]}, key="once")

    assert (again.status, again.body["customer"]) == (200, customer)


@pytest.mark.parametrize(
    ("path", "body", "differing"),
    [
        (INTENT, {**ORDER, "amount": 501}, ["amount"]),
        (INTENT, {**ORDER, "description": "A"}, ["description"]),
        (INTENT, {"amount": 501, "currency": "usd"}, ["amount", "currency"]),
        ("/v1/customers", {"name": "Ada"}, ["amount", "currency", "name", "path"]),
    ],
)
def test_a_key_is_not_used_for_something_else(api, path, body, differing):
    first = api.post(INTENT, ORDER, key="once").body

    refused = api.post(path, body, key="once")

    assert refused.refusal == (400, "idempotency_key_reused", None)
    assert refused.error["type"] == "idempotency_error"
    assert refused.error["existing_resource"] == {"id": first["id"], "object": "payment_intent"}
    assert refused.error["differing_fields"] == differing
    assert ", ".join(differing) in refused.error["message"]


def test_a_declined_card_is_declined_again_and_asked_for_once(api, acquirer):
    order = {**ORDER, "payment_method": "pm_card_chargeDeclined", "confirm": True}

    first = api.post(INTENT, order, key="once")
    again = api.post(INTENT, order, key="once")

    assert first.refusal == again.refusal == (402, "card_declined", None)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.error["payment_intent"] == first.error["payment_intent"]
    assert sum(acquirer.asked.values()) == 1


def test_a_refusal_of_the_payments_state_is_kept(api):
    made = api.post(INTENT, ORDER).body
    path = f"{INTENT}/{made['id']}"
    refused = api.post(f"{path}/capture", key="once")
    assert refused.refusal == (400, "payment_intent_unexpected_state", None)

    again = api.post(f"{path}/capture", key="once")

    assert again.refusal == refused.refusal
    assert again.headers["Idempotent-Replayed"] == "true"


def test_bad_input_does_not_use_up_the_key(api):
    assert api.post(INTENT, {"amount": 500}, key="once").status == 400
    missing = {**ORDER, "customer": "cus_0000000000000000000000"}
    assert api.post(INTENT, missing, key="once").status == 400

    assert api.post(INTENT, ORDER, key="once").status == 200


def test_a_request_that_is_still_running_is_waited_for(api, shop, monkeypatch):
    def busy(claims, *, at):
        return [idempotency.Claim(key=key, state="in_flight") for key in claims]

    monkeypatch.setattr(idempotency, "claim", busy)

    refused = api.post(INTENT, ORDER, key="once")

    assert refused.refusal == (409, "idempotency_key_in_use", None)
    assert refused.headers["Retry-After"] == "1"
    assert refused.error["type"] == "idempotency_error"


def test_a_key_tells_what_came_of_its_request(api):
    made = api.post(INTENT, ORDER, key="a/b c").body
    declined = api.post(
        INTENT, {**ORDER, "payment_method": "pm_card_chargeDeclined", "confirm": True}, key="no"
    )

    told = api.get("/v1/idempotency_keys/a/b%20c").body
    assert told["resource"] == {"id": made["id"], "object": "payment_intent"}
    assert (told["status"], told["command"]) == ("completed", "payment_intents.create")
    assert api.get("/v1/idempotency_keys/no").body["resource"] == {
        "id": declined.error["payment_intent"]["id"],
        "object": "payment_intent",
    }


def test_reading_takes_no_key(api):
    assert api.send("GET", INTENT, headers={"Idempotency-Key": ""}).status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/customers", {"name": "Ada"}),
        ("/v1/payment_methods", {"type": "card", "card": {"token": "tok_visa"}}),
        ("/v1/wallets", {"currency": "eur"}),
        ("/v1/payment_links", {"title": "A", "currency": "eur"}),
        ("/v1/webhook_endpoints", {"url": "https://example.com/a", "enabled_events": ["*"]}),
    ],
)
def test_whatever_is_created_is_created_once(api, path, body):
    first, again = (api.post(path, body, key="once") for _ in range(2))

    assert first.content == again.content
    assert len(api.get(path).body["data"]) == 1
