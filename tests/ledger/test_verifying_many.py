"""
Verifying a large journal: all of it is followed, and one changed row in it is named.

A whole campaign (EFFORT=1) has a million entries; the seconds are told in the proof's file.
"""

import os
import random
import time
from datetime import UTC, datetime
from uuid import UUID

import pytest

from fintech.kernel import ids
from fintech.ledger import queries, services
from fintech.ledger.data import templates
from tests.make import ledger as make
from tests.make.ledger import BY, eur

EFFORT = float(os.environ.get("EFFORT", "0.02"))
BATCHES = max(3, round(1_000 * EFFORT) if EFFORT >= 0.1 else 3)
WALLETS = [UUID(int=number + 1) for number in range(20_000 if EFFORT >= 0.1 else 500)]


def funded() -> None:
    for start in range(0, len(WALLETS), 500):
        make.post(*(make.top_up(one, eur(10**9)) for one in WALLETS[start : start + 500]))


def transfer():
    source, target = random.sample(WALLETS, 2)
    entry_id = ids.new()
    return templates.transfer_wallets(
        entry_id=entry_id,
        source_wallet_id=source,
        destination_wallet_id=target,
        amount=eur(1),
        subject=entry_id,
        at=datetime.now(UTC),
    )


@pytest.mark.django_db(transaction=True)
def test_a_large_journal_is_followed_whole(owner, record_property):
    funded()
    for _ in range(BATCHES):
        services.post([transfer() for _ in range(1_000)], by=BY)
    while services.seal():
        pass

    began = time.monotonic()
    assert queries.verify() == []
    record_property("verify_seconds", round(time.monotonic() - began, 1))
    record_property("entries", BATCHES * 1_000 + len(WALLETS))

    owner.execute("SET session_replication_role = replica")
    ((account, seq),) = owner.execute(
        "UPDATE ledger_line SET amount = amount + 1 WHERE ctid = (SELECT ctid FROM ledger_line "
        "WHERE seq = 2 LIMIT 1) AND tableoid = (SELECT tableoid FROM ledger_line WHERE seq = 2 "
        "LIMIT 1) RETURNING account, seq"
    ).fetchall()
    assert {fault.row for fault in queries.verify()} == {f"ledger_line {account}/{seq}"}
