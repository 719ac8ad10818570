"""What a merchant can read of its own requests, and what nobody can."""

import pytest

INTENT = "/v1/payment_intents"


def test_every_request_is_noted_with_its_answer(api, request_log):
    made = api.post(INTENT, amount=500, currency="eur", key="once")
    refused = api.post(INTENT, amount=0, currency="eur")

    newest, oldest = request_log()

    assert (oldest.method, oldest.path, oldest.status) == ("POST", INTENT, 200)
    assert (oldest.request_id, oldest.idempotency_key) == (made.headers["Request-Id"], "once")
    assert oldest.request_body == {"amount": 500, "currency": "EUR"}
    assert oldest.response_body["id"] == made.body["id"]
    assert (newest.status, newest.error_code) == (400, "amount_too_small")
    assert newest.request_id == refused.headers["Request-Id"]


def test_card_data_and_secrets_are_not_noted(api, request_log):
    card = {"number": "4242424242424242", "cvc": "737", "exp_month": 12, "exp_year": 2034}
    api.post("/v1/payment_methods", type="card", card=card)
    api.post("/v1/webhook_endpoints", url="https://example.com/a", enabled_events=["*"])
    api.post(INTENT, amount=500, currency="eur")

    log = request_log()
    noted = str(log)

    (attached,) = (line for line in log if line.path == "/v1/payment_methods")
    assert attached.request_body["card"] == {**card, "number": "[redacted]", "cvc": "[redacted]"}
    assert attached.response_body["card"]["last4"] == "4242"
    assert "4242424242424242" not in noted
    assert "'737'" not in noted
    assert "whsec_" not in noted
    assert "_secret_" not in noted


@pytest.mark.parametrize(
    "body",
    [
        b'{"description": "4242424242424242"}',
        b'{"card": {"number": "4242424242424242"}',
        b"4242424242424242",
    ],
)
def test_a_card_number_in_a_refused_body_is_nowhere(api, request_log, body, caplog, capfd):
    api.send("POST", INTENT, body)

    noted = str(request_log()) + caplog.text + "".join(capfd.readouterr())

    assert "4242424242424242" not in noted


def test_another_merchants_requests_are_not_shown(api, stranger, request_log):
    stranger.get("/v1/account")

    assert request_log() == []


def test_what_foreign_clients_tell_of_themselves_is_not_noted(api, request_log, caplog):
    telemetry = {"X-Stripe-Client-User-Agent": '{"telemetry_id": "tracked"}'}
    api.send("GET", INTENT, headers=telemetry)

    assert "tracked" not in str(request_log()) + caplog.text


def test_what_a_database_cannot_hold_does_not_stop_the_log(api, request_log):
    api.get(f"{INTENT}/%00")
    api.send("POST", INTENT, b'{"description": "\\u0000"}')

    assert [line.status for line in request_log()] == [400, 404]
