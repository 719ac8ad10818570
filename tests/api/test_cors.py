"""Pages of other origins: those that are configured may ask, with a key; no others."""

import pytest

SHOP = "https://shop.example.com"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, idempotency-key",
}
INTENT = "/v1/payment_intents"


@pytest.fixture(autouse=True)
def _configured(settings):
    settings.CORS_ALLOWED_ORIGINS = [SHOP]


def test_a_configured_origin_may_ask(api):
    asked = api._client.options(INTENT, headers={"Origin": SHOP, **PREFLIGHT})

    assert asked.headers["Access-Control-Allow-Origin"] == SHOP
    assert "idempotency-key" in asked.headers["Access-Control-Allow-Headers"]
    assert "PUT" not in asked.headers["Access-Control-Allow-Methods"]
    answered = api.send("GET", INTENT, headers={"Origin": SHOP})
    assert answered.headers["access-control-allow-origin"] == SHOP
    assert "request-id" in answered.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", f"{SHOP}.evil.com"])
def test_no_other_origin_is_let_in(api, origin):
    asked = api._client.options(INTENT, headers={"Origin": origin, **PREFLIGHT})

    assert "Access-Control-Allow-Origin" not in asked.headers
    answered = api.send("GET", INTENT, headers={"Origin": origin})
    assert "access-control-allow-origin" not in answered.headers


def test_a_session_never_goes_along(api):
    asked = api._client.options(INTENT, headers={"Origin": SHOP, **PREFLIGHT})

    assert "Access-Control-Allow-Credentials" not in asked.headers


def test_the_dashboard_is_nobody_elses(api):
    asked = api._client.get("/dashboard/", headers={"Origin": SHOP})

    assert "Access-Control-Allow-Origin" not in asked.headers
