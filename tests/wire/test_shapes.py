"""An object has all its documented fields, whatever is known of it."""

import pytest

from fintech.payments.data import AttemptState, PaymentState, RefundState
from fintech.wire import charges, json, payment_intents, refunds
from tests.wire import values

PAYMENT_INTENT = {
    "id",
    "object",
    "created",
    "livemode",
    "metadata",
    "amount",
    "amount_capturable",
    "amount_details",
    "amount_received",
    "canceled_at",
    "cancellation_reason",
    "capture_method",
    "client_secret",
    "confirmation_method",
    "currency",
    "customer",
    "description",
    "last_payment_error",
    "latest_charge",
    "next_action",
    "payment_method",
    "payment_method_options",
    "payment_method_types",
    "processing",
    "receipt_email",
    "review",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "status",
    "transfer_group",
    "application",
    "application_fee_amount",
    "on_behalf_of",
    "transfer_data",
}
CHARGE = {
    "id",
    "object",
    "created",
    "livemode",
    "metadata",
    "amount",
    "amount_captured",
    "amount_refunded",
    "balance_transaction",
    "billing_details",
    "captured",
    "currency",
    "customer",
    "description",
    "disputed",
    "failure_code",
    "failure_message",
    "fraud_details",
    "outcome",
    "paid",
    "payment_intent",
    "payment_method",
    "payment_method_details",
    "receipt_url",
    "refunded",
    "refunds",
    "shipping",
    "status",
}
REFUND = {
    "id",
    "object",
    "created",
    "livemode",
    "metadata",
    "amount",
    "balance_transaction",
    "charge",
    "currency",
    "payment_intent",
    "reason",
    "failure_reason",
    "receipt_number",
    "status",
}


@pytest.mark.parametrize("state", PaymentState)
def test_a_payment_intent_has_every_field_in_every_state(state):
    shown = payment_intents.render(values.payment(state))

    assert shown.keys() >= PAYMENT_INTENT
    assert json.loads(json.dumps(shown)) == shown


@pytest.mark.parametrize("state", AttemptState)
def test_a_charge_has_every_field_in_every_state(state):
    shown = charges.render(values.attempt(state))

    assert shown.keys() >= CHARGE
    assert shown["outcome"]["seller_message"]


@pytest.mark.parametrize("state", RefundState)
def test_a_refund_has_every_field_in_every_state(state):
    assert refunds.render(values.refund(state)).keys() >= REFUND


def test_money_that_is_reserved_can_be_captured():
    reserved = values.payment(PaymentState.AUTHORIZED, authorized=values.eur(4250))

    shown = payment_intents.render(reserved)

    assert (shown["status"], shown["amount_capturable"]) == ("requires_capture", 4250)
    assert (shown["amount"], shown["currency"], shown["created"]) == (4250, "eur", 1793620800)


def test_a_declined_payment_tells_why_and_shows_no_card_to_charge():
    shown = payment_intents.render(values.declined())

    assert shown["payment_method"] is None
    error = shown["last_payment_error"]
    assert (error["type"], error["code"], error["decline_code"]) == (
        "card_error",
        "card_declined",
        "insufficient_funds",
    )
    assert error["payment_method"]["card"]["last4"] == "4242"
    assert error["charge"] == shown["latest_charge"]


def test_a_client_secret_is_derived_and_belongs_to_one_payment():
    secret = payment_intents.client_secret(values.PAYMENT)

    assert secret == payment_intents.client_secret(values.PAYMENT)
    assert secret.startswith(payment_intents.render(values.payment())["id"] + "_secret_")
    assert secret != payment_intents.client_secret(values.ATTEMPT)


def test_a_blocked_charge_was_never_sent_to_the_network():
    blocked = values.attempt(
        AttemptState.DECLINED, decision="block", decline_code="fraudulent", risk_level="highest"
    )

    outcome = charges.render(blocked)["outcome"]

    assert (outcome["type"], outcome["network_status"], outcome["risk_level"]) == (
        "blocked",
        "not_sent_to_network",
        "highest",
    )
