"""Closing periods and accounts: nothing is back-dated, nothing goes where nothing may go."""

import io
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from fintech.kernel import event_log, ids
from fintech.ledger import errors, queries, services
from fintech.ledger.data import Code, chart
from tests.make import ledger as make
from tests.make.ledger import BY, NOON, eur
from tests.racing import race

BEFORE = NOON - timedelta(days=24)
WALLET = "liabilities:wallet:{}"


def close(before=BEFORE, **named) -> bool:
    return services.close_period(before=before, by=BY, at=NOON, **named)


def wallet_account(wallet_id):
    return chart.account(chart.WALLET, "EUR", str(wallet_id))


def close_wallet(wallet_id) -> bool:
    return services.close_account(account=wallet_account(wallet_id), by=BY, at=NOON)


@pytest.mark.django_db
class TestPeriods:
    def test_nothing_is_back_dated_into_a_closed_period(self):
        assert close()
        late = make.top_up(ids.new(), eur(1), at=BEFORE - timedelta(microseconds=1))

        with pytest.raises(errors.PeriodClosed):
            make.post(late)

        assert queries.entries_of(late.subject) == []

    def test_the_first_moment_after_it_is_open(self):
        close()
        entry = make.top_up(ids.new(), eur(1), at=BEFORE)

        assert not make.post(entry)[0].existed

    def test_the_rest_of_a_batch_is_unharmed(self):
        close()
        early = BEFORE - timedelta(days=1)
        batch = [make.top_up(ids.new(), eur(1), at=at) for at in (NOON, early, BEFORE)]

        outcomes = services.try_post(batch, by=BY)

        assert [outcome.code for outcome in outcomes] == [
            Code.POSTED,
            Code.PERIOD_CLOSED,
            Code.POSTED,
        ]

    def test_what_was_posted_before_the_closing_is_there_and_may_be_sent_again(self):
        entry = make.top_up(ids.new(), eur(1), at=BEFORE - timedelta(days=1))
        make.post(entry)
        close()

        assert make.post(entry)[0].existed
        with pytest.raises(errors.EntryConflict):
            make.post(replace(entry, subject=ids.new()))

    def test_a_capture_or_release_is_not_back_dated_either(self):
        entry = make.authorized(eur(5_00), at=BEFORE - timedelta(days=1))
        close()
        early = BEFORE - timedelta(hours=1)

        for end in (make.capture(entry, eur(5_00), at=early), make.release(entry, at=early)):
            with pytest.raises(errors.PeriodClosed):
                make.post(end)
        assert queries.entry(entry.id).remaining == eur(5_00)

    def test_of_a_hold_made_in_the_same_batch_too(self):
        close()
        hold = make.authorization(eur(5_00))
        end = make.release(hold, at=BEFORE - timedelta(hours=1))

        outcomes = services.try_post([hold, end], by=BY)

        assert [outcome.code for outcome in outcomes] == [Code.POSTED, Code.PERIOD_CLOSED]

    def test_another_book_has_periods_of_its_own(self):
        close(book=ids.new())

        assert make.post(make.top_up(ids.new(), eur(1), at=BEFORE - timedelta(days=9)))

    def test_it_closes_forward_and_once(self):
        assert close()
        assert not close()
        assert not close(BEFORE - timedelta(days=1))
        assert close(BEFORE + timedelta(days=1))

        facts = event_log.stream("ledger.book", chart.PLATFORM)
        assert [fact.version for fact in facts] == [1, 2]
        assert facts[0].name == "ledger.period_closed.v1"

    def test_it_is_closed_from_the_command_line(self):
        out = io.StringIO()
        call_command("close_period", "2025-01-01", stdout=out)
        call_command("close_period", "2024-12-01", stdout=out)
        assert out.getvalue() == "closed before 2025-01-01\nclosed already\n"
        with pytest.raises(CommandError, match="over"):
            call_command("close_period", "2999-01-01", stdout=out)

    def test_it_is_not_closed_before_it_is_over(self):
        with pytest.raises(errors.PeriodNotOver):
            close(NOON + timedelta(seconds=1))
        assert event_log.stream("ledger.book", chart.PLATFORM) == []


@pytest.mark.django_db(transaction=True)
def test_a_closing_waits_for_who_posts_and_who_comes_later_is_refused():
    """A batch that has begun is committed before the period is closed, never after it."""
    posted, go = threading.Event(), threading.Event()
    early = BEFORE - timedelta(days=1)
    order = []

    def post_slowly():
        from django_subatomic import db

        with db.transaction():
            make.post(make.top_up(ids.new(), eur(1), at=early))
            posted.set()
            go.wait(2)
            order.append("posted")

    def close_meanwhile():
        posted.wait(5)
        threading.Timer(0.3, go.set).start()
        close()
        order.append("closed")

    turns = iter((post_slowly, close_meanwhile))
    lock = threading.Lock()

    def act():
        with lock:
            turn = next(turns)
        return turn()

    outcomes = race(2, act)

    assert outcomes == [None, None]
    assert order == ["posted", "closed"]
    with pytest.raises(errors.PeriodClosed):
        make.post(make.top_up(ids.new(), eur(1), at=early))


@pytest.mark.django_db
class TestAccounts:
    def test_an_empty_account_is_closed_and_takes_nothing(self):
        wallet = make.full_wallet(eur(1_00))
        other = ids.new()
        make.post(make.transfer(wallet, other, eur(1_00)))
        assert close_wallet(wallet)

        back = make.transfer(other, wallet, eur(1_00))
        with pytest.raises(errors.AccountClosed):
            make.post(back)

        assert queries.wallet_balance(other, "EUR").posted == eur(1_00)
        assert not close_wallet(wallet)

    def test_it_is_opened_again(self):
        wallet = make.full_wallet(eur(1_00))
        make.post(make.transfer(wallet, ids.new(), eur(1_00)))
        close_wallet(wallet)
        account = wallet_account(wallet)

        assert services.reopen_account(account=account, by=BY, at=NOON)
        assert not services.reopen_account(account=account, by=BY, at=NOON)
        make.post(make.top_up(wallet, eur(2_00)))

        assert queries.wallet_balance(wallet, "EUR").posted == eur(2_00)
        facts = event_log.stream("ledger.account", account.digest)
        assert [(fact.name, fact.version) for fact in facts] == [
            ("ledger.account_closed.v1", 1),
            ("ledger.account_reopened.v1", 2),
        ]

    def test_one_with_money_is_not_closed(self):
        wallet = make.full_wallet(eur(1_00))
        with pytest.raises(errors.AccountInUse):
            close_wallet(wallet)
        assert make.post(make.top_up(wallet, eur(1)))

    def test_one_with_pending_money_is_not_closed(self):
        merchant = ids.new()
        make.authorized(eur(1_00), merchant_id=merchant)
        account = chart.account(chart.MERCHANT_PENDING, "EUR", str(merchant))
        with pytest.raises(errors.AccountInUse):
            services.close_account(account=account, by=BY, at=NOON)

    def test_one_that_was_never_used_is_not_there(self):
        with pytest.raises(errors.AccountNotFound):
            close_wallet(ids.new())

    def test_only_the_books_own_functions_write_what_is_closed(self):
        with connection.cursor() as cursor:
            for table in ("ledger_period", "ledger_closing", "ledger_floor"):
                cursor.execute(
                    "SELECT has_table_privilege(current_user, %s, p) FROM "
                    "unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p",
                    [table],
                )
                assert cursor.fetchall() == [(False,)] * 4


@pytest.mark.django_db(transaction=True)
def test_who_closes_and_who_posts_take_turns():
    """Whoever comes second sees what the first did: no money on a closed account."""
    for _ in range(5):
        wallet = make.full_wallet(eur(1_00))
        make.post(make.transfer(wallet, ids.new(), eur(1_00)))
        turns = iter([False, True] * 4)
        lock = threading.Lock()

        def act(wallet=wallet, turns=turns, lock=lock):
            with lock:
                closes = next(turns)
            return close_wallet(wallet) if closes else make.post(make.top_up(wallet, eur(1)))

        race(8, act)

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT closed, posted FROM ledger_balance WHERE digest = %s",
                [wallet_account(wallet).digest],
            )
            closed, posted = cursor.fetchone()
        assert not closed or posted == 0


@pytest.mark.django_db
class TestFloors:
    def test_available_money_is_never_paid_out_twice(self):
        """2010 has a floor: what a merchant may be paid is there."""
        account = chart.account(chart.MERCHANT_AVAILABLE, "EUR", str(ids.new()))
        entry = make.by_hand((account.address, "EUR", 1), ("assets:bank:main", "EUR", -1))
        with pytest.raises(errors.Overdraft):
            make.post(entry)

    def test_pending_money_may_go_below_nothing(self):
        """2000 has none: a full refund before settlement takes the fee that we kept as well."""
        entry = make.authorized(eur(100_00))
        make.post(make.capture(entry, eur(100_00), fee=eur(3_20)))
        merchant = make.merchant_of(entry)
        make.post(make.refund(merchant, eur(100_00)))

        assert queries.merchant_pending(merchant, "EUR").posted == eur(-3_20)
