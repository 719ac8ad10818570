"""Holds: money is set aside once, taken in parts, and comes back."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django_subatomic import db

from fintech.kernel import event_log, ids, invariants
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.wallets import errors, queries
from fintech.wallets import services as wallets
from fintech.wallets.models import Hold
from tests.make import wallets as make
from tests.make.wallets import eur
from tests.racing import race

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def _has(wallet):
    (known,) = queries.balances(wallet.id)
    return known.posted.minor, known.held.minor, known.available.minor


def _capture(hold, minor=None, **given):
    amount = None if minor is None else Money(minor, hold.amount.currency)
    asked = {"by": make.BY, "at": make.NOON, **given}
    return wallets.capture(hold_id=hold.id, amount=amount, **asked).value


def _release(hold, **given):
    asked = {"by": make.BY, "at": make.NOON, **given}
    return wallets.release(hold_id=hold.id, **asked).value


def _told(hold):
    return [fact.name.split(".")[1] for fact in event_log.stream("wallets.hold", hold.id)]


def test_what_is_held_can_not_be_spent_and_what_is_not_captured_returns():
    wallet = make.wallet(10_00)

    held = make.hold(wallet, 5_00, reason="Deposit")
    assert _has(wallet) == (10_00, 5_00, 5_00)

    captured = _capture(held, 3_00)
    assert _has(wallet) == (7_00, 0, 7_00)
    assert (captured.state, captured.captured, captured.remaining) == (
        "captured",
        eur(3_00),
        eur(0),
    )
    assert ledger_queries.merchant_pending(make.MERCHANT, "EUR").posted == eur(3_00)
    assert _told(held) == ["hold_created", "hold_captured"]
    assert queries.hold(held.id) == captured


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 1000), ("KWD", 10_500)])
def test_currencies_without_cents_and_with_mils_are_whole_units_too(currency, minor):
    wallet = make.wallet(minor, currency)

    held = make.hold(wallet, minor)
    _capture(held, minor - 1)

    assert _has(wallet) == (1, 0, 1)
    pending = ledger_queries.merchant_pending(make.MERCHANT, currency).posted
    assert pending == Money(minor - 1, currency)


def test_a_hold_is_captured_in_parts_until_the_final_one():
    wallet = make.wallet(10_00)
    held = make.hold(wallet, 9_00)

    first = _capture(held, 2_00, final=False)
    second = _capture(held, 3_00, final=False)
    assert (first.state, second.state) == ("partially_captured", "partially_captured")
    assert _has(wallet) == (5_00, 4_00, 1_00)
    last = _capture(held, 1_00)

    assert (last.state, last.captured, last.version) == ("captured", eur(6_00), 4)
    assert _has(wallet) == (4_00, 0, 4_00)


def test_taking_everything_ends_a_hold_whatever_was_said():
    held = make.hold(make.wallet(10_00), 9_00)

    assert _capture(held, 9_00, final=False).state == "captured"


def test_taking_no_particular_amount_takes_what_is_left():
    held = make.hold(make.wallet(10_00), 9_00)
    _capture(held, 2_00, final=False)

    assert _capture(held).captured == eur(9_00)


def test_our_fee_comes_out_of_what_the_merchant_gets():
    held = make.hold(make.wallet(10_00), 5_00)

    _capture(held, 5_00, fee=eur(32))

    assert ledger_queries.merchant_pending(make.MERCHANT, "EUR").posted == eur(4_68)


def test_what_is_released_can_be_spent_again_and_releasing_twice_changes_nothing():
    wallet = make.wallet(10_00)
    held = make.hold(wallet, 10_00)

    released = _release(held)
    again = _release(held)

    assert (released.state, again) == ("released", released)
    assert _has(wallet) == (10_00, 0, 10_00)
    assert _told(held) == ["hold_created", "hold_released"]


def test_releasing_after_a_part_returns_the_rest():
    wallet = make.wallet(10_00)
    held = make.hold(wallet, 9_00)
    _capture(held, 2_00, final=False)

    released = _release(held)

    assert (released.state, released.captured) == ("released", eur(2_00))
    assert _has(wallet) == (8_00, 0, 8_00)


def test_a_hold_beyond_what_is_available_leaves_nothing_behind():
    wallet = make.wallet(10_00)
    make.hold(wallet, 6_00)

    with pytest.raises(errors.InsufficientFunds, match=r"5\.00 EUR was asked for"):
        make.hold(wallet, 5_00)

    assert _has(wallet) == (10_00, 6_00, 4_00)
    assert len(queries.holds(wallet_id=wallet.id)) == 1
    assert len(event_log.after(0, 100)) == 2  # a wallet, a hold


def test_a_refused_hold_is_refused_again_under_its_key_even_with_money_there():
    wallet = make.wallet(1_00)
    with pytest.raises(errors.InsufficientFunds):
        make.hold(wallet, 5_00, key=make.key())
    make.top_up(wallet, 10_00)

    with pytest.raises(errors.Refused) as again:
        make.hold(wallet, 5_00, key=make.key())

    assert (again.value.code, again.value.replayed) == ("balance_insufficient", True)
    assert _has(wallet) == (11_00, 0, 11_00)


def test_a_key_holds_and_captures_once():
    wallet = make.wallet(10_00)
    held = make.hold(wallet, 5_00, key=make.key("hold"))
    again = make.hold(wallet, 5_00, key=make.key("hold"))
    _capture(held, 1_00, final=False, key=make.key("capture"))
    _capture(held, 1_00, final=False, key=make.key("capture"))

    assert again == held
    assert _has(wallet) == (9_00, 4_00, 5_00)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_of_eight_who_want_the_same_money_one_gets_it(round_):
    wallet = make.wallet(10_00)

    results = race(8, wallets.hold, wallet_id=wallet.id, amount=eur(7_00), by=make.BY, at=make.NOON)

    refused = [result for result in results if isinstance(result, errors.InsufficientFunds)]
    assert len(refused) == 7
    assert _has(wallet) == (10_00, 7_00, 3_00)
    assert len(queries.holds(wallet_id=wallet.id)) == 1


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_capture_the_same_hold_one_does():
    wallet = make.wallet(10_00)
    held = make.hold(wallet, 7_00)

    results = race(8, wallets.capture, hold_id=held.id, amount=eur(7_00), by=make.BY, at=make.NOON)

    refused = [result for result in results if isinstance(result, errors.UnexpectedState)]
    assert len(refused) == 7
    assert _has(wallet) == (3_00, 0, 3_00)


@pytest.mark.django_db(transaction=True)
def test_capturing_and_releasing_at_once_moves_the_money_once():
    wallet = make.wallet(10_00)
    held = make.hold(wallet, 7_00)

    def either(turn):
        turn() if turn else None

    outcomes = race(4, _capture_or_release, hold=held, turns=iter(range(4)))

    state = queries.hold(held.id).state
    assert _has(wallet) == ((3_00, 0, 3_00) if state == "captured" else (10_00, 0, 10_00))
    unexpected = (errors.UnexpectedState,)
    assert all(o is None or isinstance(o, unexpected) for o in outcomes)


def _capture_or_release(hold, turns):
    if next(turns) % 2:
        _capture(hold)
    else:
        _release(hold)


@pytest.mark.parametrize(
    ("amount", "error", "code"),
    [
        (eur(5_01), errors.CaptureTooLarge, "capture_exceeds_authorization"),
        (eur(0), errors.AmountTooSmall, "amount_too_small"),
        (eur(-1), errors.AmountTooSmall, "amount_too_small"),
        (eur(10**12), errors.AmountTooLarge, "amount_too_large"),
        (Money(1, "USD"), errors.CurrencyNotTheWallets, "wallet_currency_mismatch"),
    ],
)
def test_what_can_not_be_captured_leaves_the_hold_as_it_was(amount, error, code):
    wallet = make.wallet(10_00)
    held = make.hold(wallet, 5_00)

    with pytest.raises(error) as refused:
        wallets.capture(hold_id=held.id, amount=amount, by=make.BY, at=make.NOON)

    assert refused.value.code == code
    assert queries.hold(held.id) == held
    assert _has(wallet) == (10_00, 5_00, 5_00)


@pytest.mark.parametrize(
    ("amount", "error"),
    [
        (eur(0), errors.AmountTooSmall),
        (eur(10**12), errors.AmountTooLarge),
        (Money(1, "USD"), errors.CurrencyNotTheWallets),
    ],
)
def test_what_can_not_be_held_is_refused(amount, error):
    wallet = make.wallet(10_00)

    with pytest.raises(error):
        wallets.hold(wallet_id=wallet.id, amount=amount, by=make.BY, at=make.NOON)

    assert queries.holds(wallet_id=wallet.id) == []


def test_an_ended_hold_is_not_captured():
    held = make.hold(make.wallet(10_00), 5_00)
    _capture(held, 3_00)

    with pytest.raises(errors.UnexpectedState, match="The hold is captured"):
        _capture(held, 1_00)
    with pytest.raises(errors.UnexpectedState, match="it cannot be released"):
        _release(held)


def test_another_merchants_wallet_and_hold_are_unknown():
    wallet = make.wallet(10_00)
    held = make.hold(wallet, 5_00)
    other = ids.new()

    for refuse in (
        lambda: make.hold(wallet, 1, merchant_id=other),
        lambda: _capture(held, merchant_id=other),
        lambda: _release(held, merchant_id=other),
        lambda: queries.hold(held.id, other),
        lambda: queries.balances(wallet.id, other),
        lambda: queries.wallet(wallet.id, other),
    ):
        with pytest.raises(errors.NotFound) as refused:
            refuse()
        assert refused.value.code == "resource_missing"
    assert _has(wallet) == (10_00, 5_00, 5_00)


def test_a_hold_comes_back_by_itself_when_its_time_is_up():
    wallet = make.wallet(10_00)
    short = make.hold(wallet, 3_00, expires_at=make.NOON + HOUR)
    long = make.hold(wallet, 2_00, expires_at=make.NOON + 3 * HOUR)
    endless = make.hold(wallet, 1_00)
    _capture(short, 1_00, final=False)

    early = wallets.expire_due(make.NOON + HOUR - timedelta(seconds=1))
    due = wallets.expire_due(make.NOON + HOUR)

    assert (early, due) == (0, 1)
    assert queries.hold(short.id).state == "expired"
    assert queries.hold(short.id).captured == eur(1_00)
    assert _told(short) == ["hold_created", "hold_captured", "hold_expired"]
    assert {queries.hold(long.id).state, queries.hold(endless.id).state} == {"active"}
    assert _has(wallet) == (9_00, 3_00, 6_00)
    assert wallets.expire_due(make.NOON + HOUR) == 0


def test_a_hold_whose_time_is_up_is_not_captured_even_before_the_clock_came_by():
    held = make.hold(make.wallet(10_00), 3_00, expires_at=make.NOON + HOUR)

    with pytest.raises(errors.UnexpectedState, match="The hold is expired"):
        _capture(held, 1_00, at=make.NOON + HOUR)


def test_a_hold_does_not_end_before_it_begins():
    wallet = make.wallet(10_00)

    with pytest.raises(errors.ParameterInvalid) as refused:
        make.hold(wallet, 1_00, expires_at=make.NOON)

    assert refused.value.param == "expires_at"


def test_the_database_holds_the_line():
    """Code that goes around the service can't take more than is held either."""
    held = make.hold(make.wallet(10_00), 5_00)

    with (
        pytest.raises(IntegrityError, match="captures_at_most_what_is_held"),
        db.transaction_if_not_already(),
        db.savepoint(),
    ):
        Hold.objects.filter(id=held.id).update(captured_minor=5_01)


@pytest.mark.django_db(transaction=True)
def test_books_and_log_agree_with_the_rows_after_everything():
    wallet = make.wallet(10_00)
    _capture(make.hold(wallet, 5_00), 3_00)
    _release(make.hold(wallet, 1_00))
    make.hold(wallet, 2_00)
    make.hold(wallet, 1_00, expires_at=make.NOON + HOUR)
    wallets.expire_due(make.NOON + HOUR)

    assert list(queries.replay()) == []
    assert list(invariants.check(queries.INVARIANTS)) == []


@pytest.mark.django_db(transaction=True)
def test_a_hold_that_the_ledger_does_not_know_is_found(owner):
    held = make.hold(make.wallet(10_00), 5_00)
    owner.execute("UPDATE wallets_hold SET amount_minor = 500 + 1")

    found = list(invariants.check(queries.INVARIANTS))

    assert [finding.id for finding in found] == ["I-6", "W-1"]
    assert found[0].samples == (str(held.wallet_id),)
    assert [(d.row, d.column, d.stored, d.folded) for d in queries.replay()] == [
        (f"wallets.hold:{held.id}", "amount_minor", "501", "500")
    ]
