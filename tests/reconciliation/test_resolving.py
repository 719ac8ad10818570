"""Breaks end by a person's decision, with a reason, and nothing is booked by it."""

import pytest
from django_subatomic import db

from fintech.kernel import event_log, ids, invariants
from fintech.reconciliation import errors, queries
from fintech.reconciliation import services as reconciliation
from fintech.reconciliation.data import Break, BreakState, Resolution, RunState
from sandbox.acquirer.files import Break as Wrong
from tests.make.reconciliation import BY, NOON, SOURCE, Truth, compared, imported

# Real commits: the journal is read below the horizon of open transactions.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broken() -> Break:
    """A processor's line that is 1.00 short."""
    truth = Truth()
    truth.capture(42_50, reference="cap-1")
    imported(truth.report(wrong=Wrong.AMOUNT))
    compared()
    (found,) = queries.open_breaks()
    return found


def resolve(found: Break, resolution: Resolution, note: str = "Asked Ada") -> Break:
    return reconciliation.resolve(
        break_id=found.id, resolution=resolution, note=note, by=BY, at=NOON
    )


@pytest.mark.parametrize(
    ("resolution", "place"),
    [
        (Resolution.FORCE_MATCH, "matched"),
        (Resolution.VOID, "ignored"),
        (Resolution.CLAIM_AT_PROCESSOR, "ignored"),
    ],
)
def test_ends_a_break_and_keeps_why(broken, resolution, place):
    done = resolve(broken, resolution)

    assert (done.state, done.resolution, done.note) == (
        BreakState.RESOLVED,
        resolution,
        "Asked Ada",
    )
    assert queries.places(source=SOURCE) == {place: 1}
    assert queries.open_breaks() == []
    facts = event_log.stream("reconciliation.break", broken.id)
    assert [fact.version for fact in facts] == [1, 2]
    assert "note" not in facts[-1].data
    assert compared().state == RunState.COMPLETED
    with db.transaction_if_not_already():
        assert list(invariants.check(queries.INVARIANTS)) == []


def test_ends_a_break_once(broken):
    resolve(broken, Resolution.VOID)

    with pytest.raises(errors.BreakAlreadyResolved, match="void"):
        resolve(broken, Resolution.CLAIM_AT_PROCESSOR)
    assert queries.found_break(broken.id).resolution == "void"


def test_asks_why(broken):
    with pytest.raises(errors.NoteMissing):
        resolve(broken, Resolution.VOID, note="  ")
    assert queries.open_breaks() == [broken]


def test_only_two_that_stand_opposite_can_be_forced_together():
    truth = Truth()
    truth.capture(7_00, in_ledger=False)
    imported(truth.report())
    compared()
    (stray,) = queries.open_breaks()

    with pytest.raises(errors.ResolutionImpossible):
        resolve(stray, Resolution.FORCE_MATCH)
    with pytest.raises(errors.ResolutionImpossible):
        resolve(stray, Resolution.LATE_FILE)
    assert queries.open_breaks() == [stray]


def test_there_must_be_a_break():
    with pytest.raises(errors.BreakNotFound):
        reconciliation.resolve(
            break_id=ids.new(), resolution=Resolution.VOID, note="x", by=BY, at=NOON
        )
