"""Every card of the sandbox ends as the documentation's table says, through the official SDK."""

from datetime import timedelta

import pytest
import stripe

from fintech.kernel import actor, ids
from fintech.payments import services as payments
from fintech.wire import dialect
from tests.make.merchants import NOON

ORDER = {"amount": 4250, "currency": "eur", "confirm": True}
BY = actor.system("tests")

# The token's name without its prefix: the status it ends in, or the decline's codes.
ENDS = {
    "visa": "succeeded",
    "visa_debit": "succeeded",
    "mastercard": "succeeded",
    "amex": "succeeded",
    "bypassPending": "succeeded",
    "chargeDeclined": ("card_declined", "generic_decline"),
    "visa_chargeDeclined": ("card_declined", "generic_decline"),
    "chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "visa_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "chargeDeclinedLostCard": ("card_declined", "lost_card"),
    "visa_chargeDeclinedLostCard": ("card_declined", "lost_card"),
    "chargeDeclinedStolenCard": ("card_declined", "stolen_card"),
    "visa_chargeDeclinedStolenCard": ("card_declined", "stolen_card"),
    "chargeDeclinedExpiredCard": ("expired_card", "expired_card"),
    "chargeDeclinedIncorrectCvc": ("incorrect_cvc", "incorrect_cvc"),
    "chargeDeclinedProcessingError": ("processing_error", "processing_error"),
    "chargeCustomerFail": ("card_declined", "generic_decline"),
    "authenticationRequired": "requires_action",
    "threeDSecure": "requires_action",
    "threeDSecure2Required": "requires_action",
    "riskLevelElevated": "processing",
    "radarBlock": ("card_declined", "fraudulent"),
    "createDispute": "succeeded",
    "createDisputeInquiry": "succeeded",
    "refundFail": "succeeded",
    "pendingRefund": "succeeded",
    "acquirerTimeout": "processing",
    "duplicateCallback": "succeeded",
}


def test_the_table_is_whole():
    told = {token.removeprefix("pm_card_") for token in dialect.card_tokens()}
    assert ENDS.keys() | {"acquirerError"} == told


@pytest.mark.parametrize("name", ENDS)
def test_a_card_ends_as_the_table_says(client, name):
    parameters = {**ORDER, "payment_method": f"pm_card_{name}"}
    if isinstance(ENDS[name], str):
        made = client.v1.payment_intents.create(parameters)
        assert client.v1.payment_intents.retrieve(made.id).status == ENDS[name]
        return

    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(parameters)

    error = refused.value
    assert (error.http_status, error.code, error.error.decline_code) == (402, *ENDS[name])
    made = client.v1.payment_intents.retrieve(error.error.payment_intent.id)
    assert (made.status, made.last_payment_error.code) == (
        "requires_payment_method",
        ENDS[name][0],
    )


def test_an_acquirer_that_is_down_has_charged_nothing(client):
    with pytest.raises(stripe.APIError) as refused:
        client.v1.payment_intents.create({**ORDER, "payment_method": "pm_card_acquirerError"})
    assert refused.value.http_status == 503
    assert refused.value.json_body["error"]["code"] == "acquirer_unavailable"
    (made,) = client.v1.payment_intents.list().data
    assert (made.status, made.amount_received) == ("requires_payment_method", 0)


def test_a_lost_answer_is_resolved_by_the_clock(client):
    made = client.v1.payment_intents.create({**ORDER, "payment_method": "pm_card_acquirerTimeout"})
    from fintech.kernel import clock

    payments.resolve_due(by=BY, at=clock.now() + timedelta(minutes=2))
    assert client.v1.payment_intents.retrieve(made.id).status == "succeeded"


@pytest.mark.parametrize(("passed", "status"), [(True, "succeeded"), (False, None)])
def test_a_challenge_is_passed_or_failed(client, passed, status):
    made = client.v1.payment_intents.create({**ORDER, "payment_method": "pm_card_threeDSecure"})
    verb = "authenticate" if passed else "fail_authentication"
    client.raw_request("post", f"/v1/test_helpers/payment_intents/{made.id}/{verb}")
    found = client.v1.payment_intents.retrieve(made.id)
    assert found.status == (status or "requires_payment_method")


@pytest.mark.parametrize(
    ("name", "status"),
    [("visa", "succeeded"), ("refundFail", "failed"), ("pendingRefund", "pending")],
)
def test_a_refund_ends_as_the_table_says(client, name, status):
    made = client.v1.payment_intents.create({**ORDER, "payment_method": f"pm_card_{name}"})
    assert client.v1.refunds.create({"payment_intent": made.id}).status == status


@pytest.mark.parametrize(("verdict", "status"), [("approve", "succeeded"), ("decline", "canceled")])
def test_a_risky_payment_waits_for_a_person(client, verdict, status):
    made = client.v1.payment_intents.create(
        {**ORDER, "payment_method": "pm_card_riskLevelElevated"}
    )
    assert made.review
    payments.decide_review(payment_id=ids.parse("pi", made.id), verdict=verdict, by=BY, at=NOON)
    assert client.v1.payment_intents.retrieve(made.id).status == status
