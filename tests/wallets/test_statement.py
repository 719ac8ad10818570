"""A wallet's statement: every line with the balance after it, in a chain that proves itself."""

from dataclasses import replace

import pytest

from fintech.kernel import ids
from fintech.ledger import queries as ledger
from fintech.wallets import errors, queries
from fintech.wallets import services as wallets
from tests.make import wallets as make
from tests.make.wallets import eur

pytestmark = pytest.mark.django_db
BY_NOW = {"by": make.BY, "at": make.NOON}


@pytest.fixture
def lived():
    """A wallet to which everything has happened."""
    ada, bob = make.wallet(10_00), make.wallet()
    wallets.capture(hold_id=make.hold(ada, 4_00).id, amount=eur(3_00), **BY_NOW)
    wallets.transfer(source_id=ada.id, destination_id=bob.id, amount=eur(1_00), **BY_NOW)
    make.top_up(ada, 50)
    return ada


def test_it_tells_what_came_went_and_was_held_with_the_balance_after_each(lived):
    told = queries.statement(lived.id)

    assert [(line.amount.minor, line.pending.minor, line.balance.minor) for line in told.lines] == [
        (10_00, 0, 10_00),
        (0, -4_00, 10_00),
        (-3_00, 4_00, 7_00),
        (-1_00, 0, 6_00),
        (50, 0, 6_50),
    ]
    assert (told.opening, told.closing) == (eur(0), eur(6_50))
    assert told.closing == queries.balances(lived.id)[0].posted
    assert told.proves_itself()


def test_a_later_stretch_follows_the_one_before(lived):
    first = queries.statement(lived.id, limit=2)
    rest = queries.statement(lived.id, after=2)

    assert (rest.previous_hash, rest.opening) == (first.lines[-1].hash, first.closing)
    assert first.proves_itself()
    assert rest.proves_itself()
    assert len(first.lines + rest.lines) == 5


@pytest.mark.parametrize("field", ["amount", "pending", "balance"])
def test_a_changed_figure_is_noticed(lived, field):
    told = queries.statement(lived.id)
    line = told.lines[2]
    changed = replace(line, **{field: getattr(line, field) + eur(1)})

    forged = replace(told, lines=(*told.lines[:2], changed, *told.lines[3:]))

    assert not forged.proves_itself()
    assert not replace(told, lines=(*told.lines[:2], *told.lines[3:])).proves_itself()
    assert not replace(told, opening=eur(1)).proves_itself()


def test_the_books_chain_says_the_same(lived):
    previous, lines = ledger.chain(f"liabilities:wallet:{lived.id}", "EUR")

    for line in lines:
        assert line.follows(previous)
        assert not line.follows(line.hash)
        previous = line.hash


def test_a_wallet_that_was_never_used_has_an_empty_one():
    told = queries.statement(make.wallet().id)

    assert (told.lines, told.closing, told.proves_itself()) == ((), eur(0), True)
    with pytest.raises(errors.WalletNotFound):
        queries.statement(make.wallet().id, ids.new())
