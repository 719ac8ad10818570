"""Rules over the API: written, tried, live, and gone."""

import pytest


def rule(api, **given):
    asked = {"name": "dear", "condition": "amount > 5000", "decision": "review", **given}
    return api.post("/v1/fraud/rules", **asked)


def test_a_rule_is_written_tried_and_decides_until_it_is_archived(api):
    made = rule(api).body
    assert (made["status"], made["number"], made["points"]) == ("draft", 1, 0)

    at = f"/v1/fraud/rules/{made['id']}"
    assert api.post(f"{at}/shadow").body["status"] == "shadow"
    assert api.post(f"{at}/activate").body["status"] == "active"
    revised = api.post(at, condition="amount > 7000", points=5, priority=9).body
    assert (revised["status"], revised["number"], revised["points"]) == ("draft", 2, 5)
    assert (made["priority"], revised["priority"]) == (0, 9)
    tried = api.post(f"{at}/backtest", days=7).body
    assert (tried["object"], tried["assessments"], tried["hits"]) == ("fraud.back_test", 0, 0)
    assert api.post(f"{at}/archive").body["status"] == "archived"
    assert api.get("/v1/fraud/rules").body["data"] == [api.get(at).body]


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"condition": "amout > 5"}, "rule_unreadable", "condition"),
        ({"name": "Not a word"}, "parameter_invalid", "name"),
        ({"points": 101}, "parameter_invalid", "points"),
        ({"priority": 1001}, "parameter_invalid", "priority"),
        ({"priority": "first"}, "parameter_invalid_integer", "priority"),
    ],
)
def test_what_is_no_rule_is_refused_and_leaves_nothing(api, given, code, param):
    assert rule(api, **given).refusal == (400, code, param)
    assert api.get("/v1/fraud/rules").body["data"] == []


def test_a_name_is_taken_once(api):
    rule(api)
    assert rule(api).refusal == (400, "resource_already_exists", "name")
