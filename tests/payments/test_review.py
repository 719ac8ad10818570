"""A person decides: the money is taken, or let go."""

from datetime import timedelta
from uuid import uuid4

import pytest

from fintech.fraud import queries as fraud_queries
from fintech.kernel import approvals
from fintech.kernel.actor import Actor
from fintech.ledger import queries as ledger_queries
from fintech.payments import errors, queries
from fintech.payments import services as payments
from fintech.payments.data import Answer, AnswerStatus, PaymentState
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


def decide(payment, verdict, **facets):
    return payments.decide_review(payment_id=payment.id, verdict=verdict, by=BY, at=NOON, **facets)


def case_of(payment):
    return next(case for case in fraud_queries.cases() if case.payment_id == payment.id)


def test_the_money_is_held_while_a_person_looks(shop, told, acquirer):
    payment = make.in_review(shop.id)

    assert payment.actions == ("approve", "decline")
    assert payment.review_id == case_of(payment).id
    assert told(payment)[-1] == "review_opened"
    assert acquirer.counts() == {"authorization_approved": 1}
    assert ledger_queries.merchant_pending(shop.id, "EUR").posted == eur(0)
    assert list(queries.reviews()) == [payment]


def test_a_bank_that_says_no_closes_the_case_that_was_opened(shop, acquirer):
    acquirer.say_next(Answer(status=AnswerStatus.DECLINED, decline_code="insufficient_funds"))

    payment = make.confirmed(shop.id, token="risk_elevated")

    assert payment.last_error.decline_code == "insufficient_funds"
    case = case_of(payment)
    assert (str(case.state), str(case.disposition)) == ("closed", "suspicious")


def test_approved_the_money_is_taken(shop, told):
    payment = make.in_review(shop.id)

    done = decide(payment, "approve").value

    assert (done.state, done.captured, done.review_id) == (
        PaymentState.CAPTURED,
        eur(42_50),
        None,
    )
    assert told(payment)[-3:] == ["review_approved", "capture_requested", "captured"]
    assert (str(case_of(payment).state), str(case_of(payment).disposition)) == (
        "closed",
        "false_positive",
    )
    assert ledger_queries.merchant_pending(shop.id, "EUR").posted == eur(41_65)


def test_approved_with_manual_capture_the_money_waits_for_the_merchant(shop):
    payment = make.in_review(shop.id, capture_method="manual")
    assert decide(payment, "approve").value.state == PaymentState.AUTHORIZED


def test_declined_the_money_is_let_go(shop, told, acquirer):
    payment = make.in_review(shop.id)

    done = decide(payment, "decline").value

    assert (done.state, done.cancellation_reason) == (PaymentState.CANCELED, "fraudulent")
    assert told(payment)[-2:] == ["cancel_requested", "review_declined"]
    assert str(case_of(payment).disposition) == "confirmed_fraud"
    assert acquirer.counts() == {"authorization_approved": 1, "void_succeeded": 1}


def test_a_decision_is_made_once(shop):
    payment = make.in_review(shop.id)
    decide(payment, "approve")
    with pytest.raises(errors.ReviewNotOpen):
        decide(payment, "decline")


def test_while_the_money_is_being_let_go_nobody_approves(shop, acquirer):
    payment = make.in_review(shop.id)
    acquirer.lose_answers()
    assert decide(payment, "decline").value.state == PaymentState.IN_REVIEW
    with pytest.raises(errors.ReviewLost):
        decide(payment, "approve")


def test_an_acquirer_that_holds_on_freezes_what_was_declined(shop, acquirer):
    payment = make.in_review(shop.id)
    acquirer.say_next(Answer(status=AnswerStatus.FAILED))
    with pytest.raises(errors.ProviderRefused):
        decide(payment, "decline")
    assert make.now(payment).state == PaymentState.CONFLICTED


def test_a_short_authorization_makes_its_case_due_sooner(shop, monkeypatch):
    monkeypatch.setattr("fintech.payments.services.rows.AUTHORIZATION_LASTS", timedelta(hours=6))

    payment = make.in_review(shop.id)

    assert case_of(payment).due_at == NOON + timedelta(hours=3)
    assert payment.latest_attempt.expires_at == NOON + timedelta(hours=6)


ALICE, BOB = uuid4(), uuid4()


def _staff(person):
    return Actor(kind="staff", id=str(person))


def test_over_an_amount_one_proposes_and_another_agrees(shop, told, acquirer):
    payment = make.in_review(shop.id, eur(10_000_01))
    with pytest.raises(errors.ReviewNeedsTwo):
        decide(payment, "approve")
    assert make.now(payment) == payment
    assert str(case_of(payment).state) == "pending"

    proposal = payments.propose_approval(payment_id=payment.id, by=_staff(ALICE), at=NOON)
    with pytest.raises(approvals.SamePerson):
        approvals.approve(approval_id=proposal, by=_staff(ALICE), at=NOON)
    assert make.now(payment).state == PaymentState.IN_REVIEW
    approvals.approve(approval_id=proposal, by=_staff(BOB), at=NOON)
    assert acquirer.counts() == {"authorization_approved": 1}
    payments.resolve_due(by=BY, at=NOON)

    assert make.now(payment).state == PaymentState.CAPTURED
    assert acquirer.counts() == {"authorization_approved": 1, "capture_succeeded": 1}
    assert str(case_of(payment).disposition) == "false_positive"
    assert told(payment)[-3:] == ["review_approved", "capture_requested", "captured"]
    with pytest.raises(approvals.ApprovalDecided):
        approvals.approve(approval_id=proposal, by=_staff(BOB), at=NOON)


def test_up_to_the_amount_one_approves_and_any_amount_one_declines(shop):
    up_to, above = make.in_review(shop.id, eur(10_000_00)), make.in_review(shop.id, eur(10_000_01))

    assert decide(up_to, "approve").value.state == PaymentState.CAPTURED
    assert decide(above, "decline").value.state == PaymentState.CANCELED


def test_what_was_declined_meanwhile_is_not_approved_by_two(shop):
    payment = make.in_review(shop.id, eur(10_000_01))
    proposal = payments.propose_approval(payment_id=payment.id, by=_staff(ALICE), at=NOON)
    decide(payment, "decline")

    with pytest.raises(errors.ReviewNotOpen):
        approvals.approve(approval_id=proposal, by=_staff(BOB), at=NOON)
    with pytest.raises(errors.ReviewNotOpen):
        payments.propose_approval(payment_id=payment.id, by=_staff(ALICE), at=NOON)

    assert make.now(payment).state == PaymentState.CANCELED


def test_what_is_another_merchants_is_unknown(shop):
    payment = make.in_review(shop.id)
    with pytest.raises(errors.PaymentNotFound):
        decide(payment, "approve", merchant_id=make.merchant().id)
    assert make.now(payment) == payment
