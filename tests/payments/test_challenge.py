"""The payer proves who they are, or does not."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError
from django_subatomic import db

from fintech.kernel import event_log, ids
from fintech.payments import errors
from fintech.payments import services as payments
from fintech.payments.data import AttemptState, Authentication, Liability, PaymentState
from fintech.payments.models import Attempt
from fintech.wire import charges
from tests.make import payments as make
from tests.make import wallets as make_wallets
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


def answer(payment, *, passed=True, at=NOON):
    return payments.answer_challenge(
        attempt_id=payment.latest_attempt.id, passed=passed, by=BY, at=at
    )


def proof(payment):
    """Whether the payer proved who they are, and who is liable for it."""
    return payment.latest_attempt.authentication, payment.latest_attempt.liability


def test_nobody_asks_most_payers_and_the_merchant_is_liable(shop):
    for payment in (make.captured(shop.id), make.in_review(shop.id)):
        assert proof(payment) == (Authentication.NOT_ASKED, Liability.MERCHANT)
    declined = make.confirmed(shop.id, token="declined")
    assert proof(declined) == (Authentication.NOT_ASKED, Liability.UNDECIDED)


def test_while_the_payer_is_asked_nobody_is_liable(shop):
    assert proof(make.challenged(shop.id)) == (Authentication.ASKED, Liability.UNDECIDED)


def test_for_a_wallet_of_ours_nobody_outside_is_liable(shop):
    wallet = make_wallets.wallet(50_00, merchant=shop.id)
    paid = payments.create(
        merchant_id=shop.id, amount=eur(42_50), wallet=wallet.id, confirm=True, by=BY, at=NOON
    ).value
    assert proof(paid) == (Authentication.NOT_ASKED, Liability.UNDECIDED)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"liability": "issuer"}, "shifts_liability_by_authentication_alone"),
        ({"authentication": "passed"}, "passed_authentication_and_says_when"),
        ({"authenticated_at": NOON}, "passed_authentication_and_says_when"),
    ],
)
def test_liability_does_not_shift_by_itself(shop, changed, rule):
    payment = make.captured(shop.id)
    with pytest.raises(IntegrityError, match=rule), db.transaction():
        Attempt.objects.filter(payment_id=payment.id).update(**changed)


@pytest.mark.parametrize(
    ("passed", "shown", "liable"),
    [
        (None, {"liability": None, "result": None, "result_reason": None}, None),
        (True, {"liability": "issuer", "result": "authenticated", "result_reason": None}, "issuer"),
        (False, {"liability": None, "result": "failed", "result_reason": "rejected"}, None),
    ],
)
def test_a_charge_shows_it(shop, passed, shown, liable):
    payment = make.challenged(shop.id)
    if passed is not None:
        payment = answer(payment, passed=passed)

    charge = charges.render(payment.latest_attempt)

    told = charge["payment_method_details"]["card"]["three_d_secure"]
    assert told == {"authentication_flow": "challenge", "version": None, **shown}
    assert charge["outcome"]["liability"] == liable


def test_the_payer_is_sent_to_a_page_of_ours(shop, settings):
    payment = make.challenged(shop.id)
    attempt = ids.public("ch", payment.latest_attempt.id)
    assert payment.next_action_url == f"{settings.BASE_URL}/pay/challenge/{attempt}"
    assert payment.actions == ("cancel",)


def test_who_passes_is_charged_and_the_issuer_is_liable(shop, told, acquirer):
    payment = make.challenged(shop.id)

    paid = answer(payment)

    assert (paid.state, paid.captured) == (PaymentState.CAPTURED, eur(42_50))
    assert paid.latest_attempt.authenticated
    assert proof(paid) == (Authentication.PASSED, Liability.ISSUER)
    authorized = next(
        fact
        for fact in event_log.stream("payments.payment", payment.id)
        if fact.name == "payments.payment_authorized.v1"
    )
    assert authorized.data["liability"] == "issuer"
    assert paid.next_action_url is None
    assert told(payment) == [
        "created",
        "confirmed",
        "assessed",
        "challenged",
        "challenge_answered",
        "authorized",
        "captured",
    ]
    assert acquirer.counts() == {"authorization_succeeded": 1}


def test_who_fails_has_had_one_attempt(shop):
    payment = make.challenged(shop.id)

    back = answer(payment, passed=False)

    assert (back.state, back.last_error.code) == (PaymentState.CREATED, "authentication_required")
    assert back.latest_attempt.state == AttemptState.DECLINED
    assert proof(back) == (Authentication.FAILED, Liability.UNDECIDED)
    again = payments.confirm(
        merchant_id=shop.id, payment_id=payment.id, token="visa", by=BY, at=NOON
    ).value
    assert again.state == PaymentState.CAPTURED


def test_a_challenge_is_answered_once_and_in_time(shop):
    payment = make.challenged(shop.id)
    with pytest.raises(errors.UnexpectedState, match="the time to answer has run out"):
        answer(payment, at=NOON + timedelta(hours=1))
    answer(payment)
    with pytest.raises(errors.UnexpectedState):
        answer(payment)
    with pytest.raises(errors.AttemptNotFound):
        payments.answer_challenge(attempt_id=uuid4(), passed=True, by=BY, at=NOON)


def test_a_lost_answer_after_the_challenge_is_found(shop, acquirer):
    payment = make.challenged(shop.id)
    acquirer.lose_answers()
    assert answer(payment).state == PaymentState.PROCESSING
    payments.resolve_due(by=BY, at=NOON + timedelta(minutes=1))
    assert make.now(payment).captured == eur(42_50)
    assert acquirer.counts() == {"authorization_succeeded": 1}
