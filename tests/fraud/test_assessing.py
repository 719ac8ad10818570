"""Assessing an attempt: what is gathered, what the rules make of it, what is stored."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connection
from django.test.utils import CaptureQueriesContext
from django_subatomic import db

from fintech.fraud import queries
from fintech.fraud import services as fraud
from fintech.fraud.data import Decision
from fintech.kernel import event_log, ids
from tests.make import fraud as make

pytestmark = pytest.mark.django_db


def _codes(assessment):
    return [reason.code for reason in assessment.reasons]


def test_lets_an_ordinary_payment_pass_and_says_what_it_saw():
    made = make.assessment()

    assert (made.decision, made.score, _codes(made)) == (Decision.ALLOW, 5, ["card_first_seen"])
    assert str(made.reasons[0]) == "This card has never been seen before."
    assert queries.assessment(made.id) == made


def test_a_blocked_card_is_blocked_for_its_merchant_and_nobody_else():
    fraud.add_to_list(
        merchant_id=make.MERCHANT, kind="card", value="stolen", by=make.BY, at=make.NOON
    )

    here = make.assessment(card="stolen")
    there = make.assessment(card="stolen", merchant=ids.new())

    assert (here.decision, here.score) == (Decision.BLOCK, 100)
    assert "Blocked by a list (card)." in [str(reason) for reason in here.reasons]
    assert there.decision == Decision.ALLOW


@pytest.mark.parametrize(
    ("kind", "value"),
    [("card", "c-9"), ("email", "e-9"), ("ip", "i-9"), ("country", "KP")],
)
def test_every_kind_of_list_blocks_for_every_merchant(kind, value):
    fraud.add_to_list(merchant_id=None, kind=kind, value=value, by=make.BY, at=make.NOON)

    made = make.assessment(card="c-9", email="e-9", ip="i-9", country="KP")

    assert made.decision == Decision.BLOCK


def test_a_listed_customer_is_looked_at():
    customer = ids.new()
    fraud.add_to_list(
        merchant_id=make.MERCHANT,
        kind="customer",
        value=str(customer),
        action="review",
        by=make.BY,
        at=make.NOON,
    )

    made = make.assessment(customer=customer)

    assert made.decision == Decision.REVIEW
    assert queries.case(made.case_id).payment_id == made.payment_id


def test_an_item_that_has_run_out_or_was_removed_blocks_nobody():
    hour = timedelta(hours=1)
    fraud.add_to_list(
        merchant_id=None,
        kind="card",
        value="card-1",
        expires_at=make.NOON + hour,
        by=make.BY,
        at=make.NOON,
    )
    item = fraud.add_to_list(
        merchant_id=None, kind="card", value="card-2", by=make.BY, at=make.NOON
    )
    fraud.remove_from_list(item_id=item.id, by=make.BY, at=make.NOON)

    assert make.assessment(card="card-1").decision == Decision.BLOCK
    assert make.assessment(card="card-1", at=make.NOON + hour).decision == Decision.ALLOW
    assert make.assessment(card="card-2").decision == Decision.ALLOW


def test_trust_lowers_a_score_and_overrules_no_block():
    fraud.add_to_list(
        merchant_id=None, kind="card", value="card-1", action="allow", by=make.BY, at=make.NOON
    )
    fraud.add_to_list(merchant_id=None, kind="ip", value="i", by=make.BY, at=make.NOON)

    trusted = make.assessment()
    blocked = make.assessment(ip="i")

    assert (trusted.score, trusted.decision) == (0, Decision.ALLOW)
    assert _codes(trusted) == ["list_allow", "card_first_seen", "clamp"]
    assert blocked.decision == Decision.BLOCK


def test_the_sandbox_cards_are_reviewed_and_blocked():
    assert make.assessment(risk="elevated").decision == Decision.REVIEW
    assert make.assessment(risk="blocked").decision == Decision.BLOCK


def test_a_card_used_again_and_again_scores_higher_each_time():
    at = make.NOON
    scores = [make.assessment(at=at + timedelta(minutes=n)).score for n in range(9)]

    assert scores == [5, 0, 0, 0, 0, 3, 6, 9, 12]
    last = make.assessment(at=at + timedelta(minutes=10))
    assert str(last.reasons[0]) == "10 payments with this card within an hour; 5 is usual."


def test_velocity_forgets_after_its_window():
    for n in range(9):
        make.assessment(at=make.NOON + timedelta(minutes=n))

    assert make.assessment(at=make.NOON + timedelta(hours=2)).score == 0


def test_many_cards_from_one_address_are_one_burst():
    made = [make.assessment(card=f"card-{n}", ip="i", email="e") for n in range(10)]

    last = made[-1]
    assert dict(last.reasons[0].detail) == {"count": 10, "usual": 4}
    assert _codes(last) == ["velocity_email_cards", "card_first_seen"]
    assert last.score == 30 + 5


def test_an_amount_far_above_what_a_customer_pays_is_told():
    customer = ids.new()
    for n in range(10):
        make.assessment(
            customer=customer, minor=20_00 + n * 10, at=make.NOON - timedelta(days=20 - n)
        )

    usual = make.assessment(customer=customer, minor=21_00)
    unusual = make.assessment(customer=customer, minor=250_00)

    assert usual.reasons == ()
    assert _codes(unusual) == ["customer_amount"]
    assert unusual.score == 40
    features = unusual.features
    assert (features.customer_payments, features.customer_mean_minor) == (11, 2050)


def test_a_stranger_is_compared_with_the_merchants_history():
    for n in range(20):
        make.assessment(card=f"c{n}", minor=10_00, at=make.NOON - timedelta(days=n + 1))

    made = make.assessment(card="new", minor=14_00)

    assert _codes(made) == ["merchant_amount", "card_first_seen"]
    assert made.reasons[0].weight == 8  # 4.0 deviations, of a tenth of the mean


def test_histories_of_two_currencies_do_not_mix():
    customer = ids.new()
    for n in range(10):
        make.assessment(customer=customer, minor=2000, at=make.NOON - timedelta(days=n + 1))

    yen = make.assessment(customer=customer, minor=900_000, currency="JPY")

    assert yen.features.customer_payments == 0
    assert _codes(yen) == []


def test_a_known_customer_with_a_new_foreign_card_in_a_burst_is_reviewed():
    customer = ids.new()
    for n in range(10):
        make.assessment(customer=customer, minor=2000, at=make.NOON - timedelta(days=n + 1))

    made = make.assessment(customer=customer, minor=2000_00, card="new", country="BR")

    assert _codes(made) == ["customer_amount", "customer_new_card", "customer_new_country"]
    assert (made.score, made.decision) == (60, Decision.CHALLENGE)


def test_a_card_that_banks_keep_declining_is_told():
    for _ in range(3):
        made = make.assessment()
        fraud.record_outcome(
            payment_id=made.payment_id, outcome="declined", at=make.NOON, by=make.BY
        )

    assert _codes(make.assessment()) == ["card_declines"]


def test_a_batch_is_decided_in_order_in_as_many_round_trips_as_one():
    fraud.add_to_list(merchant_id=None, kind="card", value="bad", by=make.BY, at=make.NOON)
    batch = [make.question(card=card) for card in ("a", "bad", "b", "bad", "c")]
    batch.append(make.question(card="x", risk="elevated"))

    with CaptureQueriesContext(connection) as asked:
        features = queries.gather(batch)
    with db.transaction_if_not_already(), CaptureQueriesContext(connection) as written:
        made = fraud.assess(batch, features, by=make.BY)

    assert len(asked) == 1
    assert len(written) == 2
    assert [a.payment_id for a in made] == [q.payment_id for q in batch]
    assert [str(a.decision) for a in made] == [
        "allow",
        "block",
        "allow",
        "block",
        "allow",
        "review",
    ]


def test_a_decision_is_made_again_from_its_snapshot():
    customer = ids.new()
    made = [
        make.assessment(customer=customer, minor=1000 + 977 * n, ip="i", at=make.NOON)
        for n in range(15)
    ]

    for each in made:
        again = queries.decided_again(each.id)
        assert (again.score, again.decision, again.reasons) == (
            each.score,
            each.decision,
            each.reasons,
        )


def test_the_largest_amounts_are_told_apart_exactly():
    customer = ids.new()
    for n in range(6):
        make.assessment(
            customer=customer, minor=999_999_999_999, at=make.NOON - timedelta(days=n + 1)
        )

    features = make.assessment(customer=customer, minor=1).features

    assert features.customer_mean_minor == 999_999_999_999
    assert features.customer_deviation_minor == 0


def test_an_assessment_tells_codes_and_numbers_only():
    made = make.assessment(risk="elevated", email="hash-e", ip="hash-i")

    (fact,) = event_log.stream("fraud.assessment", made.id)
    (opened,) = event_log.stream("fraud.case", made.case_id)
    assert fact.data["reasons"] == ["sandbox_elevated", "card_first_seen"]
    assert fact.data["score"] == 40
    assert opened.name == "fraud.case_opened.v1"
    assert "hash-e" not in str(fact.data)


def test_the_database_lets_no_assessment_change():
    make.assessment()

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        db.transaction_if_not_already(),
        db.savepoint(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE fraud_assessment SET score = 0")


def test_an_attempt_is_assessed_once():
    asked = make.question()
    make.assessed(asked)

    with (
        pytest.raises(IntegrityError, match="attempt_id"),
        db.transaction_if_not_already(),
        db.savepoint(),
    ):
        make.assessed(asked)


@pytest.mark.parametrize(
    ("there", "decision", "told"),
    [(True, "challenge", []), (False, "review", ["challenge_unavailable"])],
)
@pytest.mark.django_db
def test_who_is_not_there_is_not_challenged_but_looked_at(there, decision, told):
    rule = fraud.draft_rule(
        merchant_id=None,
        name="ask",
        condition="true",
        decision="challenge",
        by=make.BY,
        at=make.NOON,
    )
    fraud.activate_rule(rule_id=rule.id, by=make.BY, at=make.NOON)

    made = make.assessment(can_challenge=there)

    assert str(made.decision) == decision
    assert [r.code for r in made.reasons if r.code.startswith("challenge")] == told
    assert (made.case_id is not None) is (not there)
    again = queries.decided_again(made.id)
    assert (again.decision, again.reasons) == (made.decision, made.reasons)
