"""The sandbox's acquirer in a bad week: what its profile says happens, and nothing else."""

from collections.abc import Iterator

import httpx
import pytest

from sandbox.acquirer.misbehavior import Misbehavior, Profile
from tests.acquirer.test_contract import (
    AT,
    Listener,
    acquirer,
    authorize,
    capture,
    refund,
    running,
)

__all__ = ["acquirer"]


def misbehave(client: httpx.Client, **profile: object) -> dict[str, object]:
    answer = client.put("/misbehavior", json=profile)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ask(client: httpx.Client, reference: str = "a-1", *, patience: float = 5) -> httpx.Response:
    body = {
        "reference": reference,
        "amount_minor": 42_50,
        "currency": "EUR",
        "card": "visa",
        "capture": True,
        "occurred_at": AT,
    }
    return client.post("/authorizations", json=body, timeout=patience)


def counts(client: httpx.Client) -> dict[str, int]:
    return client.get("/operations").json()["counts"]


@pytest.fixture
def told() -> Iterator[tuple[httpx.Client, Listener]]:
    listener = Listener()
    with running(listener=listener) as client:
        yield client, listener


def test_it_behaves_until_it_is_told_otherwise(acquirer):
    profile = acquirer.get("/misbehavior").json()
    assert {
        name for name, value in profile.items() if name in {"lose_answer", "outage"} and value
    } == (set())
    assert [ask(acquirer, f"a-{n}").status_code for n in range(50)] == [200] * 50


def test_a_lost_request_has_done_nothing(acquirer):
    misbehave(acquirer, lose_request=1)
    with pytest.raises(httpx.ReadTimeout):
        ask(acquirer, patience=0.02)
    assert ask(acquirer).status_code == 504
    assert counts(acquirer) == {}


def test_a_lost_answer_is_of_something_that_was_done(acquirer):
    misbehave(acquirer, lose_answer=1)
    with pytest.raises(httpx.ReadTimeout):
        ask(acquirer, patience=0.02)
    assert counts(acquirer) == {"authorization_succeeded": 1}


def test_an_answer_that_failed_is_of_something_that_was_done(acquirer):
    misbehave(acquirer, fail_answer=1)
    assert ask(acquirer).status_code == 502
    assert counts(acquirer) == {"authorization_succeeded": 1}


def test_an_outage_refuses_so_many_requests_and_questions(acquirer):
    misbehave(acquirer, outage=1, outage_requests=3)
    assert [ask(acquirer).status_code for _ in range(2)] == [503, 503]
    assert acquirer.get("/operations/a-1").status_code == 503
    assert acquirer.get("/misbehavior").json()["done"]["down"] == 3
    misbehave(acquirer)
    assert acquirer.get("/operations/a-1").status_code == 404


def test_wrong_amounts_and_currencies_are_really_taken(acquirer):
    misbehave(acquirer, wrong_amount=1)
    reserved = authorize(acquirer)
    taken = capture(acquirer, reserved["id"], "c-1", 10_00)
    given = refund(acquirer, taken["id"], "r-1", 5_00)
    misbehave(acquirer, wrong_currency=1)
    other = authorize(acquirer, "a-2")

    assert [one["amount_minor"] for one in (reserved, taken, given)] == [43_50, 9_99, 4_99]
    assert (other["amount_minor"], other["currency"]) == (42_50, "USD")
    assert acquirer.get("/operations/a-2").json()["currency"] == "USD"


def test_callbacks_come_twice_and_late_and_then_in_another_order(told):
    client, listener = told
    misbehave(client, callback=1, duplicate=1, late=1, late_seconds=0.3)
    references = [f"a-{n}" for n in range(8)]
    for reference in references:
        ask(client, reference)

    heard = listener.wait_for(16)

    assert sorted(one["reference"] for one in heard) == sorted([*references, *references])
    assert len({one["event_id"] for one in heard}) == 8
    assert [one["reference"] for one in heard] != sorted(one["reference"] for one in heard)


def test_one_seed_is_one_story_whatever_the_references_are():
    def story(seed: int, prefix: str) -> list[object]:
        bad = Misbehavior()
        bad.follow(Profile(seed=seed, lose_answer=0.3, wrong_amount=0.2, callback=0.5, late=0.5))
        return [bad.command("authorization", f"{prefix}{turn % 20}") for turn in range(50)]

    assert story(1, "a") == story(1, "b")
    assert story(1, "a") != story(2, "a")


@pytest.mark.parametrize(
    "profile",
    [{"sloth": 1}, {"outage": 2}, {"outage": -1}, {"seed": "x"}, {"late": True}, {"seed": 1.5}],
)
def test_a_profile_that_cannot_be_is_refused_and_nothing_changes(acquirer, profile):
    before = acquirer.get("/misbehavior").json()
    assert acquirer.put("/misbehavior", json=profile).status_code == 400
    assert acquirer.get("/misbehavior").json() == before
