"""The door itself: who may come in, and what every answer says of itself."""

import base64
from datetime import timedelta

import pytest

from fintech.kernel import clock, ids
from fintech.merchants import data
from fintech.merchants import services as merchants
from tests.api.conftest import Api
from tests.make import merchants as make

INTENT = "/v1/payment_intents"


def test_a_key_works_as_bearer_and_as_the_user_of_basic(api, shop):
    basic = base64.b64encode(f"{api.secret}:".encode()).decode()

    for header in (f"Bearer {api.secret}", f"bearer {api.secret}", f"Basic {basic}"):
        account = api.send("GET", "/v1/account", headers={"Authorization": header})
        assert account.body["id"] == ids.public("acct", shop.id)


def test_a_key_may_be_written_without_its_last_underscore(api, shop):
    short = "ffp".join(api.secret.split("ffp_"))

    assert Api(short).get("/v1/account").body["id"] == ids.public("acct", shop.id)
    assert Api(f"{short}0").get("/v1/account").refusal == (401, "api_key_invalid", None)


def test_an_unknown_caller_is_told_how_to_say_who_they_are(db):
    refused = Api("").get("/v1/account")

    assert refused.refusal == (401, "api_key_missing", None)
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_revoked_key_is_none_any_more(shop):
    made = make.api_key(shop)
    merchants.revoke_api_key(merchant_id=shop.id, key_id=made.key.id, by=make.BY, at=clock.now())

    assert Api(made.secret).get("/v1/account").refusal == (401, "api_key_invalid", None)


def test_an_expired_key_says_so(shop):
    made = make.api_key(shop, expires_at=clock.now() + timedelta(seconds=1))

    with clock.fixed(clock.now() + timedelta(seconds=2)):
        refused = Api(made.secret).get("/v1/account")

    assert refused.refusal == (401, "api_key_expired", None)


def test_a_publishable_key_does_nothing_here(shop):
    made = make.api_key(shop, kind=data.KeyKind.PUBLISHABLE)

    assert Api(made.secret).get(INTENT).refusal == (403, "permission_denied", None)


def test_a_key_may_write_where_its_scope_says_so(restricted):
    writer = restricted("customers:write")

    made = writer.post("/v1/customers", name="Ada")

    assert made.status == 200
    assert writer.get(f"/v1/customers/{made.body['id']}").status == 200
    assert writer.get(INTENT).error["required_scope"] == "payments:read"


def test_a_key_acts_for_no_other_account(api, shop):
    own = ids.public("acct", shop.id)

    assert api.send("GET", "/v1/account", headers={"Stripe-Account": own}).status == 200
    for name in ("Stripe-Account", "Stripe-Context"):
        refused = api.send("GET", "/v1/account", headers={name: ids.public("acct", ids.new())})
        assert refused.refusal == (403, "account_invalid", None)


def test_every_answer_says_what_it_is(api):
    answered = api.post(INTENT, amount=100, currency="eur", key="once")

    assert answered.headers["Request-Id"].startswith("req_")
    assert answered.headers["API-Version"] == "2026-11-01"
    assert answered.headers["Content-Type"] == "application/json"
    assert answered.headers["Idempotency-Key"] == "once"
    assert answered.headers["RateLimit-Policy"].startswith('"default";q=')
    assert "Stripe-Version" not in answered.headers


def test_a_refusal_names_its_request_and_the_page_about_it(api):
    refused = api.post(INTENT)

    assert refused.error["request_id"] == refused.headers["Request-Id"]
    assert refused.error["doc_url"].endswith("/docs/errors#parameter_missing")


def test_a_foreign_version_is_echoed_and_changes_no_shape(api):
    made = api.post(INTENT, amount=100, currency="eur").body
    path = f"{INTENT}/{made['id']}"

    old = api.send("GET", path, headers={"Stripe-Version": "2020-08-27"})
    pinned = api.send("GET", path, headers={"Stripe-Version": "2026-10-28.endive"})

    assert old.body == pinned.body == made
    assert (old.headers["Stripe-Version"], old.headers["API-Compat"]) == (
        "2020-08-27",
        "pinned=2026-10-28.endive",
    )
    assert "API-Compat" not in pinned.headers


def test_a_caller_who_counts_on_another_version_is_refused(api):
    assert api.send("GET", INTENT, headers={"API-Version": "2026-11-01"}).status == 200

    refused = api.send("GET", INTENT, headers={"API-Version": "2031-01-01"})

    assert refused.refusal == (400, "parameter_invalid", "API-Version")


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "text/html, */*;q=0.1"])
def test_json_is_given_to_whoever_takes_it(api, accept):
    assert api.send("GET", INTENT, headers={"Accept": accept}).status == 200


def test_a_wrong_method_is_told_the_right_ones(api):
    refused = api.send("PUT", INTENT)

    assert (refused.status, refused.headers["Allow"]) == (405, "GET, POST")


def test_what_nobody_foresaw_is_told_without_its_inside(api, monkeypatch):
    from fintech.merchants import queries

    def broken(_merchant_id):
        raise RuntimeError("secret inside")

    monkeypatch.setattr(queries, "merchant", broken)
    told = api.get("/v1/account")

    assert told.refusal == (500, "internal_error", None)
    assert "secret inside" not in told.content.decode()
