"""Posting: what each business event does to balances, to the cent."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.ledger import data, errors, queries, services
from fintech.ledger.data import Code, EntryKind, EntryState, chart
from tests.make import ledger as make
from tests.make.ledger import NOON, eur

pytestmark = pytest.mark.django_db

RECEIVABLE = "assets:processor:simulator:receivable"
FEES = "income:fees:processing"
PROCESSOR_FEES = "expenses:processor_fees"


def at(address: str, currency: str = "EUR") -> data.Balance:
    return queries.balance(address, currency)


def rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM ledger_entry) + (SELECT count(*) FROM ledger_line) "
            "+ (SELECT count(*) FROM ledger_account) + (SELECT count(*) FROM ledger_pending)"
        )
        return cursor.fetchone()[0]


def test_an_authorization_sets_money_aside_and_posts_nothing():
    entry = make.authorized(eur(42_50))
    pending = queries.merchant_pending(make.merchant_of(entry), "EUR")

    assert (pending.posted, pending.pending, pending.available) == (eur(0), eur(42_50), eur(0))
    assert at(RECEIVABLE).posted == eur(0)
    assert at(RECEIVABLE).pending == eur(42_50)
    assert queries.entry(entry.id).state == EntryState.PENDING
    assert queries.entry(entry.id).remaining == eur(42_50)


def test_a_capture_pays_the_merchant_less_the_fee_and_accrues_the_processors():
    entry = make.authorized(eur(100_00))
    make.post(make.capture(entry, eur(100_00), fee=eur(3_20), processor_fee=eur(1_90)))
    pending = queries.merchant_pending(make.merchant_of(entry), "EUR")

    assert (pending.posted, pending.pending) == (eur(96_80), eur(0))
    assert at(RECEIVABLE).posted == eur(98_10)
    assert at(FEES).posted == eur(3_20)
    assert at(PROCESSOR_FEES).posted == eur(1_90)
    assert queries.entry(entry.id).state == EntryState.ENDED


def test_captures_in_parts_leave_the_rest_pending_until_the_final_one_lets_it_go():
    entry = make.authorized(eur(100_00))
    merchant = make.merchant_of(entry)

    make.post(make.capture(entry, eur(30_00), final=False))
    assert queries.merchant_pending(merchant, "EUR").posted == eur(30_00)
    assert queries.merchant_pending(merchant, "EUR").pending == eur(70_00)
    assert queries.entry(entry.id).state == EntryState.PARTIALLY_CAPTURED

    make.post(make.capture(entry, eur(25_00), final=False))
    make.post(make.capture(entry, eur(5_00), final=True))
    assert queries.merchant_pending(merchant, "EUR").posted == eur(60_00)
    assert queries.merchant_pending(merchant, "EUR").pending == eur(0)
    assert at(RECEIVABLE).pending == eur(0)
    assert queries.entry(entry.id).remaining == eur(0)


def test_a_capture_of_more_than_is_left_leaves_no_trace():
    entry = make.authorized(eur(10_00))
    make.post(make.capture(entry, eur(6_00), final=False))
    before = rows()

    with pytest.raises(errors.PendingExceeded):
        make.post(make.capture(entry, eur(4_01), final=False))

    assert rows() == before
    assert queries.entry(entry.id).remaining == eur(4_00)


def test_what_has_ended_cannot_be_captured_or_released_again():
    entry = make.authorized(eur(10_00))
    make.post(make.release(entry))

    with pytest.raises(errors.PendingExceeded):
        make.post(make.capture(entry, eur(1), final=False))
    with pytest.raises(errors.PendingExceeded):
        make.post(make.release(entry))
    with pytest.raises(errors.PendingNotFound):
        make.post(make.release(make.authorization(eur(1))))
    assert at(RECEIVABLE).pending == eur(0)


def test_a_release_gives_back_what_is_set_aside_and_posts_nothing():
    entry = make.authorized(eur(10_00))
    make.post(make.capture(entry, eur(4_00), final=False))
    make.post(make.release(entry))
    pending = queries.merchant_pending(make.merchant_of(entry), "EUR")

    assert (pending.posted, pending.pending) == (eur(4_00), eur(0))


def test_authorization_and_capture_may_come_in_one_batch():
    entry = make.authorization(eur(20_00))
    make.post(entry, make.capture(entry, eur(15_00), fee=eur(50)))

    assert queries.merchant_pending(make.merchant_of(entry), "EUR").posted == eur(14_50)
    assert queries.merchant_pending(make.merchant_of(entry), "EUR").pending == eur(0)
    assert queries.entry(entry.id).remaining == eur(0)
    assert not list(queries.replay())


def test_a_capture_must_begin_with_the_accounts_of_its_authorization():
    entry = make.authorized(eur(10_00))
    with pytest.raises(errors.PendingMismatch):
        make.post(make.capture(entry, eur(10_00), merchant_id=ids.new()))


def test_a_refund_comes_out_of_the_merchants_pending_funds():
    entry = make.authorized(eur(42_50))
    merchant = make.merchant_of(entry)
    make.post(make.capture(entry, eur(42_50), fee=eur(85)), make.refund(merchant, eur(10_00)))

    assert queries.merchant_pending(merchant, "EUR").posted == eur(42_50 - 85 - 10_00)
    assert at(RECEIVABLE).posted == eur(32_50)


def test_a_refund_may_come_out_of_available_funds():
    merchant = ids.new()
    available = f"liabilities:merchant:{merchant}:available"
    make.post(make.by_hand((available, "EUR", -12_00), ("assets:bank:main", "EUR", 12_00)))
    make.post(make.refund(merchant, eur(10_00), from_pending=False))
    assert queries.merchant_available(merchant, "EUR").posted == eur(2_00)


@pytest.mark.parametrize("amount", [Money(4_250, "JPY"), Money(42_500, "KWD"), Money(1, "USD")])
def test_every_currency_keeps_its_own_books(amount):
    entry = make.authorized(amount)
    make.post(make.capture(entry, amount))

    assert queries.merchant_pending(make.merchant_of(entry), amount.currency).posted == amount
    assert queries.merchant_pending(make.merchant_of(entry), "EUR").posted == eur(0)


def test_a_wallet_is_filled_spent_and_never_overdrawn():
    wallet, other = make.full_wallet(eur(20_00)), ids.new()
    make.post(make.transfer(wallet, other, eur(12_00)))
    before = rows()

    with pytest.raises(errors.Overdraft):
        make.post(make.transfer(wallet, other, eur(8_01)))

    assert rows() == before
    assert queries.wallet_balance(wallet, "EUR").posted == eur(8_00)
    make.post(make.transfer(wallet, other, eur(8_00)))
    assert queries.wallet_balance(wallet, "EUR").available == eur(0)


def test_held_money_cannot_be_spent_twice():
    wallet, merchant = make.full_wallet(eur(20_00)), ids.new()
    held = make.hold(wallet, merchant, eur(5_00))
    make.post(held)
    balance = queries.wallet_balance(wallet, "EUR")

    assert (balance.posted, balance.available, balance.pending) == (
        eur(20_00),
        eur(15_00),
        eur(-5_00),
    )
    with pytest.raises(errors.Overdraft):
        make.post(make.transfer(wallet, ids.new(), eur(15_01)))
    with pytest.raises(errors.Overdraft):
        make.post(make.hold(wallet, merchant, eur(15_01)))

    make.post(make.wallet_capture(held, wallet, merchant, eur(3_00)))
    balance = queries.wallet_balance(wallet, "EUR")
    assert (balance.posted, balance.available, balance.pending) == (eur(17_00), eur(17_00), eur(0))
    assert queries.merchant_pending(merchant, "EUR").posted == eur(3_00)


def test_a_refused_entry_takes_its_batch_with_it_when_all_must_stand():
    wallet, other = make.full_wallet(eur(5_00)), ids.new()
    before = rows()
    with pytest.raises(errors.Overdraft) as refused:
        make.post(make.transfer(wallet, other, eur(5_00)), make.transfer(wallet, other, eur(1)))

    assert rows() == before
    assert queries.wallet_balance(wallet, "EUR").posted == eur(5_00)
    assert refused.value.code == "entry_overdraft"


def test_a_refused_entry_leaves_the_others_of_a_batch_alone():
    wallet, other = make.full_wallet(eur(5_00)), ids.new()
    codes = [
        outcome.code
        for outcome in services.try_post(
            [
                make.transfer(wallet, other, eur(3_00)),
                make.transfer(wallet, other, eur(3_00)),
                make.transfer(other, wallet, eur(1_00)),
                make.transfer(wallet, other, eur(3_00)),
            ],
            by=make.BY,
        )
    ]
    assert codes == [Code.POSTED, Code.OVERDRAFT, Code.POSTED, Code.POSTED]
    assert queries.wallet_balance(wallet, "EUR").posted == eur(0)
    assert not queries.verify()


def test_an_account_that_only_a_refused_entry_names_is_not_opened():
    before = rows()
    outcomes = services.try_post([make.transfer(ids.new(), ids.new(), eur(1))], by=make.BY)
    assert [outcome.code for outcome in outcomes] == [Code.OVERDRAFT]
    assert rows() == before


def test_the_same_entry_again_changes_nothing():
    entry = make.authorization(eur(10_00))
    captured = make.capture(entry, eur(10_00), fee=eur(20))
    make.post(entry, captured)
    before = rows()

    assert [posted.existed for posted in make.post(entry, captured)] == [True, True]
    assert rows() == before
    assert queries.merchant_pending(make.merchant_of(entry), "EUR").posted == eur(9_80)


@pytest.mark.parametrize(
    "change",
    [
        {"at": NOON + timedelta(microseconds=1)},
        {"template": "other"},
        {"version": 2},
        {"subject": ids.new()},
    ],
)
def test_another_entry_under_a_posted_id_is_refused(change):
    entry = make.top_up(ids.new(), eur(10_00))
    make.post(entry)
    with pytest.raises(errors.EntryConflict):
        make.post(replace(entry, **change))


def test_another_amount_or_account_under_a_posted_id_is_refused():
    wallet = ids.new()
    entry = make.top_up(wallet, eur(10_00))
    make.post(entry)
    for other in (make.top_up(wallet, eur(10_01)), make.top_up(ids.new(), eur(10_00))):
        with pytest.raises(errors.EntryConflict):
            make.post(replace(entry, lines=other.lines))


def test_repeats_within_a_batch_are_posted_once():
    wallet = ids.new()
    entry = make.top_up(wallet, eur(10_00))
    other = replace(entry, lines=make.top_up(wallet, eur(11_00)).lines)
    codes = [o.code for o in services.try_post([entry, entry, other, entry], by=make.BY)]

    assert codes == [Code.POSTED, Code.EXISTS, Code.CONFLICT, Code.EXISTS]
    assert queries.wallet_balance(wallet, "EUR").posted == eur(10_00)


def test_a_refused_id_may_be_used_again_in_its_batch():
    wallet = make.full_wallet(eur(5_00))
    spend = make.transfer(wallet, ids.new(), eur(6_00))
    codes = [
        o.code
        for o in services.try_post([spend, make.top_up(wallet, eur(1_00)), spend], by=make.BY)
    ]
    assert codes == [Code.OVERDRAFT, Code.POSTED, Code.POSTED]


SUSPENSE, BANK = "liabilities:suspense:test", "assets:bank:test"
LARGE = (1 << 62) - 1
REFUSED = {
    "one line": ([(BANK, "EUR", 5)], errors.EntryUnbalanced),
    "no line": ([], errors.EntryUnbalanced),
    "a cent too many": ([(BANK, "EUR", 6), (SUSPENSE, "EUR", -5)], errors.EntryUnbalanced),
    "a line of nothing": (
        [(BANK, "EUR", 5), (SUSPENSE, "EUR", -5), (BANK, "EUR", 0)],
        errors.EntryUnbalanced,
    ),
    "only nothing": ([(BANK, "EUR", 0), (SUSPENSE, "EUR", 0)], errors.EntryUnbalanced),
    "currencies that do not balance": (
        [(BANK, "EUR", 5), (SUSPENSE, "USD", -5)],
        errors.EntryCurrencyMismatch,
    ),
    "currencies and a cent": (
        [(BANK, "EUR", 5), (SUSPENSE, "USD", -6)],
        errors.EntryUnbalanced,
    ),
    "2^62": ([(BANK, "EUR", LARGE + 1), (SUSPENSE, "EUR", -LARGE - 1)], errors.AmountTooLarge),
    "2^63": ([(BANK, "EUR", 1 << 63), (SUSPENSE, "EUR", -(1 << 63))], errors.AmountTooLarge),
    "2^200": ([(BANK, "EUR", 1 << 200), (SUSPENSE, "EUR", -(1 << 200))], errors.AmountTooLarge),
    "a sum too large": (
        [(BANK, "EUR", LARGE), (BANK, "EUR", LARGE), (SUSPENSE, "EUR", -LARGE)] * 2,
        errors.AmountTooLarge,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_entry_that_cannot_be_right_is_refused_and_its_neighbors_stand(case):
    lines, error = REFUSED[case]
    before = rows()
    with pytest.raises(error):
        make.post(make.by_hand(*lines))
    assert rows() == before

    good = make.top_up(ids.new(), eur(1))
    bad = make.by_hand(*lines)
    codes = [o.code for o in services.try_post([bad, good, bad], by=make.BY)]
    assert codes[1] == Code.POSTED
    assert codes[0] == codes[2] != Code.POSTED
    assert not queries.verify()


def test_a_balance_stays_within_its_range():
    make.post(make.by_hand((BANK, "EUR", LARGE), (SUSPENSE, "EUR", -LARGE)))
    with pytest.raises(errors.AmountTooLarge):
        make.post(make.by_hand((BANK, "EUR", 1), (SUSPENSE, "EUR", -1)))
    assert at(BANK).posted == eur(LARGE)
    assert not queries.verify()


@pytest.mark.parametrize(
    "entry_id",
    [
        ids.at_time(NOON + timedelta(days=4_000)),
        ids.at_time(NOON - timedelta(days=4_000)),
        ids.UUID("ffffffff-ffff-4fff-bfff-ffffffffffff"),
        ids.UUID(int=0),
    ],
)
def test_an_id_from_the_future_or_too_long_ago_is_refused(entry_id):
    with pytest.raises(errors.EntryIdOutOfWindow):
        make.post(make.top_up(ids.new(), eur(1), entry_id=entry_id))


def test_a_batch_and_an_entry_have_a_limit():
    entries = [make.top_up(ids.new(), eur(1)) for _ in range(services.MOST_ENTRIES + 1)]
    with pytest.raises(errors.BatchTooLarge):
        services.post(entries, by=make.BY)
    lines = [(BANK, "EUR", 1), (SUSPENSE, "EUR", -1)] * 51
    with pytest.raises(errors.BatchTooLarge):
        make.post(make.by_hand(*lines))
    assert rows() == 0


def test_a_thousand_entries_are_one_round_trip():
    wallet = ids.new()
    entries = [make.top_up(wallet, eur(1)) for _ in range(1_000)]
    with CaptureQueriesContext(
        connection,
    ) as seen:
        services.post(entries, by=make.BY)
    assert len([q for q in seen if "SAVEPOINT" not in q["sql"]]) <= 1
    assert queries.wallet_balance(wallet, "EUR").posted == eur(10_00)
    assert queries.wallet_balance(wallet, "EUR").sequence == 1_000


def test_currencies_that_each_balance_make_one_entry():
    make.post(
        make.by_hand(
            (BANK, "USD", 100),
            ("equity:fx_position", "USD", -100),
            ("equity:fx_position", "EUR", 92),
            (SUSPENSE, "EUR", -92),
        )
    )
    assert at("equity:fx_position", "USD").posted == Money(100, "USD")
    assert at("equity:fx_position", "EUR").posted == eur(-92)
    assert not queries.verify()


def test_an_entry_tells_who_posted_it_and_what_it_moved():
    entry = make.authorized(eur(10_00))
    captured = make.capture(entry, eur(4_00), final=False, fee=eur(10))
    make.post(captured)
    view = queries.entry(captured.id)

    assert view.by == "system|test"
    assert view.kind == EntryKind.CAPTURE
    assert view.template == "capture_card"
    assert view.occurred_at == NOON
    merchant = f"liabilities:merchant:{make.merchant_of(entry)}:pending"
    assert [(line.address, line.direction, line.amount, line.pending) for line in view.lines] == [
        (RECEIVABLE, "debit", eur(4_00), False),
        (merchant, "credit", eur(4_00), False),
        (merchant, "debit", eur(10), False),
        (FEES, "credit", eur(10), False),
    ]
    assert [one.id for one in queries.entries_of(entry.subject)] == [entry.id, captured.id]


def test_an_unknown_entry_is_not_found():
    with pytest.raises(errors.EntryNotFound):
        queries.entry(ids.new())


def test_a_statement_runs_from_the_newest_line_back():
    wallet = make.full_wallet(eur(10_00))
    make.post(make.transfer(wallet, ids.new(), eur(4_00)))
    lines = queries.statement(f"liabilities:wallet:{wallet}", "EUR")

    assert [(line.amount, line.balance) for line in lines] == [
        (eur(-4_00), eur(6_00)),
        (eur(10_00), eur(10_00)),
    ]


def test_the_trial_balance_is_even_in_each_currency():
    for amount in (eur(10_00), Money(700, "JPY")):
        entry = make.authorized(amount)
        make.post(make.capture(entry, amount))
    lines = queries.trial_balance()

    for currency in ("EUR", "JPY"):
        own = [line for line in lines if line.currency == currency]
        assert {line.code for line in own} == {1100, 2000}
        assert sum(line.debit.minor for line in own) == sum(line.credit.minor for line in own) > 0


def test_an_address_outside_the_chart_is_refused():
    with pytest.raises(chart.NotInTheChart):
        queries.balance("assets:cash", "EUR")
