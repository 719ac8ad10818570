"""What merchants are told of which fact."""

from dataclasses import dataclass, field

import pytest

from fintech.wire import merchant_events
from tests.wire import values


@dataclass
class Fact:
    name: str
    data: dict = field(default_factory=dict)


CASES = [
    ("payments.payment_created.v1", {}, ("payment_intent.created",)),
    ("payments.payment_confirmed.v1", {}, ()),
    (
        "payments.payment_captured.v1",
        {"to_state": "captured"},
        ("charge.captured", "payment_intent.succeeded"),
    ),
    (
        "payments.payment_captured.v1",
        {"to_state": "partially_captured"},
        ("charge.captured", "payment_intent.amount_capturable_updated"),
    ),
    (
        "payments.payment_declined.v1",
        {},
        ("charge.failed", "payment_intent.payment_failed"),
    ),
    ("payments.payment_rerouted.v1", {}, ("charge.failed",)),
    ("fraud.assessment_made.v1", {"decision": "allow"}, ()),
    ("fraud.assessment_made.v1", {"decision": "block"}, ("fraud.assessment.block",)),
    ("wallets.hold_captured.v1", {}, ("wallet.hold.captured",)),
    (
        "notifications.delivery_arrived.v1",
        {"template": "payment_receipt"},
        ("notification.delivered",),
    ),
    (
        "notifications.delivery_given_up.v1",
        {"template": "refund_receipt"},
        ("notification.failed",),
    ),
    ("notifications.delivery_given_up.v1", {"template": None}, ()),
    ("notifications.delivery_arrived.v1", {"template": "endpoint_paused"}, ()),
    ("somebody.else_did_something.v9", {}, ()),
]


@pytest.mark.parametrize(("name", "data", "told"), CASES)
def test_a_fact_is_told_as(name, data, told):
    assert merchant_events.of(Fact(name, data)) == told


def test_an_event_shows_the_object_that_its_type_names():
    fact = Fact(
        "payments.refund_succeeded.v1",
        {"refund_id": str(values.METHOD), "attempt_id": str(values.ATTEMPT)},
    )

    assert merchant_events.subject("refund.updated", fact) == ("refund", values.METHOD)
    assert merchant_events.subject("charge.refunded", fact) == ("charge", values.ATTEMPT)
    assert merchant_events.subject("charge.refund.updated", fact) == ("refund", values.METHOD)
    assert merchant_events.subject("payment_intent.succeeded", fact) is None


def test_every_type_that_may_be_told_shows_an_object():
    nothing = Fact("", {})
    assert [one for one in merchant_events.types() if merchant_events.subject(one, nothing)] == []
    for event_type in merchant_events.types():
        everything = Fact("", {name: str(values.PAYMENT) for name in IDS})
        assert merchant_events.subject(event_type, everything), event_type


IDS = [
    "merchant_id",
    "payment_id",
    "attempt_id",
    "refund_id",
    "customer_id",
    "payment_method_id",
    "link_id",
    "product_id",
    "price_id",
    "session_id",
    "wallet_id",
    "hold_id",
    "transfer_id",
    "withdrawal_id",
    "assessment_id",
    "case_id",
    "run_id",
    "break_id",
    "api_key_id",
    "delivery_id",
]


@pytest.mark.parametrize(
    ("patterns", "listens"),
    [
        (["*"], True),
        (["charge.captured"], True),
        (["charge.*"], True),
        (["charge"], False),
        (["payment_intent.*"], False),
        ([], False),
    ],
)
def test_an_endpoint_listens_by_name_prefix_or_to_everything(patterns, listens):
    assert merchant_events.is_listened_to("charge.captured", patterns) is listens
