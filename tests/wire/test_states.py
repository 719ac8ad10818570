"""Every stored state has a public word, as the table of decisions says."""

from dataclasses import replace
from uuid import uuid4

import pytest

from fintech.payments.data import AttemptState, PaymentState, RefundState
from fintech.wire import states
from tests.wire import values

TABLE = {
    PaymentState.CREATED: "requires_confirmation",
    PaymentState.AWAITING_PAYER: "requires_action",
    PaymentState.PROCESSING: "processing",
    PaymentState.IN_REVIEW: "processing",
    PaymentState.AUTHORIZED: "requires_capture",
    PaymentState.PARTIALLY_CAPTURED: "requires_capture",
    PaymentState.CAPTURED: "succeeded",
    PaymentState.CANCELED: "canceled",
    PaymentState.CONFLICTED: "processing",
}


@pytest.mark.parametrize("state", PaymentState)
def test_every_payment_state_is_shown_as_the_table_says(state):
    assert states.status_of(values.payment(state)) == TABLE[state]


def test_a_payment_without_a_card_requires_one():
    assert states.status_of(values.payment(payment_method_id=None)) == "requires_payment_method"


def test_a_payment_whose_card_was_declined_requires_another():
    assert states.status_of(values.declined()) == "requires_payment_method"


def test_another_card_after_a_decline_only_waits_to_be_confirmed():
    changed = replace(values.declined(), payment_method_id=uuid4())

    assert states.status_of(changed) == "requires_confirmation"


@pytest.mark.parametrize("state", PaymentState)
def test_a_conflict_does_not_take_back_a_final_answer(state):
    told = {PaymentState.CAPTURED: "succeeded", PaymentState.CANCELED: "canceled"}
    conflicted = values.payment(PaymentState.CONFLICTED, conflicted_from=state)

    assert states.status_of(conflicted) == told.get(state, "processing")


@pytest.mark.parametrize("state", AttemptState)
def test_every_attempt_state_is_shown(state):
    assert states.charge_status(state) in {"pending", "succeeded", "failed"}


@pytest.mark.parametrize("state", RefundState)
def test_every_refund_state_is_shown(state):
    assert states.refund_status(state) in {"pending", "succeeded", "failed", "canceled"}
