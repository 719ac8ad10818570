"""Money that we send ourselves: what the ledger says left is held against the bank's statement."""

import pytest

from fintech.kernel import invariants
from fintech.reconciliation import queries
from fintech.reconciliation.data import RunState
from fintech.reconciliation.models import BankProof, Expectation, Line
from tests.make.reconciliation import DAY, NOON, Truth, compared, imported

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def truth():
    """A merchant that took 100.00, which has been reported and paid."""
    told = Truth()
    told.capture(100_00)
    imported(told.report())
    return told


def kinds() -> list[tuple[str, int, str]]:
    return [(one.kind, one.amount_minor, one.reference) for one in queries.open_breaks()]


def test_a_payout_is_seen_at_the_bank_once_whatever_shows_it(truth):
    reference = truth.pay_out(40_00)
    imported(truth.camt())
    imported(truth.mt940())

    run = compared()

    assert (run.state, kinds()) == (RunState.COMPLETED, [])
    sent = Expectation.objects.get(reference=reference)
    assert (sent.place, sent.amount_minor) == ("matched", -40_00)
    assert [
        (line.place, line.rule) for line in Line.objects.filter(net_minor=-40_00).order_by("id")
    ] == [("matched", "exact_reference"), ("ignored", "already_reported")]
    assert BankProof.objects.get(run=run.id).unexplained_minor == 0
    assert list(invariants.check(queries.INVARIANTS)) == []
    again = compared()
    assert (again.matched, again.opened, again.resolved) == (0, 0, 0)


def test_another_statement_of_the_same_entry_may_come_in_a_later_run(truth):
    truth.pay_out(40_00)
    imported(truth.camt())
    compared()
    imported(truth.mt940())

    compared()

    assert kinds() == []


def test_what_the_bank_does_not_show_is_missed_after_its_day_and_found_later(truth):
    reference = truth.pay_out(40_00, sent_minor=-1)
    imported(truth.camt())
    assert compared().opened == 0

    compared(at=NOON.replace(day=9))
    assert kinds() == [("missing_in_bank", 40_00, reference)]

    late = NOON.replace(day=10)
    truth.acquirer.bank_transfer(
        {"reference": reference, "amount_minor": 40_00, "currency": "EUR", "account": "DE00",
         "occurred_at": late.isoformat()}
    )  # fmt: skip
    imported(truth.camt(on=late.date()))
    run = compared(at=late)
    assert (run.resolved, kinds()) == (1, [])


def test_another_amount_than_we_sent_is_told(truth):
    reference = truth.pay_out(40_00, sent_minor=41_00)
    imported(truth.camt())

    compared()

    assert kinds() == [("amount_under", -1_00, reference)]
    assert list(invariants.check(queries.INVARIANTS)) == []


def test_money_that_left_and_that_nobody_sent_is_told(truth):
    truth.acquirer.bank_transfer(
        {"reference": "who?", "amount_minor": 5_00, "currency": "EUR", "account": "DE00",
         "occurred_at": NOON.isoformat()}
    )  # fmt: skip
    imported(truth.camt(on=DAY))

    compared()

    assert [(kind, minor) for kind, minor, _ in kinds()] == [("missing_in_ledger", -5_00)]
