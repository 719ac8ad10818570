"""The journal as others read it: expectations, and facts in windows."""

import pytest
from django.db import connection
from django_subatomic import db

from fintech.kernel import ids
from fintech.ledger import queries
from fintech.ledger.data import Seen
from tests.make import ledger as make
from tests.make.ledger import DUE, NOON, eur

pytestmark = pytest.mark.django_db(transaction=True)


def test_lines_that_will_be_seen_outside_are_told_with_sign_and_estimate():
    card = make.authorized(eur(100_00))
    captured = make.capture(
        card, eur(100_00), fee=eur(3_20), processor_fee=eur(1_90), provider_reference="cap-1"
    )
    given_back = make.refund(make.merchant_of(card), eur(30_00), provider_reference="ref-1")
    make.post(captured)
    make.post(given_back)
    first, second = queries.expectations(0, 10)

    assert (first.kind, first.provider, first.reference) == (Seen.CAPTURE, "simulator", "cap-1")
    assert (first.amount, first.fee_estimate) == (eur(100_00), eur(1_90))
    assert (first.due_on, first.at, first.entry_id) == (DUE, NOON, captured.id)
    assert (second.kind, second.amount, second.reference) == (Seen.REFUND, eur(-30_00), "ref-1")
    assert first.line_id != second.line_id
    assert queries.expectations(first.position, 10) == [second]
    assert queries.expectations(second.position, 10) == []


def test_expectations_of_one_transaction_come_together():
    with db.transaction():
        for _ in range(3):
            make.post(make.top_up(ids.new(), eur(1)))
    make.post(make.top_up(ids.new(), eur(1)))

    window = queries.expectations(0, 1)
    assert len(window) == 3
    assert len({one.position for one in window}) == 1
    assert len(queries.expectations(window[0].position, 1)) == 1


def test_an_expectation_that_commits_late_is_not_lost():
    make.post(make.top_up(ids.new(), eur(1)))
    seen = queries.expectations(0, 10)[-1].position
    with db.transaction():
        make.post(make.top_up(ids.new(), eur(2)))
        # Written, not committed: nothing at or after it may be told yet.
        assert queries.expectations(seen, 10) == []
    assert [one.amount for one in queries.expectations(seen, 10)] == [eur(2)]


def test_the_journal_is_a_source_of_facts():
    card = make.authorized(eur(10_00))
    make.post(make.capture(card, eur(10_00), fee=eur(20)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        (horizon,) = cursor.fetchone()
    source = queries.journal_source()
    first, second = source.read(low=0, high=horizon, position=0, limit=10)

    assert (first.name, first.version) == ("ledger.entry_posted.v1", 1)
    assert first.stream == f"ledger.entry:{card.id}"
    assert first.data["template"] == "authorize_card"
    assert second.data["subject_id"] == str(card.subject)
    assert second.data["pending_id"] == str(card.id)
    assert [(line["side"], line["minor"], line["pending"]) for line in second.data["lines"]] == [
        ("debit", 10_00, False),
        ("credit", 10_00, False),
        ("debit", 20, False),
        ("credit", 20, False),
    ]
    assert second.meta == {"by": "system", "id": "test", "request_id": "", "cause": ""}
    assert source.read(low=0, high=horizon, position=first.position, limit=10) == [second]
    assert source.read(low=horizon, high=horizon + 9, position=0, limit=10) == []
