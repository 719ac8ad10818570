"""Dry runs say what would happen, and nothing does."""

import pytest

from fintech.kernel import event_log
from fintech.kernel.money import CurrencyMismatch, Money
from fintech.ledger import queries as ledger_queries
from fintech.payments import errors
from fintech.payments import services as payments
from fintech.payments.data import PaymentState, RefundState
from fintech.payments.models import Attempt, Callback, Capture, Payment, PaymentMethod, Refund
from fintech.wallets import services as wallets
from tests.make import payments as make
from tests.make import wallets as make_wallets
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db

TABLES = (Attempt, Callback, Capture, Payment, PaymentMethod, Refund)


@pytest.fixture
def nothing_happens(shop, acquirer):
    """Whatever the test does, it leaves the world as it was when this was called."""

    def world():
        return (
            [list(table.objects.order_by("id").values()) for table in TABLES],
            event_log.after(0, 10_000),
            ledger_queries.merchant_pending(shop.id, "EUR"),
            acquirer.counts(),
            dict(acquirer.asked),
        )

    before = []
    yield lambda: before.append(world())
    assert world() == before[0]


def test_a_sale_says_its_fee_its_postings_and_its_score(shop, nothing_happens):
    nothing_happens()

    told = payments.dry_run(
        lambda: payments.create(
            merchant_id=shop.id, amount=eur(42_50), token="visa", confirm=True, by=BY, at=NOON
        )
    )

    assert (told.result.state, told.result.captured, told.fee) == (
        PaymentState.CAPTURED,
        eur(42_50),
        eur(85),
    )
    assert [(one.template, one.pending) for one in told.postings] == [
        ("authorize_card", True),
        ("capture_card", False),
    ]
    assert sum(minor for _, minor, _ in told.postings[1].lines) == 0
    assert (told.score, told.decision, told.refusal) == (5, "allow", None)
    assert told.reasons == ("This card has never been seen before.",)


def test_a_capture_a_refund_and_a_cancellation_say_what_they_would_do(shop, nothing_happens):
    reserved, taken = make.authorized(shop.id), make.captured(shop.id)
    nothing_happens()
    named = {"merchant_id": shop.id, "by": BY, "at": NOON}

    captured = payments.dry_run(
        lambda: payments.capture(payment_id=reserved.id, amount=eur(10_00), **named)
    )
    canceled = payments.dry_run(lambda: payments.cancel(payment_id=reserved.id, **named))
    refunded = payments.dry_run(
        lambda: payments.refund(payment_id=taken.id, amount=eur(10_00), **named)
    )

    assert (captured.result.captured, captured.fee) == (eur(10_00), eur(39))
    assert canceled.result.state == PaymentState.CANCELED
    assert [one.template for one in canceled.postings] == ["release"]
    assert (refunded.result.state, refunded.result.amount) == (RefundState.SUCCEEDED, eur(10_00))
    assert [one.template for one in refunded.postings] == ["refund_card"]


def test_a_refusal_is_what_a_dry_run_finds_out(shop, nothing_happens):
    payment = make.authorized(shop.id)
    nothing_happens()
    told = payments.dry_run(
        lambda: payments.capture(
            merchant_id=shop.id, payment_id=payment.id, amount=eur(42_51), by=BY, at=NOON
        )
    )
    assert isinstance(told.refusal, errors.CaptureTooLarge)
    assert (told.result, told.postings) == (None, ())


def test_a_block_is_found_out_before_a_card_is_tried(shop, nothing_happens):
    nothing_happens()
    told = payments.dry_run(
        lambda: payments.create(
            merchant_id=shop.id, amount=eur(1_00), token="blocked", confirm=True, by=BY, at=NOON
        )
    )
    assert told.refusal.decline_code == "fraudulent"
    assert told.decision == "block"
    assert told.postings == ()


def test_a_limit_is_found_out_and_not_used(shop, nothing_happens):
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
    nothing_happens()

    def sale(minor):
        return payments.dry_run(
            lambda: payments.create(
                merchant_id=shop.id, amount=eur(minor), token="visa", confirm=True, by=BY, at=NOON
            )
        )

    assert sale(50_00).breaches == ()
    assert sale(50_00).breaches == ()
    assert "asked 50.01" in sale(50_01).breaches[0]


def test_what_would_be_left_in_a_wallet_is_told_below_zero_too(shop, nothing_happens):
    wallet = make_wallets.wallet(50_00, merchant=shop.id)
    now = {"by": BY, "at": NOON}
    wallets.allow_overdraft(merchant_id=shop.id, currency="EUR", most_minor=20_00, **now)
    wallets.set_floor(wallet_id=wallet.id, currency="EUR", floor_minor=-20_00, **now)
    nothing_happens()

    def sale(minor):
        return payments.dry_run(
            lambda: payments.create(
                merchant_id=shop.id, amount=eur(minor), wallet=wallet.id, confirm=True, **now
            )
        )

    told = sale(60_00)
    ((whose, left),) = told.balances
    assert (whose, told.refusal) == (wallet.id, None)
    assert (left.posted, left.available, left.floor) == (eur(-10_00), eur(10_00), eur(-20_00))
    refused = sale(70_01)
    assert (refused.refusal.code, refused.balances) == ("insufficient_funds", ())


def test_bad_input_is_an_error_of_a_dry_run_too(shop, nothing_happens):
    payment = make.authorized(shop.id)
    nothing_happens()
    for wrong, error in (
        ({"amount": eur(0)}, errors.AmountTooSmall),
        ({"amount": Money(1, "USD")}, CurrencyMismatch),
        ({"merchant_id": payment.id}, errors.PaymentNotFound),
    ):
        named = {"merchant_id": shop.id, "payment_id": payment.id, **wrong}
        with pytest.raises(error):
            payments.dry_run(lambda named=named: payments.capture(by=BY, at=NOON, **named))
