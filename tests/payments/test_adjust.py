"""Having another amount reserved than was authorized, before anything is taken."""

from datetime import timedelta

import pytest

from fintech.kernel import invariants
from fintech.kernel.money import CurrencyMismatch, Money
from fintech.ledger import queries as ledger_queries
from fintech.payments import errors, queries
from fintech.payments import services as payments
from fintech.payments.data import PaymentState
from fintech.payments.services.rows import AUTHORIZATION_LASTS
from fintech.wallets import services as wallets
from tests.make import payments as make
from tests.make import wallets as make_wallets
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_broken(shop):
    yield
    assert not list(invariants.check((*queries.INVARIANTS, *ledger_queries.INVARIANTS)))
    assert not list(queries.replay())


def adjust(payment, amount, **facets):
    facts = {"merchant_id": payment.merchant_id, "payment_id": payment.id, "by": BY, "at": NOON}
    return payments.adjust_authorization(amount=amount, **{**facts, **facets}).value


def capture(payment, **facets):
    return payments.capture(
        merchant_id=payment.merchant_id, payment_id=payment.id, by=BY, at=NOON, **facets
    ).value


@pytest.mark.parametrize("minor", [60_00, 30_00])
def test_more_or_less_is_reserved_and_can_be_taken(shop, acquirer, told, minor):
    payment = make.authorized(shop.id)

    payment = adjust(payment, eur(minor))

    assert (payment.state, payment.amount, payment.capturable) == (
        PaymentState.AUTHORIZED,
        eur(minor),
        eur(minor),
    )
    assert payment.latest_attempt.amount == eur(minor)
    assert told(payment)[-2:] == ["adjustment_requested", "authorization_adjusted"]
    assert capture(payment).captured == eur(minor)
    assert acquirer.counts()["capture_succeeded"] == 1


def test_what_is_added_counts_against_limits_and_leaves_no_trace(shop):
    wallets.create_limit(
        merchant_id=shop.id,
        scope="merchant",
        kind="amount",
        window="rolling",
        seconds=86_400,
        maximum=50_00,
        currency="EUR",
        by=BY,
        at=NOON,
    )
    payment = make.authorized(shop.id)
    with pytest.raises(errors.LimitExceeded):
        adjust(payment, eur(50_01))
    assert make.now(payment) == payment
    assert adjust(payment, eur(50_00)).authorized == eur(50_00)


@pytest.mark.parametrize(
    ("amount", "error"),
    [
        (eur(42_50), errors.NotAdjustable),
        (eur(0), errors.AmountTooSmall),
        (Money(50_00, "USD"), CurrencyMismatch),
    ],
)
def test_leaves_no_trace_when_refused(shop, acquirer, amount, error):
    payment = make.authorized(shop.id)
    with pytest.raises(error):
        adjust(payment, amount)
    assert make.now(payment) == payment
    assert "adjustment_succeeded" not in acquirer.counts()


def test_only_what_is_reserved_and_not_taken(shop):
    taken, part = make.captured(shop.id), make.authorized(shop.id)
    capture(part, amount=eur(1_00), final=False)
    run_out = make.authorized(shop.id)
    for payment in (taken, part):
        with pytest.raises(errors.UnexpectedState):
            adjust(payment, eur(60_00))
    with pytest.raises(errors.AuthorizationExpired):
        adjust(run_out, eur(60_00), at=NOON + AUTHORIZATION_LASTS)


def test_a_wallet_s_money_is_set_aside_once(shop):
    wallet = make_wallets.wallet(50_00, merchant=shop.id)
    payment = payments.create(
        merchant_id=shop.id,
        amount=eur(10_00),
        wallet=wallet.id,
        capture_method="manual",
        confirm=True,
        by=BY,
        at=NOON,
    ).value
    with pytest.raises(errors.NotAdjustable):
        adjust(payment, eur(20_00))


def test_a_lost_answer_is_asked_about_and_nothing_else_happens_meanwhile(shop, acquirer):
    payment = make.authorized(shop.id)
    acquirer.lose_answers()
    assert adjust(payment, eur(60_00)).authorized == eur(42_50)
    with pytest.raises(errors.UnexpectedState, match="another amount is being reserved"):
        capture(payment)

    assert payments.resolve_due(by=BY, at=NOON + timedelta(minutes=1)) == 1

    assert make.now(payment).authorized == eur(60_00)
    assert acquirer.counts()["adjustment_succeeded"] == 1


def test_a_callback_says_it_first_and_twice(shop, acquirer):
    payment = make.authorized(shop.id)
    acquirer.lose_answers()
    adjust(payment, eur(60_00))
    asked = [acquirer.book.operation(reference) for reference in acquirer.asked]
    (adjustment,) = [one for one in asked if one.kind == "adjustment"]
    for event in ("evt_1", "evt_2"):
        body, headers = acquirer.callback(adjustment.reference, event_id=event)
        payments.receive(provider="simulator", body=body, headers=headers, at=NOON)
    assert (make.now(payment).state, make.now(payment).authorized) == (
        PaymentState.AUTHORIZED,
        eur(60_00),
    )


def test_a_key_adjusts_once(shop, acquirer):
    payment, key = make.authorized(shop.id), make.key(shop.id, "once")
    assert adjust(payment, eur(60_00), key=key) == adjust(payment, eur(60_00), key=key)
    assert acquirer.counts()["adjustment_succeeded"] == 1


def test_after_the_last_part_the_acquirer_keeps_nothing_reserved(shop, acquirer):
    payment = make.authorized(shop.id)
    capture(payment, amount=eur(10_00))
    authorization = acquirer.book.operation(str(payment.latest_attempt.id))
    assert (authorization.captured_minor, authorization.voided) == (10_00, 1)


def test_a_charge_names_the_movement_of_the_balance(shop):
    payment = make.captured(shop.id)
    (movement,) = queries.balance_transactions(shop.id)
    assert payment.latest_attempt.capture_entry_id == movement.id
