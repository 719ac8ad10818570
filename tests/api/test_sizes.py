"""What is too large, and what comes too slowly, at every door."""

import asyncio
import json

import pytest

from tests.api.conftest import Api
from tests.api.front_door import Front

INTENT = "/v1/payment_intents"


@pytest.mark.parametrize("door", [Api, Front])
def test_headers_have_a_largest_size_all_together(door, api):
    many = {f"X-Word-{number}": "x" * 1000 for number in range(33)}

    refused = door(api.secret, headers=many).get(INTENT)
    few = door(api.secret, headers=dict(list(many.items())[:20])).get(INTENT)

    assert refused.refusal == (431, "headers_too_large", None)
    assert few.status == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [INTENT, "/v1/customers"], ids=["quick door", "Django"])
def test_a_body_that_does_not_arrive_holds_nobody_up(path, settings):
    from config.asgi import application

    settings.BODY_TIMEOUT_S = 0.05
    sent = []

    async def receive():
        if not sent_a_part:
            sent_a_part.append(True)
            return {"type": "http.request", "body": b'{"amount"', "more_body": True}
        return await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    sent_a_part: list[bool] = []
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": [], "http_version": "1.1",
    }  # fmt: skip
    asyncio.run(application(scope, receive, send))

    begun, body = sent
    assert begun["status"] == 408
    assert (b"connection", b"close") in begun["headers"]
    assert json.loads(body["body"])["error"]["code"] == "request_timeout"
