"""A frozen payment goes on when one person has said how, and another agrees."""

from uuid import uuid4

import pytest

from fintech.kernel import approvals, invariants
from fintech.kernel.actor import Actor
from fintech.ledger import queries as ledger_queries
from fintech.payments import data, errors, queries
from fintech.payments import services as payments
from fintech.payments.data import AnswerStatus, PaymentState
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db(transaction=True)

MAKER = Actor(kind="staff", id=str(uuid4()))
CHECKER = Actor(kind="staff", id=str(uuid4()))


@pytest.fixture(autouse=True)
def _nothing_broken(shop):
    yield
    assert not list(invariants.check((*queries.INVARIANTS, *ledger_queries.INVARIANTS)))
    assert not list(queries.replay())


def agree(payment, to, **facets):
    """One proposes, another approves."""
    proposed = payments.propose_correction(
        payment_id=payment.id, to=to, reason="Their statement says so.", by=MAKER, at=NOON, **facets
    )
    approvals.approve(approval_id=proposed, by=CHECKER, at=NOON)
    return make.now(payment)


def pending(shop):
    return ledger_queries.merchant_pending(shop.id, "EUR").posted


def told(acquirer, reference, **changed):
    body, headers = acquirer.callback(str(reference), event_id=f"evt_{uuid4()}", **changed)
    payments.receive(provider="simulator", body=body, headers=headers, at=NOON)


@pytest.fixture
def wrong_amount(shop, acquirer):
    """The acquirer says that it has reserved another amount."""
    acquirer.say_next(
        data.Answer(status=AnswerStatus.SUCCEEDED, amount=eur(40_00), provider_reference="theirs")
    )
    payment = make.confirmed(shop.id)
    assert payment.state == PaymentState.CONFLICTED
    return payment


@pytest.fixture
def taken_then_declined(shop, acquirer):
    """We have booked it; the acquirer says later that it was declined."""
    payment = make.captured(shop.id)
    told(acquirer, payment.latest_attempt.id, status="declined")
    payment = make.now(payment)
    assert payment.state == PaymentState.CONFLICTED
    return payment


def test_what_was_taken_is_booked(shop, wrong_amount):
    payment = agree(wrong_amount, "captured", amount=eur(40_00))

    assert (payment.state, payment.captured, payment.review_id) == (
        PaymentState.CAPTURED,
        eur(40_00),
        None,
    )
    assert pending(shop) == eur(40_00 - 81)


def test_nothing_was_taken_after_all(shop, taken_then_declined):
    assert pending(shop) == eur(41_65)

    payment = agree(taken_then_declined, "canceled")

    assert (payment.state, payment.captured, payment.cancellation_reason) == (
        PaymentState.CANCELED,
        eur(0),
        "failed",
    )
    assert pending(shop) == eur(0)
    moved = queries.balance_transactions(shop.id)
    assert [(one.kind, one.net) for one in moved] == [
        ("adjustment", eur(-41_65)),
        ("charge", eur(41_65)),
    ]


def test_we_were_right(shop, acquirer, taken_then_declined):
    payment = agree(taken_then_declined, "captured")
    assert (payment.state, payment.captured) == (PaymentState.CAPTURED, eur(42_50))
    assert pending(shop) == eur(41_65)

    told(acquirer, payment.latest_attempt.id, status="declined")
    assert make.now(payment).state == PaymentState.CAPTURED  # Two people have decided that.


def test_less_was_taken(shop, taken_then_declined):
    payment = agree(taken_then_declined, "captured", amount=eur(10_00))
    assert (payment.captured, pending(shop)) == (eur(10_00), eur(10_00 - 39))


def test_it_is_only_reserved_and_can_be_captured(shop, acquirer, taken_then_declined):
    payment = agree(taken_then_declined, "authorized")
    assert (payment.state, payment.capturable) == (PaymentState.AUTHORIZED, eur(42_50))
    assert payment.actions == ("capture", "adjust", "cancel")


def test_a_decline_that_was_none_becomes_a_sale(shop, acquirer):
    payment = make.confirmed(shop.id, token="declined")
    told(acquirer, payment.latest_attempt.id, status="succeeded")
    assert make.now(payment).state == PaymentState.CONFLICTED
    assert agree(payment, "captured").captured == eur(42_50)


def test_it_takes_two(taken_then_declined):
    proposed = payments.propose_correction(
        payment_id=taken_then_declined.id, to="canceled", reason="So.", by=MAKER, at=NOON
    )
    with pytest.raises(approvals.SamePerson):
        approvals.approve(approval_id=proposed, by=MAKER, at=NOON)
    assert make.now(taken_then_declined) == taken_then_declined


@pytest.mark.parametrize(
    ("facets", "error"),
    [
        ({"to": "created"}, errors.ParameterInvalid),
        ({"reason": " "}, errors.ParameterInvalid),
        ({"amount": eur(42_51)}, errors.NotCorrectable),
    ],
)
def test_what_cannot_be_is_not_proposed(taken_then_declined, facets, error):
    asked = {"to": "captured", "reason": "So.", **facets}
    with pytest.raises(error):
        payments.propose_correction(payment_id=taken_then_declined.id, by=MAKER, at=NOON, **asked)


def test_a_payment_that_is_not_frozen_is_not_corrected(shop):
    payment = make.captured(shop.id)
    with pytest.raises(errors.NotCorrectable, match="it is captured"):
        agree(payment, "canceled")


def test_what_has_changed_meanwhile_is_looked_at_again(shop, acquirer):
    payment = make.authorized(shop.id)
    told(acquirer, payment.latest_attempt.id, status="declined")
    proposed = payments.propose_correction(
        payment_id=payment.id, to="canceled", reason="So.", by=MAKER, at=NOON
    )
    payments.update_payment(
        merchant_id=shop.id, payment_id=payment.id, description="Tea", by=BY, at=NOON
    )
    with pytest.raises(errors.CorrectionStale):
        approvals.approve(approval_id=proposed, by=CHECKER, at=NOON)
    assert make.now(payment).state == PaymentState.CONFLICTED
