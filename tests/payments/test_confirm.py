"""Creating and confirming: three beats, each with its named outcome."""

from datetime import timedelta
from uuid import UUID

import pytest

from fintech.fraud import queries as fraud_queries
from fintech.kernel import event_log
from fintech.kernel.idempotency import KeyReused
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.payments import data, errors, queries
from fintech.payments import services as payments
from fintech.payments.data import AttemptState, PaymentState
from fintech.payments.models import Payment
from tests.make import payments as make
from tests.make.merchants import NOON
from tests.make.payments import BY, eur

pytestmark = pytest.mark.django_db


def pending(shop, currency="EUR") -> Money:
    return ledger_queries.merchant_pending(shop.id, currency).posted


def test_a_payment_is_born_waiting(shop, told):
    payment = make.created(shop.id)

    assert payment.state == PaymentState.CREATED
    assert (payment.amount, payment.captured, payment.fee) == (eur(42_50), eur(0), eur(0))
    assert payment.actions == ("confirm", "cancel")
    assert told(payment) == ["created"]


def test_automatic_capture_takes_the_money_in_one_call(shop, told, acquirer):
    payment = make.captured(shop.id)

    assert (payment.captured, payment.fee) == (eur(42_50), eur(85))
    assert payment.latest_attempt.state == AttemptState.AUTHORIZED
    assert payment.actions == ("refund",)
    assert told(payment) == ["created", "confirmed", "assessed", "authorized", "captured"]
    assert pending(shop) == eur(41_65)
    assert acquirer.counts() == {"authorization_succeeded": 1}


def test_manual_capture_reserves_and_takes_nothing(shop, told):
    payment = make.authorized(shop.id)

    assert payment.capturable == eur(42_50)
    assert payment.actions == ("capture", "adjust", "cancel")
    assert told(payment) == ["created", "confirmed", "assessed", "authorized"]
    assert pending(shop) == eur(0)


def test_a_waiting_payment_is_confirmed_later(shop):
    payment = make.created(shop.id, metadata={"order": "7"})
    done = payments.confirm(
        merchant_id=shop.id, payment_id=payment.id, token="visa", by=BY, at=NOON
    )

    assert done.value.state == PaymentState.CAPTURED
    assert done.value.metadata == {"order": "7"}
    assert queries.payment(payment.id, shop.id) == done.value


def test_a_decline_is_told_and_the_payment_waits_for_another_card(shop, told):
    payment = make.created(shop.id)

    with pytest.raises(errors.CardDeclined, match="insufficient funds") as refused:
        payments.confirm(
            merchant_id=shop.id,
            payment_id=payment.id,
            token="insufficient_funds",
            by=BY,
            at=NOON,
        )

    assert (refused.value.code, refused.value.decline_code) == (
        "card_declined",
        "insufficient_funds",
    )
    assert refused.value.payment == make.now(payment)
    assert make.now(payment).state == PaymentState.CREATED
    assert told(payment)[-1] == "declined"
    again = payments.confirm(
        merchant_id=shop.id, payment_id=payment.id, token="visa", by=BY, at=NOON
    ).value
    assert (again.state, again.last_error) == (PaymentState.CAPTURED, None)
    assert [attempt.state for attempt in queries.attempts_of(payment.id)] == [
        AttemptState.DECLINED,
        AttemptState.AUTHORIZED,
    ]
    assert pending(shop) == eur(41_65)


def test_a_blocked_card_never_reaches_the_acquirer(shop, told, acquirer):
    payment = make.confirmed(shop.id, token="blocked")

    assert payment.last_error.decline_code == "fraudulent"
    assert payment.latest_attempt.risk_level == "highest"
    assert told(payment) == ["created", "confirmed", "assessed", "blocked"]
    assert acquirer.asked == {}
    assessed = fraud_queries.assessment(payment.latest_attempt.assessment_id)
    assert str(assessed.decision) == "block"


def test_an_acquirer_that_is_down_charges_nothing(shop, told):
    with pytest.raises(errors.AcquirerUnavailable) as refused:
        payments.create(
            merchant_id=shop.id,
            amount=eur(10_00),
            token="acquirer_error",
            confirm=True,
            by=BY,
            at=NOON,
        )

    payment = refused.value.payment
    assert payment.state == PaymentState.CREATED
    assert told(payment)[-1] == "attempt_errored"
    assert payment.latest_attempt.state == AttemptState.ERRORED


def test_a_lost_answer_leaves_the_payment_processing(shop, told, acquirer):
    payment = make.confirmed(shop.id, token="acquirer_timeout")

    assert payment.state == PaymentState.PROCESSING
    assert payment.latest_attempt.state == AttemptState.UNKNOWN
    assert told(payment)[-1] == "outcome_unknown"
    assert acquirer.counts() == {"authorization_succeeded": 1}
    assert pending(shop) == eur(0)


# What each sandbox card does, as the table of the documentation says (api §8.9).
TABLE = [
    ("visa", "captured", None),
    ("mastercard", "captured", None),
    ("amex", "captured", None),
    ("bypass_pending", "captured", None),
    ("declined", "created", "generic_decline"),
    ("insufficient_funds", "created", "insufficient_funds"),
    ("lost_card", "created", "lost_card"),
    ("stolen_card", "created", "stolen_card"),
    ("expired_card", "created", "expired_card"),
    ("incorrect_cvc", "created", "incorrect_cvc"),
    ("processing_error", "created", "processing_error"),
    ("decline_after_attach", "created", "generic_decline"),
    ("authentication_required", "awaiting_payer", None),
    ("three_d_secure", "awaiting_payer", None),
    ("risk_elevated", "in_review", None),
    ("blocked", "created", "fraudulent"),
    ("dispute", "captured", None),
    ("inquiry", "captured", None),
    ("refund_fails", "captured", None),
    ("refund_pending", "captured", None),
    ("acquirer_timeout", "processing", None),
    ("acquirer_error", "created", "acquirer_unavailable"),
    ("duplicate_callback", "captured", None),
]


@pytest.mark.parametrize(("token", "state", "decline_code"), TABLE)
def test_every_sandbox_card_ends_as_the_table_says(shop, token, state, decline_code):
    payment = make.confirmed(shop.id, token=token)

    assert payment.state == state
    found = payment.last_error.decline_code if payment.last_error else None
    assert found == decline_code


@pytest.mark.parametrize(
    ("amount", "fee"),
    [(Money(500, "JPY"), 7), (Money(12_345, "KWD"), 173), (Money(1, "EUR"), 1)],
)
def test_the_fixed_fee_holds_in_the_merchants_own_currency_alone(shop, amount, fee):
    payment = make.captured(shop.id, amount)

    assert payment.captured == amount
    assert payment.fee == Money(fee, amount.currency)
    assert pending(shop, amount.currency) == amount - payment.fee


# -- refusals leave nothing behind ---------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"amount": eur(0)}, errors.AmountTooSmall),
        ({"amount": eur(-1)}, errors.AmountTooSmall),
        ({"amount": eur(1_000_000_000_000)}, errors.AmountTooLarge),
        ({"amount": Money(100, "XXX")}, errors.CurrencyNotSupported),
        ({"amount": Money(100, "eur")}, errors.CurrencyNotSupported),
        ({"capture_method": "sometimes"}, errors.ParameterInvalid),
        ({"description": "x" * 1001}, errors.ParameterInvalid),
        ({"description": "a\x00b"}, errors.ParameterInvalid),
        ({"metadata": {"k" * 41: "v"}}, errors.ParameterInvalid),
        ({"metadata": {str(n): "v" for n in range(51)}}, errors.ParameterInvalid),
        ({"token": "4242424242424242"}, errors.CardNumberUnknown),
        ({"customer_id": UUID(int=7)}, errors.CustomerNotFound),
    ],
)
@pytest.mark.parametrize("confirm", [False, True])
def test_bad_input_is_refused_and_leaves_nothing_behind(shop, acquirer, wrong, error, confirm):
    before = len(event_log.after(0, 1000))
    asked = {"amount": eur(10_00), "token": "visa", **wrong}

    with pytest.raises(error):
        payments.create(
            merchant_id=shop.id,
            confirm=confirm,
            key=make.key(shop.id, "k"),
            by=BY,
            at=NOON,
            **asked,
        )

    assert not Payment.objects.exists()
    assert len(event_log.after(0, 1000)) == before
    assert acquirer.asked == {}
    # The key is free for the corrected call.
    done = payments.create(
        merchant_id=shop.id,
        amount=eur(10_00),
        key=make.key(shop.id, "k", body="right"),
        by=BY,
        at=NOON,
    )
    assert not done.replayed


def test_a_payment_is_confirmed_with_a_card(shop):
    payment = make.created(shop.id)
    with pytest.raises(errors.PaymentMethodMissing):
        payments.confirm(merchant_id=shop.id, payment_id=payment.id, by=BY, at=NOON)
    assert make.now(payment) == payment


def test_what_is_another_merchants_is_unknown(shop):
    other = make.merchant()
    payment = make.created(shop.id)
    theirs = make.card(shop.id)

    with pytest.raises(errors.PaymentNotFound):
        payments.confirm(merchant_id=other.id, payment_id=payment.id, token="visa", by=BY, at=NOON)
    with pytest.raises(errors.PaymentMethodNotFound):
        payments.create(
            merchant_id=other.id,
            amount=eur(1_00),
            payment_method=theirs.id,
            confirm=True,
            by=BY,
            at=NOON,
        )
    with pytest.raises(errors.PaymentNotFound):
        queries.payment(payment.id, other.id)
    assert make.now(payment) == payment


def test_what_is_captured_is_not_confirmed_again(shop):
    payment = make.captured(shop.id)
    with pytest.raises(errors.UnexpectedState, match="captured; it cannot be confirmed"):
        payments.confirm(merchant_id=shop.id, payment_id=payment.id, token="visa", by=BY, at=NOON)
    assert make.now(payment) == payment


def test_ten_attempts_are_enough(shop, told):
    payment = make.created(shop.id)
    for _ in range(10):
        with pytest.raises(errors.CardDeclined):
            payments.confirm(
                merchant_id=shop.id, payment_id=payment.id, token="declined", by=BY, at=NOON
            )

    ended = make.now(payment)
    assert (ended.state, ended.cancellation_reason) == (
        PaymentState.CANCELED,
        "attempts_exhausted",
    )
    assert told(payment)[-2:] == ["declined", "canceled"]


# -- keys ----------------------------------------------------------------------------------


def test_one_key_charges_once_and_answers_the_same(shop, acquirer):
    def pay():
        return payments.create(
            merchant_id=shop.id,
            amount=eur(42_50),
            token="visa",
            confirm=True,
            key=make.key(shop.id, "k"),
            by=BY,
            at=NOON,
        )

    first, second = pay(), pay()

    assert (first.replayed, second.replayed) == (False, True)
    assert first.value == second.value
    assert acquirer.counts() == {"authorization_succeeded": 1}
    assert pending(shop) == eur(41_65)


def test_one_key_gives_a_decline_again(shop):
    def pay():
        return payments.create(
            merchant_id=shop.id,
            amount=eur(42_50),
            token="declined",
            confirm=True,
            key=make.key(shop.id, "k"),
            by=BY,
            at=NOON,
        )

    with pytest.raises(errors.CardDeclined) as first:
        pay()
    with pytest.raises(errors.CardDeclined) as second:
        pay()

    assert (first.value.replayed, second.value.replayed) == (False, True)
    assert first.value.payment == second.value.payment
    assert Payment.objects.count() == 1


def test_a_key_used_for_something_else_is_refused(shop):
    payments.create(
        merchant_id=shop.id, amount=eur(1_00), key=make.key(shop.id, "k"), by=BY, at=NOON
    )
    with pytest.raises(KeyReused):
        payments.create(
            merchant_id=shop.id,
            amount=eur(2_00),
            token="visa",
            confirm=True,
            key=make.key(shop.id, "k", body="other"),
            by=BY,
            at=NOON,
        )
    assert Payment.objects.count() == 1


def test_a_refusal_of_state_is_kept_under_its_key(shop):
    payment = make.captured(shop.id)

    def confirm():
        return payments.confirm(
            merchant_id=shop.id,
            payment_id=payment.id,
            token="visa",
            key=make.key(shop.id, "k"),
            by=BY,
            at=NOON,
        )

    with pytest.raises(errors.UnexpectedState) as first:
        confirm()
    with pytest.raises(Exception, match="it cannot be confirmed") as second:
        confirm()
    assert (first.value.code, first.value.replayed) == ("payment_intent_unexpected_state", False)
    assert (second.value.code, second.value.replayed) == ("payment_intent_unexpected_state", True)


# -- limits --------------------------------------------------------------------------------


def test_a_payment_over_a_limit_reserves_nothing(shop, acquirer):
    from fintech.wallets import services as wallets

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
    make.captured(shop.id)

    with pytest.raises(errors.LimitExceeded) as refused:
        make.confirmed(shop.id, eur(7_51))

    assert "used 42.50, asked 7.51" in refused.value.facts["breaches"][0]
    assert Payment.objects.count() == 1
    assert make.captured(shop.id, eur(7_50)).captured == eur(7_50)


def test_a_decline_gives_its_share_of_a_limit_back(shop):
    from fintech.wallets import services as wallets

    wallets.create_limit(
        merchant_id=shop.id,
        scope="merchant",
        kind="count",
        window="rolling",
        seconds=86_400,
        maximum=1,
        by=BY,
        at=NOON,
    )
    make.confirmed(shop.id, token="declined")
    make.confirmed(shop.id, token="blocked")
    assert make.captured(shop.id).captured == eur(42_50)
    with pytest.raises(errors.LimitExceeded):
        make.confirmed(shop.id, at=NOON + timedelta(hours=1))


def test_the_price_of_the_day_of_the_sale_holds(shop):
    from fintech.merchants import services as merchants

    reserved = make.authorized(shop.id, eur(100_00))
    merchants.set_price(merchant_id=shop.id, fee_basis_points=0, fee_fixed_minor=0, by=BY, at=NOON)

    taken = payments.capture(merchant_id=shop.id, payment_id=reserved.id, by=BY, at=NOON).value

    assert taken.fee == eur(1_65)
    assert make.captured(shop.id, eur(100_00)).fee == eur(0)


def test_the_fixed_part_of_the_fee_is_that_of_the_sales_currency(shop):
    from fintech.merchants import services as merchants

    merchants.set_price(
        merchant_id=shop.id,
        fee_basis_points=140,
        fee_fixed_minor=25,
        fee_fixed_elsewhere={"JPY": 30, "KWD": 80},
        by=BY,
        at=NOON,
    )

    for currency, fee in (("EUR", 165), ("JPY", 170), ("KWD", 220), ("USD", 140)):
        taken = make.captured(shop.id, Money(100_00, currency))
        assert taken.fee == Money(fee, currency)
        (funds,) = ledger_queries.merchant_funds(shop.id, [currency])
        assert funds.pending == Money(100_00 - fee, currency)


def test_a_payment_that_changes_its_currency_changes_its_fixed_part(shop):
    from fintech.merchants import services as merchants

    payment = make.created(shop.id, eur(100_00))
    merchants.set_price(
        merchant_id=shop.id,
        fee_basis_points=140,
        fee_fixed_minor=25,
        fee_fixed_elsewhere={"JPY": 30},
        by=BY,
        at=NOON,
    )
    named = {"merchant_id": shop.id, "payment_id": payment.id, "by": BY, "at": NOON}
    payments.update_payment(amount=Money(100_00, "JPY"), **named)

    assert payments.confirm(token="visa", **named).value.fee == Money(170, "JPY")
    assert list(queries.replay()) == []


def test_a_payment_is_listed_newest_first(shop):
    found = [make.created(shop.id, eur(minor)) for minor in (1, 2, 3, 4, 5)]
    newest_first = found[::-1]

    page = queries.payments(shop.id, limit=2)
    assert list(page) == newest_first[:2]
    assert page.has_more
    page = queries.payments(shop.id, limit=2, after=page.items[-1].id)
    assert list(page) == newest_first[2:4]
    page = queries.payments(shop.id, limit=2, after=page.items[-1].id)
    assert (list(page), page.has_more) == (newest_first[4:], False)
    page = queries.payments(shop.id, limit=2, before=newest_first[4].id)
    assert (list(page), page.has_more) == (newest_first[2:4], True)
    assert queries.payments(make.merchant().id) == data.Page(items=(), has_more=False)


@pytest.mark.django_db(transaction=True)
def test_nobody_is_asked_inside_a_transaction(shop, acquirer):
    """No lock is held while the outside world takes its time."""
    from django_subatomic import db

    payment = make.created(shop.id)
    with pytest.raises(RuntimeError, match="only when no transaction is open"), db.transaction():
        payments.confirm(merchant_id=shop.id, payment_id=payment.id, token="visa", by=BY, at=NOON)
    assert make.now(payment) == payment
    assert acquirer.asked == {}
