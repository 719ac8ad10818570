"""The catalogue of everything that can be refused, and the envelope."""

import importlib
import inspect

import pytest

from fintech.kernel import errors as kinds
from fintech.kernel.errors import Refusal
from fintech.payments import errors as payments
from fintech.wire import errors as wire
from fintech.wire.errors import Fault
from tests.wire import values

ROOMS = (
    "api",
    "fraud",
    "ledger",
    "merchants",
    "notifications",
    "payments",
    "reconciliation",
    "wallets",
)
# Told by pages and commands only, never by the API.
NOT_OF_THE_API = {"last_owner", "route_position_taken"}


def refusals() -> list[type[Refusal]]:
    """Every refusal that a room declares."""
    found = []
    for room in ROOMS:
        module = importlib.import_module(f"fintech.{room}.errors")
        found += [
            one
            for _, one in inspect.getmembers(module, inspect.isclass)
            if issubclass(one, Refusal) and one.__module__ == module.__name__
        ]
    return found


@pytest.mark.parametrize("refusal", refusals(), ids=lambda one: f"{one.__module__}.{one.__name__}")
def test_every_code_that_a_room_refuses_with_is_in_the_catalogue(refusal):
    known = refusal.code in {*wire.CATALOGUE, *NOT_OF_THE_API}

    assert known, f"add {refusal.code} to fintech/wire/errors/catalogue.py"


@pytest.mark.parametrize("line", wire.CATALOGUE.values(), ids=lambda line: line.code)
def test_every_line_says_what_it_means_and_what_to_do(line):
    assert line.meaning.endswith(".")
    assert line.remedy
    assert line.status != 422


def told(refusal: Refusal) -> dict:
    return wire.render(refusal, "req_1")["error"]


def test_the_envelope_names_code_sentence_parameter_and_page():
    refusal = payments.RefundTooLarge(
        payment_id=values.PAYMENT, asked=values.eur(1100), left=values.eur(1000)
    )

    assert wire.status(refusal) == 400
    assert told(refusal) == {
        "code": "refund_exceeds_charge",
        "doc_url": "http://127.0.0.1:8000/docs/errors#refund_exceeds_charge",
        "message": "11.00 EUR was asked for; 10.00 EUR is left to refund.",
        "param": "amount",
        "request_id": "req_1",
        "type": "invalid_request_error",
    }


def test_a_declined_card_is_402_and_carries_its_payment():
    refusal = payments.CardDeclined(values.declined())

    shown = told(refusal)

    assert wire.status(refusal) == 402
    assert (shown["type"], shown["code"], shown["decline_code"]) == (
        "card_error",
        "card_declined",
        "insufficient_funds",
    )
    assert shown["payment_intent"]["status"] == "requires_payment_method"
    assert shown["charge"] == shown["payment_intent"]["latest_charge"]


def test_a_missing_thing_is_404_in_the_path_and_400_in_a_parameter():
    missing = payments.CustomerNotFound(values.PAYMENT)
    assert wire.status(missing) == 404

    missing.param = "customer"
    assert wire.status(missing) == 400


def test_several_wrong_parameters_are_all_told():
    refusal = kinds.Invalid("This must be text.")
    refusal.faults = (
        Fault("currency", "parameter_invalid", "This must be text."),
        Fault("amount", "parameter_missing", "This parameter is required."),
    )

    assert [fault["param"] for fault in told(refusal)["errors"]] == ["currency", "amount"]


def test_an_idempotency_key_in_use_has_its_own_type():
    refusal = kinds.Conflict("Still running.")
    refusal.code = "idempotency_key_in_use"

    assert (wire.status(refusal), told(refusal)["type"]) == (409, "idempotency_error")
