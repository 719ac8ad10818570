"""JSON and form twins of every POST mean the same, are the same request, and get the same answer."""

import random
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from fintech.api import gate
from fintech.api.authentication import Caller
from fintech.wire import json
from tests.api.operations import OPERATIONS, path_of, prefix_of
from tests.api.test_fuzz import bracketed, fitting
from tests.api.test_tenants import MADE, asked_for, without_request

POSTS = [one for one in OPERATIONS if one.method == "POST" and not one.takes_content]
JSON = {"Content-Type": "application/json", "Idempotency-Key": "once"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Idempotency-Key": "once"}


def writable(sent):
    """What both can say: a form has no way to write an empty list or object."""
    if isinstance(sent, list):
        return [kept for value in sent if (kept := writable(value)) not in ([], {})]
    if not isinstance(sent, dict):
        return sent
    kept = {name: writable(value) for name, value in sent.items()}
    return {name: value for name, value in kept.items() if value not in ([], {})}


@pytest.mark.parametrize("operation", POSTS, ids=lambda one: one.name)
def test_a_form_means_what_its_json_twin_means(operation):
    dice = random.Random(operation.name)
    caller = Caller(merchant_id=uuid4(), name="a key")
    for _ in range(20):
        sent = {
            name: fitting(rule, dice, {})
            for name, rule in operation.parameters.items()
            if rule.required or dice.random() < 0.5
        }
        sent = writable(sent)
        twins = []
        for headers, content in (
            (JSON, json.dumps(sent)),
            (FORM, urlencode(bracketed(sent)).encode()),
        ):
            try:
                values = gate.parameters(operation, query="", headers=headers, content=content)
            except Exception as refused:
                twins.append((type(refused), getattr(refused, "faults", None)))
                continue
            key = gate.idempotency_key(
                operation, values, headers, caller=caller, path="/", content=content
            )
            twins.append((values, key.fingerprint))
        assert twins[0] == twins[1]


@pytest.mark.parametrize("operation", POSTS, ids=lambda one: one.name)
def test_a_form_gets_the_answer_of_its_json_twin(operation, api):
    """The same key says that they are one request: the second answer is the first's bytes."""
    path = path_of(operation)
    if "{id}" in operation.path and prefix_of(operation) in MADE:
        path = path_of(operation, at=MADE[prefix_of(operation)](api))
    body = asked_for(operation, api)

    twins = [
        api.post(path, body, key="once"),
        api.form(path, urlencode(bracketed(body)), key="once"),
    ]

    assert twins[0].status == twins[1].status < 500
    if twins[0].status == 200:
        assert twins[1].headers.get("Idempotent-Replayed") == "true", (
            "This operation ignores Idempotency-Key: give `call.key` to its service, or do it "
            "in `call.once`."
        )
    assert without_request(twins[0].content) == without_request(twins[1].content)
