"""Merchants are apart: another's thing and one that never was sound alike, byte for byte."""

import re

import pytest

from fintech.api.urls import OPERATIONS
from fintech.kernel import ids
from tests.api.test_door import IDENTIFIER

INTENT = "/v1/payment_intents"
# What a body needs so that the id in the path is what is looked at.
BODIES = {
    "payment_methods.attach": {"customer": "own"},
    "wallets.top_up": {"amount": 100, "currency": "eur", "payment_method": "pm_card_visa"},
    "wallets.hold": {"amount": 100, "currency": "eur"},
    "limits.update": {"maximum": 10},
}
# Not a merchant's: what is compared is the platform's own money.
PLATFORM = ("reconciliation.",)
# Nothing of its kind can be made before another room books it.
UNMADE = {"ch", "re", "txn", "fra", "ltx", "evt", "whd"}


@pytest.fixture
def theirs(stranger) -> dict[str, str]:
    """Ids of another merchant's things, by prefix."""
    intent = stranger.post(
        INTENT, amount=500, currency="eur", payment_method="pm_card_chargeDeclined", confirm=True
    ).error
    return {
        "pi": intent["payment_intent"]["id"],
        "ch": intent["charge"],
        "cus": stranger.post("/v1/customers", name="Ada").body["id"],
        "pm": stranger.post("/v1/payment_methods", type="card", card={"token": "tok_visa"}).body[
            "id"
        ],
        "wal": stranger.post("/v1/wallets", currency="eur").body["id"],
        "plink": stranger.post("/v1/payment_links", title="A", currency="eur").body["id"],
        "we": stranger.post(
            "/v1/webhook_endpoints", url="https://example.com/hook", enabled_events=["*"]
        ).body["id"],
        "lim": stranger.post(
            "/v1/limits", scope="card", kind="count", window="day", maximum=9, zone="UTC"
        ).body["id"],
        "acct": stranger.get("/v1/account").body["id"],
        "fra": stranger.get("/v1/fraud/assessments").body["data"][0]["id"],
        "fli": stranger.post("/v1/fraud/lists/blocklist/items", kind="country", value="AQ").body[
            "id"
        ],
    }


def without_request(content: bytes) -> bytes:
    return re.sub(rb"req_\w+", b"req_", content)


WITH_ID = [one for one in OPERATIONS if "{id}" in one.path and not one.name.startswith(PLATFORM)]


@pytest.mark.parametrize("operation", WITH_ID, ids=lambda one: f"{one.method} {one.path}")
def test_anothers_and_an_unknown_id_sound_alike(operation, api, theirs):
    collection = operation.path.split("/{id}")[0].rpartition("/")[2]
    prefix = IDENTIFIER[collection]
    body = dict(BODIES.get(operation.name, {}))
    if body.get("customer") == "own":
        body["customer"] = api.post("/v1/customers", name="Own").body["id"]
    asked = theirs.get(prefix, ids.public(prefix, ids.new()))
    path = operation.path.replace("{list}", "blocklist")

    def answer(public_id: str):
        at = path.replace("{id}", public_id)
        return api.post(at, body) if operation.method == "POST" else api.send(operation.method, at)

    another, unknown = answer(asked), answer(ids.public(prefix, ids.new()))
    malformed = answer("junk")

    assert another.refusal == (404, "resource_missing", None)
    assert without_request(another.content) == without_request(unknown.content)
    assert without_request(malformed.content) == without_request(unknown.content)


def test_nothing_of_anothers_is_listed(api, theirs):
    for path in (
        INTENT,
        "/v1/charges",
        "/v1/customers",
        "/v1/payment_methods",
        "/v1/wallets",
        "/v1/payment_links",
        "/v1/webhook_endpoints",
        "/v1/fraud/assessments",
        "/v1/fraud/lists/blocklist/items",
        "/v1/refunds",
        "/v1/events",
        "/v1/balance_transactions",
    ):
        assert api.get(path).body["data"] == [], path


@pytest.mark.parametrize(
    ("path", "name", "prefix", "body"),
    [
        (INTENT, "customer", "cus", {"amount": 100, "currency": "eur"}),
        (INTENT, "payment_method", "pm", {"amount": 100, "currency": "eur"}),
        (INTENT, "payment_method", "pm", {"amount": 100, "currency": "eur", "confirm": True}),
        ("/v1/refunds", "payment_intent", "pi", {}),
        ("/v1/refunds", "charge", "ch", {}),
        ("/v1/wallets", "customer", "cus", {"currency": "eur"}),
    ],
)
def test_anothers_thing_in_a_parameter_is_as_unknown(  # noqa: PLR0917
    api, theirs, path, name, prefix, body
):
    another = api.post(path, {**body, name: theirs[prefix]})
    unknown = api.post(path, {**body, name: ids.public(prefix, ids.new())})

    assert another.refusal == (400, "resource_missing", name)
    assert without_request(another.content) == without_request(unknown.content)


def test_one_idempotency_key_in_two_shops_is_two_keys(api, stranger):
    mine = api.post("/v1/customers", name="Ada", key="same")
    other = stranger.post("/v1/customers", name="Ada", key="same")

    assert mine.body["id"] != other.body["id"]
    assert api.get("/v1/idempotency_keys/same").body["resource"]["id"] == mine.body["id"]
