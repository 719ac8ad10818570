"""A list of a million entries: an entry is found by its index, and a late answer knows it too."""

import os

import pytest
from django.db import connection

from fintech.fraud import queries
from fintech.fraud.data import Decision
from fintech.fraud.queries import gathering
from tests.make import fraud as make

MANY = max(20_000, int(1_000_000 * float(os.environ.get("EFFORT", "0.02"))))


@pytest.fixture
def long_list(db, owner):
    """As an import would leave it: nobody has told the planner anything yet."""
    make.assessment()  # The statement is planned while the list is empty.
    owner.execute(
        "INSERT INTO fraud_listitem (id, merchant_id, kind, value, action, reason, created_at,"
        " version) SELECT uuidv7(), NULL, 'card', 'card-' || n, 'block', '', %s, 1"
        " FROM generate_series(1, %s) n",
        [make.NOON, MANY],
    )


def _rows_read():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
            " WHERE relname = 'fraud_listitem'"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_the_last_of_many_entries_is_found_without_reading_the_others(long_list):
    last, other = make.question(card=f"card-{MANY}"), make.question(card="nobody")
    from django_subatomic import db

    with db.transaction():
        before = _rows_read()
        known = queries.gather([last, other])
        after = _rows_read()

    assert [each.listed for each in known] == [("card:block",), ()]
    assert after - before <= 2  # The one that is meant; of 20,000 at least.
    assert make.assessed(last)[0].decision == Decision.BLOCK


@pytest.mark.django_db(transaction=True)
def test_what_comes_too_late_is_degraded_and_still_knows_the_list(long_list, monkeypatch, settings):
    settings.FRAUD_BUDGET_MS = 100
    for name in ("_GATHER_ALL", "_GATHER_REST"):
        slow = getattr(gathering, name).replace(
            "ORDER BY q.place", "CROSS JOIN pg_sleep(1) ORDER BY q.place"
        )
        monkeypatch.setattr(gathering, name, slow)

    (blocked,) = make.assessed(make.question(card=f"card-{MANY}"))
    (other,) = make.assessed(make.question(card="nobody"))

    assert (blocked.features.degraded, other.features.degraded) == ("late", "late")
    assert blocked.features.listed == ("card:block",)
    assert (blocked.decision, other.decision) == (Decision.BLOCK, Decision.ALLOW)
    assert "degraded" in {reason.code for reason in other.reasons}
