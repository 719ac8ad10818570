"""`Dry-Run: true` says what a call would do, and nothing of it stays."""

import pytest

from fintech.kernel import event_log
from fintech.payments.models import Attempt, Capture, Payment, Refund
from fintech.wire import json

SALE = {"amount": 4250, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
INTENT = "/v1/payment_intents"


def rehearse(api, path, body=None, said="true"):
    headers = {"Dry-Run": said, "Idempotency-Key": "once"}
    return api.send("POST", path, json.dumps(body or {}), headers=headers)


def counts():
    tables = (Attempt, Capture, Payment, Refund)
    return [table.objects.count() for table in tables], len(event_log.after(0, 10_000))


def test_a_sale_is_told_and_not_made_and_its_key_stays_free(api):
    before = counts()
    told = rehearse(api, INTENT, SALE)

    assert (told.status, counts()) == (200, before)
    assert told.body["object"] == "dry_run"
    assert told.body["fees"] == [{"amount": 85, "currency": "eur"}]
    assert told.body["result"]["status"] == "succeeded"
    assert [one["template"] for one in told.body["postings"]] == ["authorize_card", "capture_card"]
    assert told.body["assessment"]["decision"] == "allow"
    assert "Idempotent-Replayed" not in api.post(INTENT, SALE, key="once").headers


def test_each_call_that_moves_money_is_tried_and_leaves_nothing(api):
    taken = api.post(INTENT, SALE).body["id"]
    kept = api.post(INTENT, {**SALE, "capture_method": "manual"}).body["id"]
    waiting = api.post(INTENT, {**SALE, "confirm": False}).body["id"]
    before = counts()

    for path, body, status in (
        (f"{INTENT}/{waiting}/confirm", {}, "succeeded"),
        (f"{INTENT}/{kept}/capture", {}, "succeeded"),
        (f"{INTENT}/{kept}/cancel", {}, "canceled"),
        ("/v1/refunds", {"payment_intent": taken, "amount": 100}, "succeeded"),
    ):
        assert rehearse(api, path, body).body["result"]["status"] == status
    assert counts() == before


def test_a_refusal_is_the_result(api):
    kept = api.post(INTENT, {**SALE, "confirm": False}).body["id"]
    before = counts()
    told = rehearse(api, f"{INTENT}/{kept}/capture")
    assert told.body["result"]["error"]["code"] == "payment_intent_unexpected_state"
    assert (told.status, counts()) == (200, before)


@pytest.mark.parametrize(
    ("path", "said", "code"),
    [("/v1/customers", "true", "parameter_unknown"), (INTENT, "yes", "parameter_invalid")],
)
def test_where_it_cannot_be_tried_it_is_not_done(api, path, said, code):
    before = counts()
    assert rehearse(api, path, SALE, said).refusal == (400, code, "Dry-Run")
    assert counts() == before
