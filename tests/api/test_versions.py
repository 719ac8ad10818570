"""Dated versions: a made-up older one, which called a payment's description its note."""

import pytest

from fintech.merchants import services as merchants
from fintech.wire import versions
from tests.api.front_door import Front
from tests.make import merchants as make

INTENT = "/v1/payment_intents"
NOW, BEFORE = "2026-11-01", "2026-10-01"


class DescriptionWasNote(versions.Change):
    """What is `description` was `note` before."""

    version = NOW
    about = "`note` of payment intents is `description`."

    def newer_request(self, operation, given):
        if not operation.startswith("payment_intents.") or "note" not in given:
            return given
        given["description"] = given.pop("note")
        return given

    def older_object(self, told):
        if told["object"] == "payment_intent":
            told["note"] = told.pop("description")
        return told


@pytest.fixture(autouse=True)
def _two_versions(monkeypatch):
    monkeypatch.setattr(versions, "CHANGES", (DescriptionWasNote(),))
    monkeypatch.setattr(versions, "VERSIONS", (NOW, BEFORE))


@pytest.fixture
def older(api):
    api.headers["API-Version"] = BEFORE
    return api


def send(caller, method, path, body=None):
    """Without the check against the document, which tells the newest version only."""
    from fintech.wire import json

    answered = caller._client.generic(
        method,
        path,
        json.dumps(body) if body else b"",
        content_type="application/json",
        headers={"Authorization": f"Bearer {caller.secret}", **caller.headers},
    )
    return answered.json(), answered.headers["API-Version"]


def test_an_older_caller_sends_and_sees_what_it_knows(older):
    made, version = send(older, "POST", INTENT, {"amount": 100, "currency": "eur", "note": "Books"})

    assert (made["note"], version) == ("Books", BEFORE)
    assert "description" not in made
    listed, _ = send(older, "GET", INTENT)
    assert [one["note"] for one in listed["data"]] == ["Books"]


def test_a_newer_caller_sees_the_same_payment_its_own_way(api):
    made, version = send(
        api, "POST", INTENT, {"amount": 100, "currency": "eur", "description": "Books"}
    )

    assert (made["description"], version) == ("Books", NOW)
    refused, _ = send(api, "POST", INTENT, {"amount": 100, "currency": "eur", "note": "Books"})
    assert refused["error"]["code"] == "parameter_unknown"


def test_an_account_is_pinned_and_a_request_may_say_otherwise(shop):
    merchants.pin_version(merchant_id=shop.id, version=BEFORE, by=make.BY, at=make.NOON)
    from tests.api.conftest import Api

    pinned = Api(make.api_key(shop).secret)
    made, version = send(pinned, "POST", INTENT, {"amount": 100, "currency": "eur", "note": "A"})
    assert (made["note"], version) == ("A", BEFORE)

    pinned.headers["API-Version"] = NOW
    seen, version = send(pinned, "GET", f"{INTENT}/{made['id']}")
    assert (seen["description"], version) == ("A", NOW)


def test_a_replay_is_the_same_bytes_in_the_same_version(older):
    older.headers["Idempotency-Key"] = "once"
    body = {"amount": 100, "currency": "eur", "note": "Books"}

    assert send(older, "POST", INTENT, body) == send(older, "POST", INTENT, body)


def test_what_is_expanded_is_taken_back_too(older):
    made, _ = send(
        older,
        "POST",
        INTENT,
        {
            "amount": 100,
            "currency": "eur",
            "note": "A",
            "payment_method": "pm_card_visa",
            "confirm": True,
        },
    )

    charge, _ = send(older, "GET", f"/v1/charges/{made['latest_charge']}?expand[]=payment_intent")

    assert charge["payment_intent"]["note"] == "A"


def test_a_version_that_never_was_is_refused(api):
    refused = api.send("GET", INTENT, headers={"API-Version": "2020-01-01"})

    assert refused.refusal == (400, "parameter_invalid", "API-Version")
    assert Front(api.secret, headers={"API-Version": "x"}).get(INTENT).status == 400
