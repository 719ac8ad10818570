"""The OpenAPI document: complete, served to everyone, and true."""

import os
from pathlib import Path

import pytest

from fintech.api.openapi import objects
from fintech.api.urls import OPERATIONS
from fintech.wire import errors, json, merchant_events
from tests.api.contract import faults, the_document

SNAPSHOT = Path(__file__).parent / "openapi.json"


def test_the_document_is_served_without_a_key(client, db):
    answered = client.get("/v1/openapi.json")

    assert (answered.status_code, answered["Content-Type"]) == (200, "application/json")
    assert json.loads(answered.content)["openapi"] == "3.1.1"
    assert client.post("/v1/openapi.json").status_code == 405


def test_every_operation_is_in_it_under_a_name_of_its_own():
    told = [
        one["operationId"] for path in the_document()["paths"].values() for one in path.values()
    ]

    assert len(told) == len(set(told)) == len(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_operation_has_an_example_that_is_true(operation):
    told = the_document()["paths"][operation.path][operation.method.lower()]
    content = told["responses"]["200"]["content"]["application/json"]

    assert faults(content["schema"], content["example"], "example") == []
    assert told["summary"].endswith(".")
    if operation.is_write and not operation.takes_content:
        body = told["requestBody"]["content"]["application/json"]
        assert faults(body["schema"], body.get("example", {}), "body") == [] or not body.get(
            "example"
        )


@pytest.mark.parametrize("name", objects.names())
def test_every_example_of_an_object_fits_its_schema(name):
    for sample in objects.samples_of(name):
        assert faults(objects.schema_of(name), json.loads(json.dumps(sample)), name) == []


def test_every_event_and_every_code_is_in_it():
    document = the_document()

    assert set(document["webhooks"]) == set(merchant_events.types())
    codes = document["components"]["schemas"]["error"]["properties"]["error"]["properties"]
    assert codes["code"]["enum"] == sorted(errors.CATALOGUE)


def test_the_contract_changes_only_on_purpose():
    """After a change on purpose: UPDATE_SNAPSHOTS=1 pytest tests/api/test_openapi.py."""
    written = json.dumps(the_document())
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_bytes(written)

    assert json.loads(SNAPSHOT.read_bytes()) == json.loads(written)
