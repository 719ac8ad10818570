"""The request log: what failed and why, what met an earlier answer, and asking again."""

import pytest
from django.test import Client

from fintech.merchants.services import requests as request_log
from tests.make import merchants as make_merchants
from tests.make.merchants import NOON
from tests.web.test_actions import form
from tests.web.test_pages import text

# The API is asked in the same process: its services own their transactions.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def secret(shop) -> str:
    return make_merchants.api_key(shop).secret


def ask(secret: str, body: dict[str, object], **headers: str):
    answer = Client().post(
        "/v1/customers",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}", **headers},
    )
    request_log.flush_requests()
    return answer


def logged(desk, query: str = "") -> list[dict[str, object]]:
    return desk.get(f"/dashboard/requests{query}").context["lines"]


def test_failures_are_grouped_by_code_and_endpoint(desk, secret):
    for _ in range(2):
        assert ask(secret, {"email": 7}).status_code == 400
    ask(secret, {"email": "ada@example.com"})

    page = desk.get("/dashboard/requests?show=failed")

    assert [(one["where"], one["count"]) for one in page.context["groups"]] == [
        ("POST /v1/customers", 2)
    ]
    assert [one["line"].status for one in page.context["lines"]] == [400, 400]
    assert len(logged(desk)) == 3


def test_a_repeated_key_names_the_request_whose_answer_it_met(desk, secret):
    for _ in range(2):
        ask(secret, {"email": "ada@example.com"}, **{"Idempotency-Key": "order-7"})

    again, first = logged(desk)

    assert first["first"] is None
    assert again["first"].request_id == first["line"].request_id


def test_a_request_is_asked_again_with_changes(desk, secret):
    ask(secret, {"email": 7})
    line = logged(desk)[0]["line"]

    page = desk.get(f"/dashboard/requests/{line.id}/replay")
    assert line.request_body == {"email": 7}, line
    assert "&quot;email&quot;: 7" in page.content.decode()
    answer = desk.post(
        f"/dashboard/requests/{line.id}/replay",
        form(body='{"email": "ada@example.com"}', secret=secret),
    )

    assert answer.context["answer"].status == 200
    assert "ada@example.com" in text(answer)
    assert secret not in answer.content.decode()
    request_log.flush_requests()
    assert [one["line"].status for one in logged(desk)] == [200, 400]


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ({"body": "{", "secret": "mine"}, "This is no JSON"),
        ({"body": "{}", "secret": ""}, "Enter a secret key of this merchant."),
        ({"body": "{}", "secret": "sk_test_nonsense"}, "key"),
        ({"body": "{}", "secret": "theirs"}, "This key is not of"),
    ],
)
def test_what_cannot_be_asked_again_is_said_and_nothing_is_asked(
    desk, secret, stranger, said, refused
):
    theirs = make_merchants.api_key(stranger, at=NOON).secret
    ask(secret, {"email": 7})
    line = logged(desk)[0]["line"]
    keys = {"mine": secret, "theirs": theirs}

    answer = desk.post(
        f"/dashboard/requests/{line.id}/replay",
        form(**{**said, "secret": keys.get(said["secret"], said["secret"])}),
    )

    assert answer.status_code == 400
    assert refused in text(answer)
    request_log.flush_requests()
    assert len(logged(desk)) == 1


def test_a_live_instance_repeats_nothing(desk, secret, settings):
    ask(secret, {"email": 7})
    line = logged(desk)[0]["line"]
    settings.MODE = "live"

    assert desk.get(f"/dashboard/requests/{line.id}/replay").status_code == 404
    assert "Replay" not in text(desk.get("/dashboard/requests"))
