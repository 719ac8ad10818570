"""Velocity limits, postures and models over the API: what holds, and what is refused."""

import pytest

from fintech.fraud import queries
from fintech.fraud.models import TrainedModel
from tests.make.merchants import NOON

LIMITS, POSTURE, MODELS = "/v1/fraud/velocity_limits", "/v1/fraud/posture", "/v1/fraud/models"
INTENT = "/v1/payment_intents"
PAY = {"amount": 900, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}


def limit(api, **given):
    return api.post(
        LIMITS, **{"name": "often", "of": "card", "seconds": 3600, "maximum": 1, **given}
    )


def test_a_velocity_limit_stops_what_comes_on_top_until_it_is_removed(api):
    made = limit(api).body
    at = f"{LIMITS}/{made['id']}"

    paid = [api.post(INTENT, PAY).status for _ in range(2)]
    gone = api.delete(at).body

    assert (made["decision"], made["active"]) == ("block", True)
    assert paid == [200, 402]
    assert gone == {"deleted": True, "id": made["id"], "object": "fraud.velocity_limit"}
    assert api.get(LIMITS).body["data"] == []
    assert api.get(at).body == {**made, "active": False}
    assert api.post(INTENT, PAY).status == 200
    assert api.delete(at).refusal == (404, "resource_missing", None)


def test_one_key_makes_one_limit(api):
    first = api.post(LIMITS, key="k", name="a", of="ip", seconds=60, maximum=3, decision="review")
    again = api.post(LIMITS, key="k", name="a", of="ip", seconds=60, maximum=3, decision="review")

    assert first.body == again.body
    assert api.get(LIMITS).body["data"] == [first.body]


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"name": "two words"}, "parameter_invalid", "name"),
        ({"name": ""}, "parameter_invalid_empty", "name"),
        ({"name": "x" * 61}, "parameter_invalid", "name"),
        ({"of": "shoe"}, "parameter_invalid", "of"),
        ({"seconds": 0}, "parameter_invalid", "seconds"),
        ({"seconds": 31 * 86_400 + 1}, "parameter_invalid", "seconds"),
        ({"seconds": "soon"}, "parameter_invalid_integer", "seconds"),
        ({"maximum": -1}, "parameter_invalid", "maximum"),
        ({"maximum": 1_000_001}, "parameter_invalid", "maximum"),
        ({"decision": "allow"}, "parameter_invalid", "decision"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
    ],
)
def test_what_is_no_limit_is_refused_and_leaves_nothing(api, given, code, param):
    assert limit(api, **given).refusal == (400, code, param)
    assert api.get(LIMITS).body["data"] == []
    assert queries.velocity_limits() == []


def test_a_merchant_says_what_fraud_does_for_him_and_the_rest_stays_as_it_was(api):
    before = api.get(POSTURE).body
    api.post(POSTURE, fails="closed", ceiling=5000, bands={"block": 101})
    after = api.post(POSTURE, mode="advisory", explore=100).body

    assert (before["own"], before["mode"], before["fails"]) == (False, "enforce", "open")
    assert after == {
        "object": "fraud.posture",
        "bands": {"block": 101, "challenge": 60, "review": 75},
        "ceiling": 5000,
        "explore": 100,
        "fails": "closed",
        "livemode": False,
        "mode": "advisory",
        "own": True,
    }
    assert api.get(POSTURE).body == after


def test_a_posture_is_ones_own(api, stranger):
    api.post(POSTURE, mode="advisory")

    assert stranger.get(POSTURE).body["own"] is False
    assert stranger.get(POSTURE).body["mode"] == "enforce"


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"mode": "off"}, "parameter_invalid", "mode"),  # Staff do that.
        ({"fails": "sometimes"}, "parameter_invalid", "fails"),
        ({"ceiling": -1}, "parameter_invalid", "ceiling"),
        ({"explore": 10_001}, "parameter_invalid", "explore"),
        ({"bands": {"review": 0}}, "parameter_invalid", "bands[review]"),
        ({"bands": {"review": 102}}, "parameter_invalid", "bands[review]"),
        ({"bands": {"review": 96}}, "parameter_invalid", "bands"),  # Above the block's 95.
        ({"bands": 60}, "parameter_invalid", "bands"),
        ({"bands": {"allow": 5}}, "parameter_unknown", "bands[allow]"),
    ],
)
def test_what_is_no_posture_is_refused_and_changes_nothing(api, given, code, param):
    assert api.post(POSTURE, given).refusal == (400, code, param)
    assert api.get(POSTURE).body["own"] is False
    assert queries.postures() == []


def test_models_are_seen_with_what_they_are_worth_and_nothing_of_their_files(api, owner):
    assert api.get(MODELS).body["data"] == []
    made = TrainedModel.objects.create(
        number=1,
        schema="payments.2",
        stage="candidate",
        source="payments",
        metrics={"average_precision": 0.7, "by_week": [1, 2]},
        gates={"drift": True, "latency": False},
        card="What it was trained on.",
        data_hash="d",
        files={"trees": "secret-hash"},
        slope=1.0,
        offset=0.0,
        signed_by="key",
        signature="s",
        trained_by="tests",
        created_at=NOON,
    )

    (listed,) = api.get(MODELS).body["data"]

    assert (listed["number"], listed["stage"], listed["card"]) == (
        1,
        "candidate",
        "What it was trained on.",
    )
    assert listed["metrics"] == [{"name": "average_precision", "value": "0.7"}]
    assert listed["gates"] == [
        {"name": "drift", "passed": True},
        {"name": "latency", "passed": False},
    ]
    assert "secret-hash" not in str(listed)
    assert api.get(f"{MODELS}/{listed['id']}").body == listed
    assert api.get(MODELS, stage="champion").body["data"] == []
    assert api.get(MODELS, stage="best").refusal == (400, "parameter_invalid", "stage")
    assert made.number == 1


def test_a_rule_is_snoozed_and_woken(api):
    made = api.post("/v1/fraud/rules", name="dear", condition="amount > 5").body
    at = f"/v1/fraud/rules/{made['id']}"
    asleep = api.post(f"{at}/snooze", until=4_000_000_000)
    assert (asleep.status, asleep.error["code"]) == (400, "rule_unexpected_state")
    api.post(f"{at}/activate")

    snoozed = api.post(f"{at}/snooze", until=4_000_000_000).body
    woken = api.post(f"{at}/wake").body

    assert (snoozed["status"], snoozed["snoozed_until"]) == ("active", 4_000_000_000)
    assert (woken["status"], woken["snoozed_until"]) == ("active", None)
    assert api.post(f"{at}/snooze", until=1).refusal == (400, "parameter_invalid", "until")
