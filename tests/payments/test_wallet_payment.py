"""Paying from a wallet: decision, money and record are one commit, and nobody outside is asked."""

import pytest

from fintech.kernel import invariants
from fintech.kernel.money import CurrencyMismatch, Money
from fintech.ledger import queries as ledger_queries
from fintech.payments import data, errors, queries
from fintech.payments import services as payments
from fintech.payments.data import AttemptState, PaymentState, RefundState
from fintech.payments.models import Payment
from fintech.payments.services.rows import AUTHORIZATION_LASTS
from fintech.wallets import queries as wallet_queries
from fintech.wallets import services as wallets
from tests.make import payments as make
from tests.make import wallets as make_wallets
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


@pytest.fixture
def wallet(shop):
    return make_wallets.wallet(50_00, merchant=shop.id)


@pytest.fixture(autouse=True)
def _nothing_broken(shop):
    yield
    broken = list(
        invariants.check(
            (*queries.INVARIANTS, *ledger_queries.INVARIANTS, *wallet_queries.INVARIANTS)
        )
    )
    assert not broken
    assert not list(queries.replay())
    assert not list(wallet_queries.replay())


def pay(wallet, amount=None, *, manual=False, **facets):
    return payments.create(
        merchant_id=wallet.merchant_id,
        amount=amount or eur(42_50),
        capture_method="manual" if manual else "automatic",
        wallet=wallet.id,
        confirm=True,
        by=BY,
        at=NOON,
        **facets,
    ).value


def verb(name, payment, **facets):
    return getattr(payments, name)(
        merchant_id=payment.merchant_id, payment_id=payment.id, by=BY, at=NOON, **facets
    ).value


def available(wallet) -> Money:
    return ledger_queries.wallet_balance(wallet.id, "EUR").available


def pending(shop) -> Money:
    return ledger_queries.merchant_pending(shop.id, "EUR").posted


def test_the_wallet_pays_and_the_merchant_has_it_less_our_fee(shop, wallet, acquirer, told):
    payment = pay(wallet)

    assert (payment.state, payment.captured, payment.fee) == (
        PaymentState.CAPTURED,
        eur(42_50),
        eur(85),
    )
    assert payment.latest_attempt.provider == data.WALLET
    assert payment.card.wallet_id == wallet.id
    assert (available(wallet), pending(shop)) == (eur(7_50), eur(41_65))
    assert acquirer.counts() == {}
    assert told(payment) == ["created", "confirmed", "assessed", "authorized", "captured"]


def test_a_wallet_with_too_little_is_a_declined_attempt(shop, wallet, told):
    with pytest.raises(errors.CardDeclined) as declined:
        pay(wallet, eur(50_01))

    assert (declined.value.code, declined.value.message) == (
        "insufficient_funds",
        "The wallet has insufficient funds.",
    )
    payment = make.now(declined.value.payment)
    assert (payment.state, payment.latest_attempt.state) == (
        PaymentState.CREATED,
        AttemptState.DECLINED,
    )
    assert (available(wallet), pending(shop)) == (eur(50_00), eur(0))
    assert wallet_queries.holds(shop.id, wallet_id=wallet.id) == []
    assert told(payment) == ["created", "confirmed", "assessed", "declined"]


def test_another_attempt_with_a_card_may_follow(wallet):
    with pytest.raises(errors.CardDeclined) as declined:
        pay(wallet, eur(50_01))
    assert verb("confirm", declined.value.payment, token="visa").state == PaymentState.CAPTURED


def test_money_is_set_aside_taken_in_parts_and_the_rest_goes_back(shop, wallet):
    payment = pay(wallet, manual=True)
    assert (payment.state, available(wallet), pending(shop)) == (
        PaymentState.AUTHORIZED,
        eur(7_50),
        eur(0),
    )

    verb("capture", payment, amount=eur(10_00), final=False)
    assert (available(wallet), pending(shop)) == (eur(7_50), eur(10_00 - 39))
    payment = verb("capture", payment, amount=eur(20_00), final=True)

    assert (payment.state, payment.captured) == (PaymentState.CAPTURED, eur(30_00))
    assert (available(wallet), pending(shop)) == (eur(20_00), eur(30_00 - 39 - 28))


def test_what_is_not_taken_goes_back_when_it_is_canceled_or_runs_out(wallet):
    assert verb("cancel", pay(wallet, manual=True)).state == PaymentState.CANCELED
    assert available(wallet) == eur(50_00)

    payment = pay(wallet, manual=True)
    assert payments.expire_due(by=BY, at=NOON + AUTHORIZATION_LASTS) == 1
    assert make.now(payment).cancellation_reason == "expired"
    assert available(wallet) == eur(50_00)


def test_a_refund_goes_back_into_the_wallet(shop, wallet, acquirer):
    payment = pay(wallet)

    refund = verb("refund", payment, amount=eur(30_00))

    assert refund.state == RefundState.SUCCEEDED
    assert make.now(payment).refunded == eur(30_00)
    assert (available(wallet), pending(shop)) == (eur(37_50), eur(11_65))
    assert acquirer.counts() == {}


def test_a_key_has_one_effect(shop, wallet):
    key = make.key(shop.id, "once")
    first, second = pay(wallet, key=key), pay(wallet, key=key)
    assert first == second
    assert available(wallet) == eur(7_50)


def test_a_decline_is_given_again_under_its_key(shop, wallet):
    key = make.key(shop.id, "once")
    for replayed in (False, True):
        with pytest.raises(errors.CardDeclined) as declined:
            pay(wallet, eur(60_00), key=key)
        assert declined.value.replayed is replayed
    assert Payment.objects.count() == 1


def test_a_stored_payment_is_confirmed_from_a_wallet(shop, wallet):
    payment = make.created(shop.id, wallet=wallet.id)
    assert (payment.state, payment.card.wallet_id) == (PaymentState.CREATED, wallet.id)
    assert verb("confirm", payment).state == PaymentState.CAPTURED


def test_a_wallet_that_cannot_pay_is_refused_before_anything_exists(shop, wallet):
    in_yen = make_wallets.wallet(5_000, "JPY", merchant=shop.id)
    stranger = make_wallets.wallet(50_00, merchant=make.merchant().id)
    stranger = type(stranger)(**{**_fields(stranger), "merchant_id": shop.id})
    with pytest.raises(CurrencyMismatch):
        pay(in_yen)
    with pytest.raises(errors.PaymentMethodNotFound):
        pay(stranger)
    wallets.freeze(wallet_id=wallet.id, by=BY, at=NOON)
    with pytest.raises(errors.WalletUnfit):
        pay(wallet)
    assert Payment.objects.count() == 0


def _fields(value):
    return {name: getattr(value, name) for name in type(value).__dataclass_fields__}


def test_a_card_is_not_kept_waiting_by_a_wallet_in_its_batch(shop, wallet):
    def order(**facets):
        new = data.NewPayment(amount=eur(42_50))
        return data.Begin(merchant_id=shop.id, at=NOON, new=new, **facets)

    begun = payments.confirm_all(
        [order(token="visa"), order(wallet_id=wallet.id), order(wallet_id=wallet.id)], by=BY
    )

    assert [one.payment.state for one in begun] == ["captured", "captured", "created"]
    assert available(wallet) == eur(7_50)


def test_a_payment_s_hold_is_the_payment_s_alone(wallet):
    payment = pay(wallet, manual=True)
    with pytest.raises(errors.HeldForPayment):
        queries.refuse_held_for_payment(payment.latest_attempt.id, payment.merchant_id)


def test_a_wallet_is_not_filled_from_a_wallet(shop, wallet):
    with pytest.raises(errors.ParameterInvalid, match="filled by a card"):
        payments.create(
            merchant_id=shop.id,
            amount=eur(1_00),
            purpose="top_up",
            wallet_id=wallet.id,
            wallet=wallet.id,
            confirm=True,
            by=BY,
            at=NOON,
        )


def test_a_dry_run_moves_nothing(wallet):
    told = payments.dry_run(
        lambda: payments.create(
            merchant_id=wallet.merchant_id,
            amount=eur(42_50),
            wallet=wallet.id,
            confirm=True,
            by=BY,
            at=NOON,
        )
    )
    assert (told.result.state, told.fee) == (PaymentState.CAPTURED, eur(85))
    assert [(one.template, one.pending) for one in told.postings] == [
        ("hold_wallet", True),
        ("capture_wallet", False),
    ]
    assert sum(minor for _, minor, _ in told.postings[1].lines) == 0
    assert available(wallet) == eur(50_00)
