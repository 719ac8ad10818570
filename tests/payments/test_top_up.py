"""Filling a wallet with a card: the books credit the wallet in the commit of the charge."""

import pytest

from fintech.kernel.money import CurrencyMismatch, Money
from fintech.ledger import queries as ledger_queries
from fintech.payments import errors
from fintech.payments import services as payments
from fintech.payments.data import PaymentState, Purpose
from fintech.payments.models import Payment
from fintech.wallets import queries as wallet_queries
from fintech.wallets import services as wallets
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


@pytest.fixture
def wallet(shop):
    return wallets.create_wallet(
        merchant_id=shop.id, owner="Ada", currency="EUR", by=BY, at=NOON
    ).value


def top_up(wallet, amount=None, *, token="visa", **facets):
    return payments.top_up_wallet(
        merchant_id=wallet.merchant_id,
        wallet_id=wallet.id,
        amount=amount or eur(20_00),
        token=token,
        by=BY,
        at=NOON,
        **facets,
    ).value


def test_the_wallet_has_what_the_card_was_charged(wallet):
    payment = top_up(wallet)

    assert (payment.state, payment.purpose, payment.wallet_id) == (
        PaymentState.CAPTURED,
        Purpose.TOP_UP,
        wallet.id,
    )
    assert payment.fee == eur(0)
    assert payment.actions == ()
    assert ledger_queries.wallet_balance(wallet.id, "EUR").available == eur(20_00)
    assert ledger_queries.merchant_pending(wallet.merchant_id, "EUR").posted == eur(0)


def test_a_declined_card_fills_nothing(wallet):
    with pytest.raises(errors.CardDeclined):
        top_up(wallet, token="declined")
    assert ledger_queries.wallet_balance(wallet.id, "EUR").posted == eur(0)


def test_a_reviewed_top_up_is_credited_when_a_person_says_yes(wallet):
    payment = top_up(wallet, token="risk_elevated")
    assert payment.state == PaymentState.IN_REVIEW
    assert ledger_queries.wallet_balance(wallet.id, "EUR").posted == eur(0)
    payments.decide_review(payment_id=payment.id, verdict="approve", by=BY, at=NOON)
    assert ledger_queries.wallet_balance(wallet.id, "EUR").posted == eur(20_00)


def test_money_that_was_under_way_when_its_wallet_closed_is_not_lost(wallet):
    payment = top_up(wallet, token="risk_elevated")
    wallets.close(wallet_id=wallet.id, by=BY, at=NOON)

    payments.decide_review(payment_id=payment.id, verdict="approve", by=BY, at=NOON)

    assert ledger_queries.wallet_balance(wallet.id, "EUR").posted == eur(20_00)
    assert wallet_queries.wallet(wallet.id).state == "frozen"


def test_a_wallet_that_does_not_fit_is_refused_before_anyone_is_charged(wallet, acquirer):
    with pytest.raises(CurrencyMismatch):
        top_up(wallet, Money(100, "USD"))
    wallets.freeze(wallet_id=wallet.id, by=BY, at=NOON)
    with pytest.raises(errors.WalletUnfit, match="frozen"):
        top_up(wallet)
    assert not Payment.objects.exists()
    assert acquirer.asked == {}


def test_a_top_up_is_not_refunded_by_a_refund(wallet):
    payment = top_up(wallet)
    with pytest.raises(errors.NotRefundable, match="went into a wallet"):
        payments.refund(merchant_id=wallet.merchant_id, payment_id=payment.id, by=BY, at=NOON)
    assert make.now(payment) == payment
