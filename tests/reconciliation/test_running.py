"""Comparing: what fits is matched and booked, what differs is named with its exact amount."""

from datetime import date, timedelta

import pytest
from django_subatomic import db

from fintech.kernel import event_log, invariants
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger
from fintech.reconciliation import errors, queries
from fintech.reconciliation import services as reconciliation
from fintech.reconciliation.data import SOURCES, BreakKind, BreakState, Place, RunState
from fintech.reconciliation.models import Batch, Expectation, Line, Run
from fintech.reconciliation.services import locks
from sandbox.acquirer.files import Break as Wrong
from tests.make import reconciliation as make
from tests.make.reconciliation import BY, NOON, SOURCE, Truth, compared, imported
from tests.racing import race

LATER = NOON + timedelta(days=4)
BANK = f"assets:bank:{SOURCES[SOURCE].account}"
RECEIVABLE = f"assets:processor:{SOURCE}:receivable"

# Real commits: the journal is read below the horizon of open transactions.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def truth() -> Truth:
    """42.50 and 20.00 taken, 10.00 given back: 51.00 net of 1.50 fees."""
    told = Truth()
    first = told.capture(42_50, reference="cap-1")
    told.capture(20_00, reference="cap-2", at=NOON + timedelta(minutes=1))
    told.refund(first, 10_00, at=NOON + timedelta(minutes=2))
    return told


def found() -> list[tuple[str, int, str]]:
    return [(b.kind, b.amount_minor, b.currency) for b in reversed(queries.open_breaks())]


def totals(run, witness: str) -> tuple[tuple[int, int], ...]:
    """Input, matched, broken, ignored and waiting: how many, how much."""
    (total,) = [one for one in run.totals if one.witness == witness]
    return tuple(
        (getattr(total, f"{name}_count"), getattr(total, f"{name}_minor"))
        for name in ("input", "matched", "broken", "ignored", "waiting")
    )


def assert_nothing_is_lost() -> None:
    with db.transaction_if_not_already():
        assert list(invariants.check(queries.INVARIANTS)) == []


@pytest.fixture(autouse=True)
def _nothing_is_lost():
    """Whatever a test has done, the invariant holds at its end."""
    yield
    assert_nothing_is_lost()


def test_matches_what_fits_and_books_the_money_in_the_bank(truth):
    imported(truth.report())
    imported(truth.camt())

    run = compared()

    assert (run.state, run.opened, run.open_breaks) == (RunState.COMPLETED, 0, 0)
    assert run.matched == 3 + 3 + 1 + 1  # Expectations, lines, batch, bank entry.
    nothing = (0, 0)
    assert totals(run, "ledger") == ((3, 52_50), (3, 52_50), nothing, nothing, nothing)
    assert totals(run, "processor") == ((3, 52_50), (3, 52_50), nothing, nothing, nothing)
    assert totals(run, "batch") == ((1, 51_12), (1, 51_12), nothing, nothing, nothing)
    assert totals(run, "bank") == ((1, 51_12), (1, 51_12), nothing, nothing, nothing)
    assert ledger.balance(BANK, "EUR").posted == Money(51_12, "EUR")
    assert ledger.balance(RECEIVABLE, "EUR").posted == Money(0, "EUR")
    (batch,) = queries.batches()
    assert (batch.name, batch.net, batch.place) == (
        "SIM-EUR-20261102",
        Money(51_12, "EUR"),
        "matched",
    )
    (fact,) = event_log.stream("reconciliation.run", run.id)
    assert (fact.name, fact.data["state"]) == ("reconciliation.run_completed.v1", "completed")


def test_finds_exactly_the_one_difference_at_the_bank(truth):
    imported(truth.report())
    imported(truth.camt(wrong=Wrong.AMOUNT))

    run = compared()

    assert run.state == RunState.COMPLETED_WITH_BREAKS
    (broken,) = queries.breaks(run.id)
    assert (broken.kind, broken.leg) == (BreakKind.AMOUNT_UNDER, 2)
    assert (broken.amount, broken.batch) == (Money(-1_00, "EUR"), "SIM-EUR-20261102")
    assert (broken.ours_minor, broken.theirs_minor) == (51_12, 50_12)
    assert totals(run, "processor")[1] == (3, 52_50)  # Everything else has matched.
    assert ledger.balance(BANK, "EUR").posted == Money(
        0, "EUR"
    )  # And nothing is booked on a guess.
    (fact,) = event_log.stream("reconciliation.break", broken.id)
    assert (fact.name, fact.data["amount_minor"]) == ("reconciliation.break_opened.v1", -1_00)


@pytest.mark.parametrize(("currency", "off"), [("JPY", -100), ("KWD", -100), ("EUR", -100)])
def test_differences_are_whole_minor_units_of_their_currency(currency, off):
    told = Truth()
    told.capture(5_000, currency)
    imported(told.report(currency=currency))
    imported(told.mt940(currency=currency, wrong=Wrong.AMOUNT))

    compared()

    assert found() == [(BreakKind.AMOUNT_UNDER, off, currency)]


def test_waits_for_the_bank_and_then_misses_it(truth):
    imported(truth.report())
    imported(truth.camt(wrong=Wrong.MISSING))

    early = compared()
    assert (early.state, found()) == (RunState.COMPLETED, [])
    assert totals(early, "batch")[4] == (1, 51_12)

    late = compared(at=LATER)
    assert (late.opened, found()) == (1, [(BreakKind.MISSING_IN_BANK, -51_12, "EUR")])


def test_a_statement_that_comes_late_closes_the_break(truth):
    imported(truth.report())
    compared(at=LATER)
    (missed,) = queries.open_breaks()

    imported(truth.camt())
    run = compared(at=LATER)

    assert (run.state, run.resolved, found()) == (RunState.COMPLETED, 1, [])
    resolved = queries.found_break(missed.id)
    assert (resolved.state, resolved.resolution) == (BreakState.RESOLVED, "late_file")
    assert ledger.balance(BANK, "EUR").posted == Money(51_12, "EUR")
    assert [fact.name for fact in event_log.stream("reconciliation.break", missed.id)] == [
        "reconciliation.break_opened.v1",
        "reconciliation.break_resolved.v1",
    ]


def test_finds_the_amount_that_the_processor_has_wrong(truth):
    imported(truth.report(wrong=Wrong.AMOUNT))
    imported(truth.camt(report=Wrong.AMOUNT))

    run = compared()

    assert found() == [(BreakKind.AMOUNT_UNDER, -1_00, "EUR")]
    (broken,) = queries.breaks(run.id)
    assert (broken.reference, broken.leg) == ("cap-1", 1)
    assert totals(run, "ledger")[2] == (1, 42_50)
    assert totals(run, "processor")[2] == (1, 41_50)
    assert ledger.balance(RECEIVABLE, "EUR").posted == Money(1_00, "EUR")  # What is still owed.


def test_waits_for_the_processor_and_then_misses_the_line(truth):
    imported(truth.report(wrong=Wrong.MISSING))
    imported(truth.camt(report=Wrong.MISSING))

    assert compared().state == RunState.COMPLETED
    run = compared(at=LATER)

    (broken,) = queries.breaks(run.id)
    assert broken.kind == BreakKind.MISSING_IN_PROCESSOR
    assert broken.amount_minor == -broken.ours_minor
    assert queries.places(source=SOURCE) == {"matched": 2, "broken": 1}


def test_a_corrected_report_takes_the_place_of_a_wrong_one(truth):
    imported(truth.report(wrong=Wrong.AMOUNT))
    compared()
    assert found() == [(BreakKind.AMOUNT_UNDER, -1_00, "EUR")]

    imported(truth.report())
    imported(truth.camt())
    run = compared()

    assert (run.state, found()) == (RunState.COMPLETED, [])
    assert totals(run, "processor") == ((4, 94_00), (1, 42_50), (0, 0), (3, 51_50), (0, 0))
    assert ledger.balance(BANK, "EUR").posted == Money(51_12, "EUR")


def test_a_corrected_report_counts_in_the_same_run_too(truth):
    imported(truth.report(wrong=Wrong.AMOUNT))
    imported(truth.report())

    run = compared()

    assert (run.state, run.opened, found()) == (RunState.COMPLETED, 0, [])


def test_a_corrected_statement_takes_the_place_of_a_wrong_one(truth):
    imported(truth.report())
    imported(truth.camt(wrong=Wrong.AMOUNT))
    compared()
    imported(truth.camt())

    run = compared()

    # The batch is paid, and the entry that nobody explains any more is told as what it is.
    assert (run.resolved, found()) == (1, [(BreakKind.DUPLICATE, 50_12, "EUR")])
    assert ledger.balance(BANK, "EUR").posted == Money(51_12, "EUR")


def test_one_entry_in_two_formats_is_one_entry(truth):
    imported(truth.report())
    imported(truth.camt())
    imported(truth.mt940())

    run = compared()

    assert (run.state, found()) == (RunState.COMPLETED, [])
    assert totals(run, "bank") == ((2, 102_24), (1, 51_12), (0, 0), (1, 51_12), (0, 0))


def test_one_entry_in_two_formats_is_one_entry_also_in_a_later_run(truth):
    imported(truth.report())
    imported(truth.mt940())
    compared()
    imported(truth.camt())

    run = compared()

    assert (run.state, found()) == (RunState.COMPLETED, [])
    assert ledger.balance(BANK, "EUR").posted == Money(51_12, "EUR")


def test_a_second_run_changes_nothing(truth):
    imported(truth.report(wrong=Wrong.AMOUNT))
    imported(truth.camt(wrong=Wrong.AMOUNT))
    compared(at=LATER)
    before = [list(model.objects.order_by("id").values()) for model in (Line, Expectation, Batch)]
    breaks = queries.breaks()

    again = compared(at=LATER)

    assert (again.matched, again.opened, again.resolved) == (0, 0, 0)
    assert [list(m.objects.order_by("id").values()) for m in (Line, Expectation, Batch)] == before
    assert queries.breaks() == breaks


def test_a_fuller_report_of_the_same_day_adds_only_what_is_new(truth):
    imported(truth.report())
    compared()
    truth.capture(5_00, reference="cap-3")
    imported(truth.report())
    imported(truth.camt())

    run = compared()

    assert (run.state, found()) == (RunState.COMPLETED, [])
    assert totals(run, "processor")[1] == (1, 5_00)
    assert totals(run, "processor")[3] == (3, 52_50)


def test_a_line_that_nobody_expects_is_told_and_can_be_expected_later(truth):
    truth.capture(7_00, reference="stray", in_ledger=False)
    imported(truth.report())
    imported(truth.camt())
    compared()
    assert found() == [(BreakKind.MISSING_IN_LEDGER, 7_00, "EUR")]

    make.expect_capture("stray", Money(7_00, "EUR"), Money(35, "EUR"))
    run = compared()

    assert (run.state, run.resolved, found()) == (RunState.COMPLETED, 1, [])


@pytest.mark.parametrize(
    ("booked", "kind", "by"),
    [
        ({"booked_minor": 10_01}, BreakKind.AMOUNT_UNDER, -1),
        ({"booked_minor": 9_99}, BreakKind.AMOUNT_OVER, 1),
        ({"fee_off": 2}, BreakKind.FEE_VARIANCE, 2),
        ({"fee_off": -2}, BreakKind.FEE_VARIANCE, -2),
    ],
)
def test_names_what_differs_to_the_minor_unit(booked, kind, by):
    told = Truth()
    told.capture(10_00, **booked)
    imported(told.report())

    compared()

    assert found() == [(kind, by, "EUR")]


def test_a_fee_that_was_rounded_the_other_way_is_made_good():
    told = Truth()
    told.capture(10_00, fee_off=1)
    imported(told.report())
    imported(told.camt())

    assert compared().state == RunState.COMPLETED

    assert ledger.balance(RECEIVABLE, "EUR").posted == Money(0, "EUR")
    assert ledger.balance("expenses:processor_fees", "EUR").posted == Money(39, "EUR")


def test_another_currency_is_another_thing():
    told = Truth()
    told.capture(10_00, "EUR", reference="cap-1", in_ledger=False)
    make.expect_capture("cap-1", Money(10_00, "USD"), Money(39, "USD"))
    imported(told.report())

    compared()

    assert found() == [(BreakKind.CURRENCY, 10_00, "EUR")]


def test_two_that_fit_are_never_guessed():
    told = Truth()
    told.capture(10_00, reference="twice")
    make.expect_capture("twice", Money(10_00, "EUR"), Money(39, "EUR"))
    imported(told.report())

    compared()

    assert found() == [(BreakKind.MULTIPLE_CANDIDATES, 10_00, "EUR")]
    assert queries.places(source=SOURCE) == {"open": 2}


def test_the_same_reference_with_another_amount_is_a_duplicate(truth):
    imported(truth.report())
    compared()
    again = truth.report().decode().splitlines()
    again[1] = again[1].replace("4250,85,4165", "4200,85,4115")
    imported("\n".join([again[0], again[1]]).encode())

    compared()

    assert found() == [(BreakKind.DUPLICATE, 42_00, "EUR")]


def test_money_that_nobody_announced_is_told(truth):
    imported(truth.camt())

    run = compared()

    assert found() == [(BreakKind.UNIDENTIFIED_CREDIT, 51_12, "EUR")]
    imported(truth.report())
    assert compared().state == RunState.COMPLETED
    assert queries.breaks(run.id)[0].resolution == "late_file"


def test_two_bank_entries_for_one_batch_are_never_guessed(truth):
    imported(truth.report())
    imported(truth.camt())
    imported(truth.camt(wrong=Wrong.AMOUNT))

    compared()

    assert found() == [(BreakKind.MULTIPLE_CANDIDATES, 50_12, "EUR")]
    assert ledger.balance(BANK, "EUR").posted == Money(0, "EUR")


def test_a_day_with_more_refunds_than_captures_is_taken_from_the_bank():
    told = Truth()
    first = told.capture(50_00, at=NOON - timedelta(days=1))
    told.refund(first, 20_00)
    for on in (date(2026, 11, 1), date(2026, 11, 2)):
        imported(told.report(on=on))
        imported(told.camt(on=on))

    run = compared()

    assert (run.state, found()) == (RunState.COMPLETED, [])
    assert ledger.balance(BANK, "EUR").posted == Money(50_00 - 95 - 20_00, "EUR")
    assert ledger.balance(RECEIVABLE, "EUR").posted == Money(0, "EUR")


def test_works_in_small_transactions_as_well_as_in_large_ones(truth):
    for minor in range(1_00, 10_00, 1_00):
        truth.capture(minor)
    with make.chunks_of(2):
        imported(truth.report())
        imported(truth.camt())
        run = compared()

    assert (run.state, totals(run, "ledger")[1]) == (RunState.COMPLETED, (12, 97_50))


def test_a_run_that_died_is_taken_up_by_the_next(truth, monkeypatch):
    imported(truth.report())
    imported(truth.camt(wrong=Wrong.AMOUNT))
    running = reconciliation.running
    with make.chunks_of(1), monkeypatch.context() as patched:
        patched.setattr(running, "_fail", lambda *_args, **_named: None)
        patched.setattr(running.forming, "form", lambda _run: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            compared()
    assert [run.state for run in queries.runs()] == [RunState.RUNNING]

    run = compared()

    assert [(one.state, one.error) for one in queries.runs()] == [
        (RunState.COMPLETED_WITH_BREAKS, ""),
        (RunState.FAILED, "interrupted"),
    ]
    assert found() == [(BreakKind.AMOUNT_UNDER, -1_00, "EUR")]
    assert totals(run, "bank")[2] == (1, 50_12)


def test_a_run_that_fails_says_so_and_keeps_what_it_placed(truth, monkeypatch):
    imported(truth.report())
    monkeypatch.setattr(reconciliation.running.forming, "form", lambda _run: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        compared()

    (failed,) = queries.runs()
    assert (failed.state, failed.error) == (RunState.FAILED, "ZeroDivisionError")
    assert queries.places(source=SOURCE) == {"matched": 3}
    (fact,) = event_log.stream("reconciliation.run", failed.id)
    assert fact.name == "reconciliation.run_failed.v1"


def test_only_known_sources_are_compared():
    with pytest.raises(errors.SourceUnknown):
        reconciliation.run(source="unknown", by=BY, at=NOON)
    assert not Run.objects.exists()


def test_a_source_is_compared_by_one_at_a_time(truth):
    imported(truth.report())
    with locks.held(locks.source(SOURCE)):
        outcomes = race(2, reconciliation.run, source=SOURCE, by=BY, at=NOON)
    assert [type(outcome) for outcome in outcomes] == [errors.RunInProgress] * 2
    assert not Run.objects.exists()

    outcomes = race(3, reconciliation.run, source=SOURCE, by=BY, at=NOON)

    kinds = {type(outcome).__name__ for outcome in outcomes}
    assert kinds <= {"Run", "RunInProgress"}
    assert Expectation.objects.filter(place=Place.MATCHED).count() == 3
