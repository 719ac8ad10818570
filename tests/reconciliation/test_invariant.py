"""I-15 finds each way in which a row could be changed behind our back."""

import os

import pytest
from django_subatomic import db
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fintech.kernel import invariants
from fintech.reconciliation import queries
from fintech.reconciliation.data import RunState
from sandbox.acquirer.files import Break as Wrong
from tests.make import reconciliation as make
from tests.make.reconciliation import Truth, compared, imported


def findings() -> list[str]:
    with db.transaction_if_not_already():
        found = list(invariants.check(queries.INVARIANTS))
    return [sample for finding in found for sample in finding.samples]


@pytest.mark.django_db(transaction=True)  # Real commits: a superuser tampers from outside.
@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        (
            "UPDATE reconciliation_line SET gross_minor = gross_minor + 1, net_minor = net_minor + 1 "
            "WHERE witness = 'processor' AND place = 'matched'",
            [
                "is matched with an expectation that it does not equal",
                "is not the sum of its lines",
            ],
        ),
        (
            "UPDATE reconciliation_expectation SET amount_minor = amount_minor + 1 "
            "WHERE place = 'matched'",
            ["is matched with an expectation that it does not equal"],
        ),
        (
            "UPDATE reconciliation_batch SET net_minor = net_minor - 1 WHERE place = 'matched'",
            ["is not what its bank entry paid", "is not the sum of its lines"],
        ),
        (
            "UPDATE reconciliation_break SET amount_minor = 0",
            ["does not name the difference of its rows"],
        ),
        (
            "UPDATE reconciliation_break SET state = 'resolved', resolution = 'void', "
            "resolved_at = opened_at",
            ["is broken, and the break is resolved"],
        ),
        (
            "DELETE FROM reconciliation_line WHERE witness = 'bank' AND place = 'broken'",
            ["does not name the difference of its rows", "does not hold the rows that it counted"],
        ),
        (
            "ALTER TABLE reconciliation_runtotal DROP CONSTRAINT "
            "reconciliation_runtotal_accounts_for_every_row_and_unit; "
            "UPDATE reconciliation_runtotal SET matched_minor = matched_minor + 1 "
            "WHERE witness = 'ledger'",
            ["does not account for every ledger row"],
        ),
    ],
)
def test_names_the_row_that_was_changed(owner, tampering, told):
    truth = Truth()
    truth.capture(42_50)
    imported(truth.report())
    imported(truth.camt())
    truth.capture(10_00, at=make.NOON.replace(day=3))
    imported(truth.report(on=make.DAY.replace(day=3)))
    imported(truth.camt(on=make.DAY.replace(day=3), wrong=Wrong.AMOUNT))
    compared()
    assert findings() == []
    owner.execute("BEGIN")

    owner.execute(tampering)
    owner.execute("COMMIT")
    try:
        found = findings()
    finally:
        if "DROP CONSTRAINT" in tampering:
            owner.execute("UPDATE reconciliation_runtotal SET matched_minor = matched_minor - 1 WHERE witness = 'ledger'")  # fmt: skip
            owner.execute(
                "ALTER TABLE reconciliation_runtotal ADD CONSTRAINT "
                "reconciliation_runtotal_accounts_for_every_row_and_unit CHECK "
                "(input_count = matched_count + broken_count + ignored_count + waiting_count AND "
                "input_minor = matched_minor + broken_minor + ignored_minor + waiting_minor)"
            )

    assert {part for part in told if any(part in sample for sample in found)} == set(told)
    assert all(any(part in sample for part in told) for sample in found)


EFFORT = float(os.environ.get("EFFORT", "0.02"))
payments = st.lists(
    st.fixed_dictionaries(
        {
            "minor": st.integers(1, 10_000),
            "currency": st.sampled_from(["EUR", "JPY"]),
            "at_acquirer": st.booleans(),
            "in_ledger": st.booleans(),
            "fee_off": st.integers(-2, 2),
            "off": st.integers(-1, 1),
        }
    ),
    max_size=8,
)


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=max(15, round(400 * EFFORT)),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    told=payments,
    report=st.sampled_from(Wrong),
    bank=st.sampled_from(Wrong),
    days=st.sampled_from([0, 4]),
)
def test_whatever_each_witness_says_every_row_is_accounted_for(told, report, bank, days):
    truth = Truth()
    for payment in told:
        minor = payment["minor"]
        truth.capture(
            minor,
            payment["currency"],
            booked_minor=max(minor + payment["off"], 1),
            fee_off=max(payment["fee_off"], -make.book.fee_minor(minor, payment["currency"])),
            at_acquirer=payment["at_acquirer"],
            in_ledger=payment["in_ledger"],
        )
    for currency in ("EUR", "JPY"):
        imported(truth.report(currency=currency, wrong=report))
        imported(truth.camt(currency=currency, wrong=bank))

    run = compared(at=make.NOON.replace(day=2 + days))
    again = compared(at=make.NOON.replace(day=2 + days))

    assert run.state in {RunState.COMPLETED, RunState.COMPLETED_WITH_BREAKS}
    assert (again.matched, again.opened, again.resolved) == (0, 0, 0)
    assert findings() == []
