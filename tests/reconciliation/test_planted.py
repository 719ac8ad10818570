"""Every planted difference is found with its kind and amount, and none is invented."""

import os
import random

import pytest

from fintech.kernel import invariants
from fintech.reconciliation import queries
from fintech.reconciliation.data import RunState
from tests.make import planted
from tests.make import reconciliation as make

EFFORT = float(os.environ.get("EFFORT", "0.02"))

pytestmark = pytest.mark.django_db(transaction=True)


def staged(world: planted.World) -> None:
    planted.record_rates()
    planted.post(world)
    make.imported(b"".join(world.report()), "report.csv")
    make.imported(b"".join(world.statement()), "statement.xml")


@pytest.mark.parametrize("seed", range(max(1, round(5 * EFFORT))))
def test_every_planted_difference_is_found_and_none_invented(seed):
    world = planted.World(2_600, seed=seed)
    staged(world)
    assert {kind for kind, _, _ in world.planted} >= {*planted.LINE_KINDS} - {"timing"}

    run = make.compared(at=planted.COMPARED_AT)

    found = planted.found()
    assert sorted(found) == sorted(world.planted)
    assert run.state == RunState.COMPLETED_WITH_BREAKS
    assert queries.places(source=planted.SOURCE)["open"] == world.waiting
    assert list(invariants.check(queries.INVARIANTS)) == []

    again = make.compared(at=planted.COMPARED_AT)
    assert (again.matched, again.opened, again.resolved) == (0, 0, 0)
    assert sorted(planted.found()) == sorted(found)


def in_pieces(world: planted.World, chance: random.Random) -> list[bytes]:
    """The report and the statement as several files, a batch always whole, in any order."""
    header, *rows = world.report()
    batches = sorted({line.batch for line in world.reported})
    cuts = sorted(chance.sample(range(1, len(batches)), chance.randrange(1, 4)))
    files = []
    for begin, end in zip([0, *cuts], [*cuts, len(batches)], strict=True):
        names = {name.encode() for name in batches[begin:end]}
        files.append(b"".join([header, *(row for row in rows if row.split(b",")[8] in names)]))
    files.append(b"".join(world.statement()))
    chance.shuffle(files)
    return files


@pytest.mark.parametrize("seed", range(max(1, round(20 * EFFORT))))
def test_whatever_comes_first_the_end_is_the_same(seed):
    """Any split of the truth into files, in any order, with a run after each or only some."""
    chance = random.Random(seed)
    world = planted.World(1_300, seed=seed)
    planted.record_rates()
    planted.post(world)
    for content in in_pieces(world, chance):
        make.imported(content)
        if chance.random() < 0.6:
            run = make.compared(at=planted.COMPARED_AT)
            assert list(invariants.check(queries.INVARIANTS)) == []
            for total in run.totals:
                parts = (total.matched_minor, total.broken_minor, total.ignored_minor)
                assert total.input_minor == sum(parts) + total.waiting_minor

    make.compared(at=planted.COMPARED_AT)

    assert sorted(planted.found()) == sorted(world.planted)
    assert list(invariants.check(queries.INVARIANTS)) == []
    again = make.compared(at=planted.COMPARED_AT)
    assert (again.matched, again.opened, again.resolved) == (0, 0, 0)
