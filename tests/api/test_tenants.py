"""Merchants are apart: another's thing and one that never was sound alike, byte for byte."""

import random
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from fintech.api.codec import fields
from fintech.kernel import ids, subscriptions
from fintech.wallets import services as wallets
from tests.api.conftest import Api
from tests.api.front_door import Front
from tests.api.operations import OPERATIONS, named, path_of, prefix_of
from tests.api.test_fuzz import fitting

INTENT = "/v1/payment_intents"
# Not a merchant's: what is compared is the platform's own money.
PLATFORM = ("reconciliation.",)


def _paid(api: Api) -> dict:
    return api.post(
        INTENT, amount=500, currency="eur", payment_method="pm_card_visa", confirm=True
    ).body


def _wallet(api: Api) -> str:
    return api.post("/v1/wallets", currency="eur").body["id"]


def _hold(api: Api) -> str:
    path = f"/v1/wallets/{_wallet(api)}"
    api.post(f"{path}/top_ups", amount=900, currency="eur", payment_method="pm_card_visa")
    return api.post(f"{path}/holds", amount=500, currency="eur").body["id"]


def _endpoint(api: Api) -> str:
    return api.post(
        "/v1/webhook_endpoints", url="https://example.com/hook", enabled_events=["*"]
    ).body["id"]


def _heard(api: Api, path: str) -> str:
    _endpoint(api)
    _paid(api)
    subscriptions.catch_up()
    return api.get(path).body["data"][0]["id"]


def _entry(api: Api) -> str:
    return api.get("/v1/ledger/entries", payment_intent=_paid(api)["id"]).body["data"][0]["id"]


def _movement(api: Api) -> str:
    _paid(api)
    return api.get("/v1/balance_transactions").body["data"][0]["id"]


def _assessment(api: Api) -> str:
    _paid(api)
    return api.get("/v1/fraud/assessments").body["data"][0]["id"]


def _transfer(api: Api) -> str:
    source, destination = _wallet(api), _wallet(api)
    api.post(
        f"/v1/wallets/{source}/top_ups",
        amount=500,
        currency="eur",
        payment_method="pm_card_visa",
    )
    ends = {"source": source, "destination": destination}
    return api.post("/v1/wallet_transfers", **ends, amount=5, currency="eur").body["id"]


def _withdrawal(api: Api) -> str:
    wallet = _wallet(api)
    api.post(
        f"/v1/wallets/{wallet}/top_ups",
        amount=2_000_00,
        currency="eur",
        payment_method="pm_card_visa",
    )
    # So much waits for a person, and no bank is asked.
    asked = {"amount": 1_500_00, "currency": "eur", "account": "DE89370400440532013000"}
    return api.post(f"/v1/wallets/{wallet}/withdrawals", **asked).body["id"]


def _quote(api: Api) -> str:
    wallets.record_rates([("USD", date(2026, 10, 30), Decimal("1.1"))], source="ecb")
    asked = {"amount": 100, "currency": "eur", "destination_currency": "usd"}
    return api.post("/v1/wallet_quotes", **asked).body["id"]


ONCE = {"currency": "eur", "unit_amount": 5, "product_data": {"name": "A"}}
SESSION = {"success_url": "https://example.com/thanks", "line_items": [{"price_data": ONCE}]}
# How a merchant comes to a thing of each kind, by the prefix of its id.
MADE: dict[str, Callable[[Api], str]] = {
    "pi": lambda api: _paid(api)["id"],
    "ch": lambda api: _paid(api)["latest_charge"],
    "re": lambda api: api.post("/v1/refunds", payment_intent=_paid(api)["id"]).body["id"],
    "txn": _movement,
    "ltx": _entry,
    "lac": lambda api: api.post(
        "/v1/ledger/accounts", code="1000", type="asset", currency="eur"
    ).body["id"],
    "fra": _assessment,
    "cus": lambda api: api.post("/v1/customers", name="Ada").body["id"],
    "pm": lambda api: api.post("/v1/payment_methods", type="card", card={"token": "tok_visa"}).body[
        "id"
    ],
    "wal": _wallet,
    "whd": _hold,
    "wtr": _transfer,
    "wqt": _quote,
    "wwd": _withdrawal,
    "plink": lambda api: api.post("/v1/payment_links", title="A", currency="eur").body["id"],
    "prod": lambda api: api.post("/v1/products", name="A").body["id"],
    "price": lambda api: api.post(
        "/v1/prices", product_data={"name": "A"}, unit_amount=5, currency="eur"
    ).body["id"],
    "cs": lambda api: api.post("/v1/checkout/sessions", SESSION).body["id"],
    "we": _endpoint,
    "lim": lambda api: api.post(
        "/v1/limits", scope="card", kind="count", window="day", maximum=9, zone="UTC"
    ).body["id"],
    "acct": lambda api: api.get("/v1/account").body["id"],
    "frl": lambda api: api.post(
        "/v1/fraud/rules", name=f"r{random.randrange(10**9)}", condition="amount > 1"
    ).body["id"],
    "fvl": lambda api: api.post(
        "/v1/fraud/velocity_limits", name="often", of="card", seconds=60, maximum=9
    ).body["id"],
    "fli": lambda api: api.post("/v1/fraud/lists/blocklist/items", kind="country", value="AQ").body[
        "id"
    ],
}
# Made by a subscription, so only where commits are real: `test_what_is_heard_later_…`.
HEARD = {"evt": "/v1/events"}
# Nothing of the kind can be made through the API; what their tests compare is unknown ids.
UNMADE = {"fcs", "fmo", "wd"}
WITH_ID = [one for one in OPERATIONS if "{id}" in one.path and not one.name.startswith(PLATFORM)]


def without_request(content: bytes) -> bytes:
    return re.sub(rb"req_\w+", b"req_", content)


def asked_for(operation, api: Api) -> dict:
    """A body that is right, so that what is looked at is the id in the path."""
    dice = random.Random(operation.name)
    body = {}
    for name, rule in operation.parameters.items():
        if not rule.required:
            continue
        if isinstance(rule, fields.Id) and rule.prefix in MADE:
            body[name] = MADE[rule.prefix](api)
        else:
            body[name] = rule.example if rule.example is not None else fitting(rule, dice, {})
    return body


def test_there_is_a_thing_of_every_kind_to_try():
    kinds = {prefix_of(operation) for operation in WITH_ID}

    missing = sorted(kinds - MADE.keys() - HEARD.keys() - UNMADE)

    assert missing == [], (
        f"Nobody knows how a merchant comes to a thing whose id begins with {missing}. Say so "
        "in MADE of tests/api/test_tenants.py, so that another merchant's is tried."
    )


@pytest.mark.parametrize("operation", WITH_ID, ids=named)
def test_anothers_and_an_unknown_id_sound_alike(operation, api, stranger):
    prefix = prefix_of(operation)
    body = asked_for(operation, api) if operation.method == "POST" else {}
    theirs = MADE[prefix](stranger) if prefix in MADE else ids.public(prefix, ids.new())
    for door in (api, Front(api.secret)):

        def answer(public_id: str, door=door):
            path = path_of(operation, at=public_id)
            if operation.method == "POST":
                return door.post(path, body)
            return door.send(operation.method, path)

        another, unknown = answer(theirs), answer(ids.public(prefix, ids.new()))
        malformed = answer("junk")

        assert another.refusal == (404, "resource_missing", None)
        assert without_request(another.content) == without_request(unknown.content)
        assert without_request(malformed.content) == without_request(unknown.content)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("prefix", HEARD)
def test_what_is_heard_later_is_apart_too(prefix, api, stranger):
    theirs = _heard(stranger, HEARD[prefix])
    for operation in WITH_ID:
        if prefix_of(operation) == prefix:
            refused = api.send(operation.method, path_of(operation, at=theirs))
            assert refused.refusal == (404, "resource_missing", None), named(operation)


@pytest.fixture
def theirs(stranger) -> dict[str, str]:
    """Ids of another merchant's things, by prefix."""
    return {prefix: make(stranger) for prefix, make in MADE.items()}


def test_nothing_of_anothers_is_listed(api, theirs):
    for path in (
        INTENT,
        "/v1/charges",
        "/v1/customers",
        "/v1/payment_methods",
        "/v1/wallets",
        "/v1/payment_links",
        "/v1/products",
        "/v1/prices",
        "/v1/checkout/sessions",
        "/v1/webhook_endpoints",
        "/v1/fraud/assessments",
        "/v1/fraud/lists/blocklist/items",
        "/v1/fraud/velocity_limits",
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
        ("/v1/checkout/sessions", "customer", "cus", SESSION),
        ("/v1/prices", "product", "prod", {"unit_amount": 5, "currency": "eur"}),
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
