"""What people do with breaks: see what would be booked, link, wait, claim; and what they are shown."""

import hashlib
import json
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.conf import settings as django_settings

from fintech.kernel import approvals, proof
from fintech.kernel.actor import Actor
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger
from fintech.reconciliation import errors, queries
from fintech.reconciliation import services as reconciliation
from fintech.reconciliation.data import SOURCES, BreakKind, BreakState, DayFigures, Resolution
from fintech.reconciliation.models import Anomaly, Line
from fintech.reconciliation.services import watching
from sandbox.acquirer.files import Break as Wrong
from tests.make import ledger as ledger_make
from tests.make import reconciliation as make
from tests.make.reconciliation import BY, NOON, SOURCE, Truth, compared, imported
from tests.reconciliation.test_running import assert_nothing_is_lost

LATER = NOON + timedelta(days=4)
BANK = f"assets:bank:{SOURCES[SOURCE].account}"
RECEIVABLE = f"assets:processor:{SOURCE}:receivable"
SUSPENSE = f"liabilities:suspense:{SOURCES[SOURCE].account}"
MAKER, CHECKER = (Actor(kind="staff", id=str(uuid4())) for _ in range(2))

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_is_lost():
    yield
    assert_nothing_is_lost()


def only_break():
    (found,) = queries.open_breaks()
    return found


def resolved(found, resolution, *, by=BY, **more):
    return reconciliation.resolve(
        break_id=found.id, resolution=resolution, note="looked at", by=by, at=LATER, **more
    )


def fee_variance():
    told = Truth()
    told.capture(42_50, fee_off=-5)
    imported(told.report())
    imported(told.camt())
    compared()
    found = only_break()
    assert (found.kind, found.amount_minor) == (BreakKind.FEE_VARIANCE, -5)
    return found


def test_shows_what_would_be_booked_and_books_exactly_that():
    found = fee_variance()

    proposal = reconciliation.proposal(found.id, at=LATER)

    assert (proposal.template, proposal.needs_approval) == ("adjust_receivable", False)
    assert [(line.address, line.amount, line.debit) for line in proposal.lines] == [
        ("expenses:processor_fees", Money(5, "EUR"), True),
        (RECEIVABLE, Money(5, "EUR"), False),
    ]
    before = ledger.balance("expenses:processor_fees", "EUR").posted

    ended = resolved(found, Resolution.POST_ADJUSTMENT)

    assert (ended.state, ended.resolution) == (BreakState.RESOLVED, "post_adjustment")
    assert ended.entry_id is not None
    assert ledger.balance("expenses:processor_fees", "EUR").posted == before + Money(5, "EUR")
    assert ledger.balance(RECEIVABLE, "EUR").posted == Money(0, "EUR")


def test_a_batch_that_was_paid_otherwise_is_settled_by_what_came():
    told = Truth()
    told.capture(42_50)
    imported(told.report())
    imported(told.camt(wrong=Wrong.AMOUNT))
    compared()
    found = only_break()
    assert (found.kind, found.amount_minor) == (BreakKind.AMOUNT_UNDER, -1_00)

    resolved(found, Resolution.POST_ADJUSTMENT)

    assert ledger.balance(BANK, "EUR").posted == Money(40_65, "EUR")
    assert ledger.balance(RECEIVABLE, "EUR").posted == Money(0, "EUR")
    again = compared(at=LATER)
    assert (again.opened, again.resolved, again.open_breaks) == (0, 0, 0)


def test_above_an_amount_a_second_person_approves(settings):
    settings.RECONCILIATION_ALONE_UP_TO_MINOR = 4
    found = fee_variance()
    with pytest.raises(approvals.NotAPerson):
        resolved(found, Resolution.POST_ADJUSTMENT)

    waiting = resolved(found, Resolution.POST_ADJUSTMENT, by=MAKER)

    assert (waiting.state, waiting.entry_id) == (BreakState.OPEN, None)
    with pytest.raises(approvals.SamePerson):
        approvals.approve(approval_id=waiting.approval_id, by=MAKER, at=LATER)
    assert only_break().entry_id is None
    ended = approvals.approve(approval_id=waiting.approval_id, by=CHECKER, at=LATER)
    assert (ended.state, ended.entry_id is not None) == (BreakState.RESOLVED, True)
    assert ledger.balance(RECEIVABLE, "EUR").posted == Money(0, "EUR")


def test_what_was_resolved_meanwhile_is_not_booked_by_an_approval(settings):
    settings.RECONCILIATION_ALONE_UP_TO_MINOR = 4
    waiting = resolved(fee_variance(), Resolution.POST_ADJUSTMENT, by=MAKER)
    resolved(waiting, Resolution.FORCE_MATCH)

    with pytest.raises(errors.BreakAlreadyResolved):
        approvals.approve(approval_id=waiting.approval_id, by=CHECKER, at=LATER)
    assert queries.found_break(waiting.id).entry_id is None


def two_that_miss_each_other():
    told = Truth()
    told.capture(42_50, reference="theirs-1", in_ledger=False)
    told.capture(42_50, reference="ours-1", at_acquirer=False)
    imported(told.report())
    imported(told.camt())
    compared(at=LATER)
    by_kind = {found.kind: found for found in queries.open_breaks()}
    assert set(by_kind) == {BreakKind.MISSING_IN_LEDGER, BreakKind.MISSING_IN_PROCESSOR}
    return by_kind[BreakKind.MISSING_IN_LEDGER], by_kind[BreakKind.MISSING_IN_PROCESSOR]


def test_what_looks_alike_is_suggested_and_never_taken():
    theirs, ours = two_that_miss_each_other()

    (suggested,) = queries.suggestions(theirs.id)

    assert (suggested.break_id, suggested.amount) == (ours.id, Money(42_50, "EUR"))
    assert suggested.points > 75
    assert [one.break_id for one in queries.suggestions(ours.id)] == [theirs.id]


def test_a_person_links_what_belongs_together():
    theirs, ours = two_that_miss_each_other()

    resolved(theirs, Resolution.LINK, other_id=ours.id)

    assert queries.open_breaks() == []
    assert queries.found_break(ours.id).resolution == "link"
    again = compared(at=LATER)
    assert (again.opened, again.open_breaks) == (0, 0)


def test_what_does_not_fit_is_not_linked():
    told = Truth()
    told.capture(42_50, reference="theirs-1", in_ledger=False)
    told.capture(42_51, reference="ours-1", at_acquirer=False)
    imported(told.report())
    compared(at=LATER)
    by_kind = {found.kind: found for found in queries.open_breaks()}
    theirs, ours = by_kind[BreakKind.MISSING_IN_LEDGER], by_kind[BreakKind.MISSING_IN_PROCESSOR]

    with pytest.raises(errors.ResolutionImpossible):
        resolved(theirs, Resolution.LINK, other_id=ours.id)
    assert {found.id for found in queries.open_breaks()} >= {theirs.id, ours.id}


def test_somebody_takes_a_break_and_waits_with_it():
    found, person = fee_variance(), uuid4()
    reconciliation.assign(break_id=found.id, to=person, by=BY, at=LATER)
    with pytest.raises(errors.NoteMissing):
        reconciliation.wait(break_id=found.id, until=date(2026, 11, 9), note=" ", by=BY, at=LATER)

    reconciliation.wait(break_id=found.id, until=date(2026, 11, 9), note="asked", by=BY, at=LATER)

    kept = only_break()
    assert (kept.assigned_to, kept.wait_until, kept.note) == (person, date(2026, 11, 9), "asked")


def test_breaks_age():
    fee_variance()

    for days, bucket in ((0, "0-1"), (3, "2-3"), (7, "4-7"), (8, "8+")):
        (age,) = queries.ageing(today=make.DAY + timedelta(days=days + 1), source=SOURCE)
        assert (age.days, age.currency, age.count, age.minor) == (bucket, "EUR", 1, 5)


def test_the_claim_file_is_no_formula():
    told = Truth()
    told.capture(42_50, reference="=HYPERLINK(1)", at_acquirer=False)
    compared(at=LATER)

    header, row = queries.claim_file(source=SOURCE).decode().splitlines()

    assert header.startswith("claim,kind,reference,")
    assert row.endswith(",missing_in_processor,'=HYPERLINK(1),,EUR,42.50,,-42.50")


def test_a_report_is_signed_and_the_same_in_every_form():
    fee_variance()
    (run,) = queries.runs()

    told = queries.report(run.id)

    public = proof.public_key(django_settings.SIGNING_KEY)
    assert proof.verified(public, told.signature, told.statement)
    assert not proof.verified(public, told.signature, told.statement.replace(b"4250", b"4251"))
    plain = json.loads(queries.report_json(told))
    assert plain["sha256"] == hashlib.sha256(told.statement).hexdigest()
    assert all(total["accounted_for"] for total in plain["report"]["control_totals"])
    (bank,) = plain["report"]["bank"]
    assert (bank["closing_minor"], bank["unexplained_minor"]) == (41_65, 0)
    assert plain["sha256"] in queries.report_csv(told).decode()
    assert "total,processor,EUR,input,1,4250" in queries.report_csv(told).decode()
    assert queries.report_pdf(told).startswith(b"%PDF-1.")


def test_a_statement_that_does_not_continue_the_one_before_is_told():
    told = Truth()
    told.capture(42_50)
    imported(told.report())
    imported(told.camt())
    later = told.camt(on=make.DAY + timedelta(days=1))
    imported(later.replace(b">41.65<", b">41.00<"))

    compared(at=LATER)

    assert [(found.kind, found.leg, found.amount_minor) for found in queries.open_breaks()] == [
        (BreakKind.BALANCE, 3, -65)
    ]
    again = compared(at=LATER)
    assert (again.opened, again.open_breaks) == (0, 1)


def test_says_what_ran_and_what_was_missed():
    (never,) = queries.jobs(at=NOON)
    assert (never.last_completed_at, never.missed) == (None, True)

    compared(at=NOON)

    (done,) = queries.jobs(at=NOON + timedelta(hours=20))
    assert (done.last_completed_at, done.missed, done.running) == (NOON, False, False)
    (late,) = queries.jobs(at=NOON + timedelta(hours=31))
    assert late.missed


def test_what_waits_in_a_folder_is_imported_once(tmp_path):
    told = Truth()
    told.capture(42_50)
    (tmp_path / "a-report.csv").write_bytes(told.report())
    (tmp_path / "b-junk.txt").write_bytes(b"junk")
    (tmp_path / "c.part").write_bytes(told.camt())

    first = reconciliation.fetch(folder=tmp_path, by=BY, at=NOON)
    second = reconciliation.fetch(folder=tmp_path, by=BY, at=NOON)

    assert [one.name for one in first.imported] == ["a-report.csv"]
    assert [name for name, _ in first.refused] == ["b-junk.txt"]
    assert (second.imported, second.known) == ((), 1)


def test_client_money_owed_is_held_or_on_its_way():
    told = Truth()
    told.capture(42_50)
    imported(told.report())
    imported(told.camt())
    compared()

    (euros,) = queries.safeguarding(on=make.DAY, today=make.DAY)

    assert (euros.owed, euros.held) == (Money(42_50, "EUR"), Money(41_65, "EUR"))
    assert euros.shortfall == Money(85, "EUR")


def test_what_one_client_owes_us_is_not_taken_off_what_we_owe_another():
    told = Truth()
    told.capture(42_50)
    compared()
    debtor = f"liabilities:merchant:{uuid4()}:pending"
    ledger_make.post(
        ledger_make.by_hand((debtor, "EUR", 30_00), ("income:fees:processing", "EUR", -30_00))
    )

    (euros,) = queries.safeguarding(on=make.DAY, today=make.DAY)

    assert euros.owed == Money(42_50, "EUR")


def days(**last) -> list[DayFigures]:
    """Ten weeks in which Mondays are busy, and a last Monday that may be odd."""
    first = date(2026, 8, 31)
    told = []
    for number in range(71):
        on = first + timedelta(days=number)
        lines = 500 if on.weekday() == 0 else 100 + number % 7
        told.append(
            DayFigures(
                on=on,
                lines=lines,
                match_rate=Decimal("0.995"),
                fee_rate=Decimal("0.02"),
                delay_days=Decimal(1),
                breaks=number % 3,
                mix={},
            )
        )
    from dataclasses import replace

    return [*told[:-1], replace(told[-1], **last)]


@pytest.mark.parametrize(
    ("last", "metrics"),
    [
        ({}, set()),
        ({"match_rate": Decimal("0.90")}, {"match_rate"}),
        ({"fee_rate": Decimal("0.03")}, {"fee_rate"}),
        ({"delay_days": Decimal(4)}, {"delay_days"}),
        ({"lines": 100}, {"lines"}),  # Usual on a Tuesday; it is a Monday.
    ],
)
def test_a_day_that_is_unlike_its_weekday_is_told(monkeypatch, last, metrics):
    told = days(**last)
    monkeypatch.setattr(watching.queries, "day_figures", lambda **_: told)

    found = reconciliation.watch(source=SOURCE, on=told[-1].on, at=NOON)

    assert {one.metric for one in found if one.method == "robust_z"} == metrics
    assert Anomaly.objects.count() == len(found)
    again = reconciliation.watch(source=SOURCE, on=told[-1].on, at=NOON)
    assert len(again) == len(found) == Anomaly.objects.count()


def test_lines_without_a_name_are_matched_only_when_one_can_be_meant():
    told = Truth()
    told.capture(42_50, reference="a")
    told.capture(10_00, reference="b")
    told.capture(10_00, reference="c", at=NOON + timedelta(minutes=1))
    report = told.report()
    for name in (b"a", b"b", b"c"):
        report = report.replace(b"capture," + name + b",,", b"capture,?,,")
    imported(report.replace(b"capture,?,,", b"capture,-,,"))
    Line.objects.update(reference="")

    compared()

    assert [found.kind for found in queries.open_breaks()] == [BreakKind.MISSING_IN_LEDGER] * 2
    assert Line.objects.filter(rule="unique_amount_date").count() == 1
