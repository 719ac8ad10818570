"""Pages that are made of the contract itself."""

import re

import pytest
from django.contrib.staticfiles import finders

from fintech.api.urls import OPERATIONS
from fintech.merchants.data import ROLES, STAFF_ROLES, Right, StaffRight
from fintech.wire import dialect, errors, versions
from fintech.wire.events import API_VERSION


@pytest.fixture
def page(client, db):
    def read(path: str) -> str:
        answered = client.get(path)
        assert answered.status_code == 200
        assert "style=" not in answered.content.decode()  # The policy of pages forbids it.
        return answered.content.decode()

    return read


def test_every_refusal_leads_to_its_line_on_the_page_of_errors(page):
    shown = page("/docs/errors")

    for code, line in errors.CATALOGUE.items():
        assert f'id="{code}"' in shown
        assert line.meaning.split("`")[0].split("'")[0] in shown


def test_every_operation_is_in_the_reference_with_its_scope(page):
    shown = page("/docs/reference")

    for operation in OPERATIONS:
        assert f"{operation.method} {operation.path}</code>" in shown
        assert operation.scope in shown
    assert "line_items" in shown
    assert "card[number]" in shown


def test_the_table_of_compatibility_says_what_is_without_effect(page):
    shown = page("/docs/compatibility")

    assert "not affiliated with or endorsed by" in shown
    assert "automatic_payment_methods" in shown
    for token in dialect.card_tokens():
        assert token in shown


def test_the_versions_are_a_page_with_what_each_of_them_changed(page, monkeypatch):
    class Renamed(versions.Change):
        version = "2027-01-01"
        about = "A refund's `note` is its `reason`."

    first = page("/docs/versions")
    monkeypatch.setattr(versions, "CHANGES", (Renamed(),))
    monkeypatch.setattr(versions, "VERSIONS", ("2027-01-01", *versions.VERSIONS))
    second = page("/docs/versions")

    assert f"<strong>{API_VERSION}</strong>" in first
    assert "Nothing: it is the first." in first
    assert "Nothing is." in first
    assert "<strong>2027-01-01</strong>" in second
    assert "A refund&#x27;s `note` is its `reason`." in second
    assert "It goes on to work for those who count on them." in second


def test_the_explorer_is_made_of_files_of_our_own(page):
    shown = page("/docs/explorer")

    files = re.findall(r'(?:src|href)="/static/([^"]+)"', shown)
    assert {"swagger/swagger-ui-bundle.js", "swagger/swagger-ui.css", "api/explorer.js"} <= {*files}
    assert all(finders.find(file) for file in files)
    assert "<script>" not in shown
    assert 'data-document="/v1/openapi.json"' in shown


def test_the_roles_are_a_page_made_of_the_matrix(page):
    shown = page("/docs/roles")

    for right in (*Right, *StaffRight):
        assert f"<code>{right}</code>" in shown
    assert shown.count("above 500 two people") == shown.count("above 5,000 two people") == 1
    given = sum(len(rights) for rights in (*ROLES.values(), *STAFF_ROLES.values()))
    told = shown.count("<td>yes</td>") + shown.count("two people</td>")
    assert told == given
