"""
A run that is killed at any moment and taken up again ends as if nothing had happened.

The connection is cut at a random statement: what was not committed is gone, the lock of the
source ends with the session, and nothing of the dying process can write any more.
"""

import os
import random

import pytest
from django.db import connection

from fintech.kernel import invariants
from fintech.ledger import queries as ledger
from fintech.reconciliation import queries
from fintech.reconciliation.data import SOURCES
from fintech.reconciliation.models import Batch, Break, Expectation, Line
from tests.make import planted
from tests.make import reconciliation as make

EFFORT = float(os.environ.get("EFFORT", "0.02"))
KILLS = max(2, round(10 * EFFORT))
ADDRESSES = (
    f"assets:bank:{SOURCES[planted.SOURCE].account}",
    f"assets:processor:{planted.SOURCE}:receivable",
    "expenses:processor_fees",
    "equity:fx_position",
)


class Killed(BaseException):
    """The process is gone."""


class Cut:
    """Counts the statements of a run, and cuts its connection at one of them."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.statements = at, 0

    def __call__(self, execute, sql, params, many, context):
        # How often it looks for open transactions depends on the machine, so that is not counted.
        self.statements += "pg_snapshot_xmin" not in sql
        if self.at is not None and self.statements >= self.at:
            connection.connection.close()
            raise Killed
        return execute(sql, params, many, context)


def staged(prefix: str) -> planted.World:
    world = planted.World(1_300, seed=1, prefix=prefix)
    planted.record_rates()
    planted.post(world)
    make.imported(b"".join(world.report()), f"{prefix}report.csv")
    make.imported(b"".join(world.statement()), f"{prefix}statement.xml")
    return world


def compared(cut: Cut):
    with make.chunks_of(200), connection.execute_wrapper(cut):
        return make.compared(at=planted.COMPARED_AT)


def books() -> list[int]:
    return [
        ledger.balance(address, currency).posted.minor
        for address in ADDRESSES
        for currency in ("EUR", "USD")
    ]


def outcome(prefix: str, before: list[int]) -> dict[str, object]:
    """Everything that was decided about one truth, without its prefix and without ids."""

    def rows(model, *names):
        name = names[0]
        found = model.objects.filter(**{f"{name}__startswith": prefix}).values_list(*names)
        return sorted(tuple(map(str, (row[0].removeprefix(prefix), *row[1:]))) for row in found)

    return {
        "breaks": rows(Break, "reference", "kind", "amount_minor", "state", "resolution"),
        "expectations": rows(Expectation, "reference", "amount_minor", "place", "rule"),
        "lines": rows(Line, "reference", "witness", "row", "place", "rule"),
        "batches": rows(Batch, "name", "currency", "net_minor", "place", "rule"),
        "books": [now - then for now, then in zip(books(), before, strict=True)],
    }


@pytest.mark.django_db(transaction=True)
def test_a_run_killed_at_a_random_moment_and_taken_up_ends_the_same(record_property):
    before, whole = books(), Cut()
    world = staged("whole-")
    compared(whole)
    right = outcome("whole-", before)
    assert [(kind, "whole-" + name, int(by)) for name, kind, by, *_ in right["breaks"]] == [
        (kind, name, by) for kind, name, by in sorted(world.planted, key=lambda one: one[1])
    ]

    chance, moments = random.Random(7), []
    for kill in range(KILLS):
        prefix, before = f"kill{kill}-", books()
        staged(prefix)
        moments.append(chance.randrange(10, whole.statements))
        died = False
        try:
            compared(Cut(moments[-1]))
        except BaseException:
            died = True
            connection.close()
        assert died
        assert list(invariants.check(queries.INVARIANTS)) == []

        compared(Cut())

        assert outcome(prefix, before) == right, f"killed at statement {moments[-1]}"
        again = compared(Cut())
        assert (again.matched, again.opened, again.resolved) == (0, 0, 0)
    assert list(invariants.check(queries.INVARIANTS)) == []
    record_property("kills", KILLS)
    record_property("statements", whole.statements)
    record_property("moments", str(moments))
