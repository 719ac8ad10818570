"""Each invariant bites: a corruption of the kind it is for, and the whole set that fires."""

import pytest

from fintech.kernel import ids, invariants
from fintech.ledger import queries
from tests.make import ledger as make
from tests.make.ledger import eur

pytestmark = pytest.mark.django_db(transaction=True)

CORRUPTIONS = {
    "a line's amount": (
        "UPDATE ledger.ledger_line SET amount = amount + 1 WHERE account = %(fees)s AND seq = 1",
        {"I-1", "I-2", "I-4", "I-5"},
    ),
    "a line of an entry is gone": (
        "DELETE FROM ledger.ledger_line WHERE account = %(fees)s AND seq = 1",
        {"I-1", "I-2", "I-4"},
    ),
    "an entry is gone": (
        "DELETE FROM ledger.ledger_entry WHERE template = 'top_up'",
        {"I-2"},
    ),
    "a line names an account that is not there": (
        "UPDATE ledger.ledger_line SET account = 999999 WHERE account = %(fees)s AND seq = 1",
        {"I-1", "I-2", "I-4"},
    ),
    "a stored balance": (
        "UPDATE ledger.ledger_balance SET posted = posted + 5 WHERE account = %(fees)s",
        {"I-3", "I-4"},
    ),
    "two stored balances, evenly": (
        "UPDATE ledger.ledger_balance SET posted = posted "
        "+ CASE account WHEN %(fees)s THEN 5 ELSE -5 END "
        "WHERE account IN (%(fees)s, %(receivable)s)",
        {"I-4"},
    ),
    "a running balance in the middle": (
        "UPDATE ledger.ledger_line SET balance = balance + 1 WHERE account = %(receivable)s "
        "AND seq = 2",
        {"I-5"},
    ),
    "a gap in an account's count": (
        "UPDATE ledger.ledger_line SET seq = seq + 1000 WHERE account = %(receivable)s AND seq = "
        "(SELECT max(seq) FROM ledger.ledger_line WHERE account = %(receivable)s)",
        {"I-4", "I-5"},
    ),
    "what was set aside, on one side": (
        "UPDATE ledger.ledger_line SET pending = pending + 1 WHERE pending > 0 AND seq = 1",
        {"I-1", "I-2"},
    ),
}


@pytest.fixture
def books(owner):
    card = make.authorized(eur(42_50))
    make.post(make.capture(card, eur(40_00), fee=eur(80), processor_fee=eur(60)))
    make.post(make.refund(make.merchant_of(card), eur(10_00)))
    make.post(make.top_up(ids.new(), eur(5_00)))
    owner.execute("SET session_replication_role = replica")

    def number(address):
        return owner.execute(
            "SELECT account FROM ledger.ledger_account WHERE address = %s", [address]
        ).fetchone()[0]

    return {
        "fees": number("income:fees:processing"),
        "receivable": number("assets:processor:simulator:receivable"),
    }


def fired() -> set[str]:
    return {finding.id for finding in invariants.check(queries.INVARIANTS)}


def test_nothing_fires_on_true_books(books):
    assert fired() == set()


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_a_corruption_fires_its_set(owner, books, corruption):
    statement, expected = CORRUPTIONS[corruption]
    assert owner.execute(statement, books).rowcount > 0
    assert fired() == expected
