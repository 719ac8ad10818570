"""Transfers between wallets: what is seen in them, and what it comes to."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from fintech.fraud import data, queries
from fintech.fraud import services as fraud
from fintech.fraud.models import TransferAssessment
from fintech.fraud.rules import judge_transfer
from fintech.kernel import actor, ids, invariants
from fintech.kernel.money import Money
from tests.make.merchants import NOON

pytestmark = pytest.mark.django_db
BY = actor.system("tests")
MERCHANT = ids.new()
QUIET = data.TransferFeatures(
    amount_minor=10_00,
    currency="EUR",
    wallet_age_minutes=9 * 24 * 60,
    sent_1h=0,
    sent_24h=0,
    sent_before=0,
    sent_mean_minor=0,
    destination_known=True,
    received_1h_minor=0,
    senders_1h=0,
)


def asked(source, destination, minor=10_00, *, at=NOON, currency="EUR", since=None):
    return data.TransferQuestion(
        merchant_id=MERCHANT,
        source_wallet_id=source,
        destination_wallet_id=destination,
        source_customer_id=None,
        destination_customer_id=None,
        source_since=since or at - timedelta(days=9),
        amount=Money(minor, currency),
        at=at,
    )


def known(*question, **given):
    return queries.gather_transfers([asked(*question, **given)])[0]


def happened(*question, **given):
    one = asked(*question, **given)
    made = fraud.assess_transfers([one], queries.gather_transfers([one]))[0]
    transfer_id = None if made.decision == "block" else ids.new()
    with transaction.atomic():
        fraud.record_transfers([(made, transfer_id)], by=BY)
    return made


def codes(features):
    judgment = judge_transfer(features)
    assert sum(reason.weight for reason in judgment.reasons) == judgment.score
    assert all("{" not in str(reason) for reason in judgment.reasons)
    return judgment.score, str(judgment.decision), [reason.code for reason in judgment.reasons]


@pytest.mark.parametrize(
    ("change", "score", "decision", "reasons"),
    [
        ({}, 0, "allow", []),
        ({"listed": ("customer:block",)}, 100, "block", ["list_block"]),
        ({"listed": ("customer:review",)}, 50, "review", ["list_review"]),
        ({"listed": ("customer:allow",)}, 0, "allow", ["list_allow", "clamp"]),
        ({"sent_before": 4, "sent_mean_minor": 1}, 0, "allow", []),
        ({"sent_before": 5, "sent_mean_minor": 2_00}, 20, "allow", ["transfer_amount"]),
        ({"sent_before": 5, "sent_mean_minor": 2_01}, 0, "allow", []),
        ({"sent_before": 5, "sent_mean_minor": 1}, 40, "allow", ["transfer_amount"]),
        ({"sent_1h": 29, "sent_24h": 199}, 0, "allow", []),
        ({"sent_1h": 30, "sent_24h": 200}, 30, "allow", ["transfer_velocity_1h"]),
        ({"sent_24h": 200}, 30, "allow", ["transfer_velocity_24h"]),
        ({"destination_known": False, "amount_minor": 999_99}, 0, "allow", []),
        (
            {"destination_known": False, "amount_minor": 1_000_00},
            20,
            "allow",
            ["transfer_new_destination"],
        ),
        (
            {"destination_known": False, "amount_minor": 1_000, "currency": "JPY"},
            20,
            "allow",
            ["transfer_new_destination"],
        ),
        (
            {"wallet_age_minutes": 1439, "amount_minor": 1_000_00},
            15,
            "allow",
            ["transfer_young_wallet"],
        ),
        ({"wallet_age_minutes": 1440, "amount_minor": 1_000_00}, 0, "allow", []),
        (
            {"destination_known": False, "amount_minor": 100_00, "received_1h_minor": 80_00},
            25,
            "allow",
            ["transfer_passed_on"],
        ),
        (
            {"destination_known": False, "amount_minor": 100_00, "received_1h_minor": 79_99},
            0,
            "allow",
            [],
        ),
        ({"senders_1h": 9}, 0, "allow", []),
        ({"senders_1h": 10}, 30, "allow", ["transfer_gathered"]),
        ({"senders_1h": 60}, 45, "allow", ["transfer_gathered"]),
        (
            {"sent_1h": 30, "senders_1h": 60},
            75,
            "review",
            ["transfer_velocity_1h", "transfer_gathered"],
        ),
        (
            {"sent_1h": 30, "senders_1h": 60, "destination_known": False, "amount_minor": 10**6},
            95,
            "block",
            ["transfer_velocity_1h", "transfer_new_destination", "transfer_gathered"],
        ),
        ({"senders_1h": 10, "review_at": 30, "block_at": 31}, 30, "review", ["transfer_gathered"]),
        ({"sent_1h": 30, "sent_24h": 200, "source_is_merchants": True}, 0, "allow", []),
        ({"senders_1h": 60, "destination_is_merchants": True}, 0, "allow", []),
        (
            {
                "destination_known": False,
                "amount_minor": 100_00,
                "received_1h_minor": 80_00,
                "source_is_merchants": True,
            },
            0,
            "allow",
            [],
        ),
        ({"listed": ("customer:block",), "mode": "off"}, 0, "allow", []),
        (
            {"listed": ("customer:block",), "mode": "advisory"},
            100,
            "allow",
            ["list_block", "advisory"],
        ),
    ],
)
def test_each_rule_at_its_edge(change, score, decision, reasons):
    assert codes(replace(QUIET, **change)) == (score, decision, reasons)


def test_a_wallet_that_nobody_knows_has_no_history():
    source, destination = ids.new(), ids.new()
    assert known(source, destination) == replace(QUIET, destination_known=False)


def test_what_a_wallet_sent_and_received_is_counted_in_its_windows():
    source, destination, third = ids.new(), ids.new(), ids.new()
    for minutes, minor in ((59, 2_00), (60, 4_00), (24 * 60 - 1, 6_00), (24 * 60, 8_00)):
        happened(source, destination, minor, at=NOON - timedelta(minutes=minutes))
    happened(source, destination, 900, at=NOON - timedelta(minutes=1), currency="JPY")
    happened(third, source, 7_00, at=NOON - timedelta(minutes=59))
    happened(third, source, 9_00, at=NOON - timedelta(minutes=61))

    seen = known(source, destination)

    assert (seen.sent_1h, seen.sent_24h) == (2, 4)
    assert (seen.sent_before, seen.sent_mean_minor) == (4, 5_00)
    assert (seen.destination_known, seen.received_1h_minor, seen.senders_1h) == (True, 7_00, 1)
    assert known(source, third).destination_known is False


def test_what_was_blocked_does_not_count():
    source, destination = ids.new(), ids.new()
    one = asked(source, destination)
    features = replace(queries.gather_transfers([one])[0], listed=("customer:block",))
    made = fraud.assess_transfers([one], [features])[0]
    with transaction.atomic():
        fraud.record_transfers([(made, None)], by=BY)

    assert known(source, destination) == replace(QUIET, destination_known=False)


def test_money_that_many_send_and_that_hurries_on_is_shown_to_a_person():
    """Ten wallets pay a young one within the hour, and all of it goes on to a new place."""
    mule = ids.new()
    born = NOON - timedelta(minutes=50)
    for minutes in range(10):
        at = NOON - timedelta(minutes=40 - minutes)
        last = happened(ids.new(), mule, 200_00, at=at)
    eleventh = happened(ids.new(), mule, 1, at=NOON - timedelta(minutes=1))
    away = happened(mule, ids.new(), 2_000_00, since=born)

    assert [reason.code for reason in last.reasons] == []
    assert [reason.code for reason in eleventh.reasons] == ["transfer_gathered"]
    assert (away.score, away.decision) == (60, "allow")
    assert {reason.code for reason in away.reasons} == {
        "transfer_new_destination",
        "transfer_young_wallet",
        "transfer_passed_on",
    }


def test_a_decision_is_made_again_from_its_snapshot():
    made = happened(ids.new(), ids.new(), 1_000_00)
    row = TransferAssessment.objects.get(id=made.id)

    again = row.as_data()

    assert (again.features, again.reasons) == (made.features, made.reasons)
    judged = judge_transfer(again.features)
    assert (judged.score, judged.reasons) == (made.score, made.reasons)
    assert list(invariants.check(queries.INVARIANTS)) == []


def test_a_decision_never_changes(owner):
    with pytest.raises(Exception, match="is_append_only"):
        owner.execute("UPDATE fraud_transferassessment SET score = 1")
        owner.execute("TRUNCATE fraud_transferassessment")


def test_a_score_that_its_reasons_do_not_explain_is_found():
    made = happened(ids.new(), ids.new())
    TransferAssessment.objects.bulk_create(
        [
            TransferAssessment(
                transfer_id=ids.new(),
                merchant_id=MERCHANT,
                source_wallet_id=ids.new(),
                destination_wallet_id=ids.new(),
                currency="EUR",
                amount_minor=1,
                features=made.features.stored(),
                score=5,
                decision="allow",
                reasons=[],
                model_version="x",
                created_at=NOON,
            )
        ]
    )
    assert [one.id for one in invariants.check(queries.INVARIANTS)] == ["F-3"]


def test_the_database_holds_the_line():
    made = happened(ids.new(), ids.new())
    row = TransferAssessment.objects.get(id=made.id)
    row.id, row.transfer_id = ids.new(), None
    with pytest.raises(IntegrityError, match="is_of_a_transfer_unless_blocked"):
        row.save(force_insert=True)
