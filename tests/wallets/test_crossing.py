"""
Crossing transfers among few and many wallets: the history is that of one serial order.

Sixteen clients transfer, read everything, hold and release, and reverse. The journal is
immutable and counts each account's lines without gaps, so its order is the witness: what
every client was told must be what a serial replay of it says (`reliability.md` §5).
"""

import os
import random
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

import pytest
from django.db import connection, connections

from fintech.kernel import invariants
from fintech.kernel.errors import Refusal
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.wallets import data, queries
from fintech.wallets import services as wallets
from tests.make import wallets as make

pytestmark = pytest.mark.django_db(transaction=True)
EFFORT = float(os.environ.get("EFFORT", "0.02"))
CLIENTS = 16
OPERATIONS = max(160, int(30_000 * EFFORT))
BY_NOW = {"by": make.BY, "at": make.NOON}
FUNDS = {"EUR": 100, "JPY": 60}


@dataclass
class Did:
    """One operation as its client saw it: when it was asked, when answered, and what."""

    kind: str
    began: float
    ended: float
    value: object
    entries: list[UUID] = field(default_factory=list)


def _client(seed: int, purses, count: int) -> list[Did]:
    chance, history, mine = random.Random(seed), [], []
    try:
        for _ in range(count):
            began = time.perf_counter()
            kind, value, entries = _act(chance, purses, mine)
            history.append(Did(kind, began, time.perf_counter(), value, entries))
    finally:
        connections.close_all()
    return history


def _act(chance, purses, mine):
    roll, currency = chance.random(), chance.choice(["EUR", "JPY"])
    try:
        if roll < 0.4:
            source, destination = chance.sample(purses, 2)
            done = wallets.transfer(
                source_id=source.id,
                destination_id=destination.id,
                amount=Money(chance.randint(1, 40), currency),
                **BY_NOW,
            ).value
            mine.append(done)
            return "transfer", done, [done.entry_id]
        if roll < 0.5:
            orders = []
            for _ in range(chance.randint(2, 4)):
                source, destination = chance.sample(purses, 2)
                orders.append(
                    data.TransferOrder(
                        source_id=source.id,
                        destination_id=destination.id,
                        amount=Money(chance.randint(1, 40), currency),
                        at=make.NOON,
                    )
                )
            done = [one for one in wallets.transfer_many(orders, **BY_NOW)
                    if not isinstance(one, Refusal)]  # fmt: skip
            mine.extend(one.value for one in done)
            return "many", done, [one.value.entry_id for one in done]
        if roll < 0.8:
            return "read", _all(purses, currency), []
        if roll < 0.9 or not mine:
            held = make.hold(chance.choice(purses), chance.randint(1, 40), currency=currency)
            wallets.release(hold_id=held.id, **BY_NOW)
            return "hold", held, [held.entry_id]
        done = mine.pop(chance.randrange(len(mine)))
        back = wallets.reverse_transfer(transfer_id=done.id, **BY_NOW).value
        return "reverse", back, [back.reversal_id]
    except Refusal as refused:
        return "refused", type(refused).__name__, []


def _all(purses, currency):
    """Read every wallet's posted balance and line count, as of one moment."""
    found = ledger_queries.wallet_balances([(purse.id, currency) for purse in purses])
    return currency, [(balance.posted.minor, balance.sequence) for balance in found]


@pytest.mark.parametrize("size", [8, 64])
def test_what_sixteen_clients_saw_is_one_serial_order(size, record_property):
    purses = [
        wallets.create_wallet(
            merchant_id=make.MERCHANT, currency="EUR", currencies=["JPY"], **BY_NOW
        ).value
        for _ in range(size)
    ]
    for purse in purses:
        for currency, minor in FUNDS.items():
            make.top_up(purse, minor, currency=currency)
    share = OPERATIONS // 2 // CLIENTS
    with ThreadPoolExecutor(CLIENTS) as pool:
        histories = list(pool.map(lambda n: _client(n + 1, purses, share), range(CLIENTS)))

    did = [one for history in histories for one in history]
    lines = _lines(purses)
    _totals_stand_in_every_read(did, size)
    _every_answer_is_in_the_journal(did)
    _real_time_is_kept(did, lines)
    _reads_are_states_of_the_journal(did, lines, purses)
    _each_client_sees_time_go_on(histories)
    _no_circle(lines)
    assert list(invariants.check(queries.INVARIANTS)) == []
    record_property("operations", len(did))
    record_property("refused", sum(one.kind == "refused" for one in did))
    for kind in ("transfer", "many", "read", "hold", "reverse"):
        assert any(one.kind == kind for one in did)


def _lines(purses) -> dict[tuple[UUID, str], list[tuple[int, UUID, int]]]:
    """Return each account's lines in the journal's order: sequence, entry, posted balance."""
    names = {f"liabilities:wallet:{purse.id}": purse.id for purse in purses}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.address, a.currency, l.seq, l.entry_id, -l.balance FROM ledger_line l "
            "JOIN ledger_account a ON a.shard = l.shard AND a.account = l.account "
            "WHERE a.address = ANY(%s) ORDER BY l.account, l.seq",
            [list(names)],
        )
        found = defaultdict(list)
        for address, currency, seq, entry_id, balance in cursor.fetchall():
            assert seq == len(found[names[address], currency]) + 1, "a gap"
            assert balance >= 0, "below nothing"
            found[names[address], currency].append((seq, entry_id, balance))
    return found


def _totals_stand_in_every_read(did, size) -> None:
    for one in did:
        if one.kind == "read":
            currency, stands = one.value
            assert sum(posted for posted, _ in stands) == FUNDS[currency] * size


def _every_answer_is_in_the_journal(did) -> None:
    """What was told as done is there once; nothing else moved a wallet but the funding."""
    told = [entry for one in did for entry in one.entries]
    assert len(told) == len(set(told))
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM ledger_entry WHERE kind IN (0, 1) AND template <> 'top_up'")
        stored = {row[0] for row in cursor.fetchall()}
    assert set(told) == stored


def _real_time_is_kept(did, lines) -> None:
    """On a shared account, what was answered before another was asked stands before it."""
    when = {entry: one for one in did for entry in one.entries}
    for account in lines.values():
        earliest_end = float("inf")  # Of all that stands later in the journal.
        for _, entry, _ in reversed(account):
            one = when.get(entry)
            if one is not None:
                assert earliest_end >= one.began, "the journal's order is not that of time"
                earliest_end = min(earliest_end, one.ended)


def _reads_are_states_of_the_journal(did, lines, purses) -> None:
    """Each balance that was read is the one after the line that the reader saw last."""
    for one in did:
        if one.kind != "read":
            continue
        currency, stands = one.value
        for purse, (posted, sequence) in zip(purses, stands, strict=True):
            assert lines[purse.id, currency][sequence - 1][2] == posted


def _each_client_sees_time_go_on(histories) -> None:
    for history in histories:
        seen: dict[str, list[int]] = {}
        for one in history:
            if one.kind == "read":
                currency, stands = one.value
                now = [sequence for _, sequence in stands]
                before = seen.get(currency, now)
                assert all(a <= b for a, b in zip(before, now, strict=True))
                seen[currency] = now


def _no_circle(lines) -> None:
    """Entries that share an account are ordered by it; all these orders together have no circle."""
    after: dict[UUID, set[UUID]] = defaultdict(set)
    before: dict[UUID, int] = defaultdict(int)
    for account in lines.values():
        for (_, first, _), (_, second, _) in pairwise(account):
            if first != second and second not in after[first]:
                after[first].add(second)
                before[second] += 1
    entries = {entry for account in lines.values() for _, entry, _ in account}
    ready = [entry for entry in entries if not before[entry]]
    done = 0
    while ready:
        entry = ready.pop()
        done += 1
        for following in after[entry]:
            before[following] -= 1
            if not before[following]:
                ready.append(following)
    assert done == len(entries), "no serial order explains the journal"
