"""
The books against their model: random batches, and after each the same answers and balances.

A whole campaign (EFFORT=1) is 5,000 histories of 80 steps, in ten parts; `make test` runs
a share of each part's histories.
"""

import os
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, event, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fintech.kernel import ids
from fintech.ledger import errors, queries, services
from fintech.ledger.data import Code, EntryKind, JournalEntry, Line, chart
from tests.ledger.model import Model
from tests.make.ledger import BY, NOON

EFFORT = float(os.environ.get("EFFORT", "0.02"))
PARTS, HISTORIES, STEPS = 10, 5_000, 80
EXAMPLES = max(2, round(HISTORIES / PARTS * min(EFFORT, 1) / (1 if EFFORT >= 0.1 else 5)))
LONG = STEPS if EFFORT >= 0.1 else 40

WALLETS = [chart.account(chart.WALLET, "EUR", f"w{n}") for n in range(3)]
ACCOUNTS = [
    *WALLETS,
    chart.account(chart.WALLET, "USD", "w0"),
    chart.account(chart.RECEIVABLE, "EUR", "p"),
    chart.account(chart.RECEIVABLE, "USD", "p"),
    chart.account(chart.MERCHANT_PENDING, "EUR", "m"),
    chart.account(chart.DISPUTED, "EUR", "p"),
    chart.account(chart.PROCESSING_FEES, "EUR"),
]
EUROS = [account for account in ACCOUNTS if account.currency == "EUR"]
KINDS = (
    "transfer", "transfer", "fund", "many_lines", "authorize", "hold", "capture", "capture_part",
    "release", "again", "other_content", "unbalanced", "two_currencies", "zero", "huge",
    "back_dated", "old_id", "future_id", "strange_pair",
)  # fmt: skip
REFUSALS = {  # Of what a reversal can break.
    "OVERDRAFT": "Overdraft",
    "ACCOUNT_CLOSED": "AccountClosed",
    "AMOUNT_TOO_LARGE": "AmountTooLarge",
}
seen: Counter[str] = Counter()

small = st.integers(0, 7)
command = st.tuples(st.sampled_from(KINDS), small, small, st.integers(1, 40))


def id_made(delta: timedelta) -> UUID:
    """An id of another time."""
    milliseconds = int(ids.new().int >> 80) + int(delta.total_seconds() * 1000)
    return UUID(int=(milliseconds << 80) | (ids.new().int & ((1 << 80) - 1)))


class Books(RuleBasedStateMachine):
    """Batches of one to five entries, closings and reversals, as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        self.model = Model(
            oldest=id_made(timedelta(days=-399)), newest=id_made(timedelta(minutes=50))
        )
        self.known: list[JournalEntry] = []
        self.made = 0

    def teardown(self) -> None:
        try:
            assert queries.verify() == []
            assert list(queries.replay()) == []
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @initialize()
    def fund(self) -> None:
        self._post([self._entry("fund", n, 0, 40) for n in range(3)])

    @rule(batch=st.lists(command, min_size=1, max_size=5))
    def post(self, batch: list) -> None:
        self._post([self._entry(*one) for one in batch])

    @rule(batch=st.lists(command, min_size=2, max_size=4))
    def post_some(self, batch: list) -> None:
        self.post(batch)

    @rule(one=command)
    def post_one(self, one: tuple) -> None:
        self.post([one])

    @rule(one=command, other=command)
    def post_two(self, one: tuple, other: tuple) -> None:
        self.post([one, other])

    @rule(one=command)
    def post_whole(self, one: tuple) -> None:
        """All or nothing: one that cannot be posted takes the other with it."""
        entries = [self._entry(*one), self._entry("fund", 0, 0, 1)]
        before = deepcopy(self.model)
        told = ((entry, self.model.post(entry)) for entry in entries)
        stopped = next((one for one in told if one[1] not in {"POSTED", "EXISTS"}), None)
        if stopped is None:
            services.post(entries, by=BY)
            return
        self.model = before
        with pytest.raises(errors.PostingRefused) as refused:
            services.post(entries, by=BY)
        entry, code = stopped
        assert refused.value.entry_id == entry.id
        seen[code] += 1

    @rule(hours=st.integers(1, 40))
    def close_period(self, hours: int) -> None:
        before = NOON - timedelta(hours=hours)
        closed = services.close_period(before=before, by=BY, at=NOON)
        assert closed == (self.model.closed_before is None or before > self.model.closed_before)
        if closed:
            self.model.closed_before = before

    @rule(which=small, close=st.booleans())
    def close_or_reopen_account(self, which: int, close: bool) -> None:
        account, stand = self._stand(which)
        act = services.close_account if close else services.reopen_account
        if stand is None:
            with pytest.raises(errors.AccountNotFound):
                act(account=account, by=BY, at=NOON)
        elif close and not stand.closed and (stand.posted or stand.debit or stand.credit):
            with pytest.raises(errors.AccountInUse):
                act(account=account, by=BY, at=NOON)
        else:
            assert act(account=account, by=BY, at=NOON) is (stand.closed is not close)
            stand.closed = close
            seen["account closed" if close else "account reopened"] += 1

    @precondition(lambda self: self.known)
    @rule(which=st.integers(0, 50))
    def reverse(self, which: int) -> None:
        of = self.known[which % len(self.known)]
        reversed_before = any(one.subject == of.id for one in self.known)
        if of.kind != EntryKind.POSTED or of.template == "reversal" or reversed_before:
            with pytest.raises((errors.EntryNotReversible, errors.EntryAlreadyReversed)):
                services.reverse(entry_id=of.id, reversal_id=ids.new(), by=BY, at=NOON)
            return
        opposite = replace(
            of,
            id=ids.new(),
            template="reversal",
            version=1,
            at=NOON,
            subject=of.id,
            lines=tuple(Line(line.account, -line.amount_minor) for line in of.lines),
        )
        expected = self.model.post(opposite)
        seen[f"reversal {expected}"] += 1
        if expected == "POSTED":
            services.reverse(entry_id=of.id, reversal_id=opposite.id, by=BY, at=NOON)
            self.known.append(opposite)
            return
        with pytest.raises(errors.PostingRefused) as refused:
            services.reverse(entry_id=of.id, reversal_id=opposite.id, by=BY, at=NOON)
        assert refused.type.__name__ == REFUSALS[expected]

    @invariant()
    def balances_are_the_same(self) -> None:
        seen["steps"] += 1
        stored = _stored()
        assert stored == {
            key: (stand.posted, stand.debit, stand.credit, stand.lines, stand.closed)
            for key, stand in self.model.accounts.items()
            if stand.lines or key in stored
        }

    @invariant()
    def remainders_are_the_same(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, remaining FROM ledger_pending")
            stored = dict(cursor.fetchall())
        assert stored == {id_: held.remaining for id_, held in self.model.pending.items()}

    def _post(self, entries: list[JournalEntry]) -> None:
        expected = [self.model.post(entry) for entry in entries]
        outcomes = services.try_post(entries, by=BY)
        assert [outcome.code.name for outcome in outcomes] == expected
        for entry, code in zip(entries, expected, strict=True):
            seen[code] += 1
            event(code)
            if code == "POSTED":
                self.known.append(entry)

    def _stand(self, which: int) -> tuple:
        account = ACCOUNTS[which % len(ACCOUNTS)]
        key = (account.book, account.address, account.currency)
        stand = self.model.accounts.get(key)
        return account, stand if stand is not None and stand.lines else None

    def _entry(self, kind: str, a: int, b: int, amount: int) -> JournalEntry:
        """Make what a command says of what is there now; numbers choose among it."""
        if kind in {"again", "other_content"}:
            if not self.known:
                return self._entry("transfer", a, b, amount)
            old = self.known[-1 - (a * 7 + b) % len(self.known)]
            return old if kind == "again" else replace(old, subject=UUID(int=amount))
        if kind in {"capture", "capture_part", "release", "strange_pair"}:
            return self._end(kind, a, b, amount)
        source, target = EUROS[a % len(EUROS)], EUROS[b % len(EUROS)]
        if source == target:
            target = EUROS[(b + 1) % len(EUROS)]
        entry = JournalEntry(
            id=ids.new(), kind=EntryKind.POSTED, template=kind, version=1, at=NOON,
            lines=(Line(source, amount), Line(target, -amount)),
        )  # fmt: skip
        if kind in {"authorize", "hold"}:
            payer = WALLETS[a % 3] if kind == "hold" else ACCOUNTS[4]
            pair = (Line(payer, amount), Line(ACCOUNTS[6], -amount))
            return replace(entry, kind=EntryKind.PENDING, lines=pair, expires_at=NOON)
        return replace(entry, **self._changes(kind, a, b, amount))

    def _changes(self, kind: str, a: int, b: int, amount: int) -> dict:
        source, target, fees = EUROS[a % len(EUROS)], EUROS[(a + 1 + b) % len(EUROS)], EUROS[-1]
        dollars, receivable = ACCOUNTS[3], ACCOUNTS[5]
        changes: dict[str, dict] = {
            "fund": {"lines": (Line(ACCOUNTS[4], amount * 3), Line(WALLETS[a % 3], -amount * 3))},
            "many_lines": {
                "lines": (
                    Line(source, amount), Line(target, -amount - b), Line(fees, b + 1),
                    Line(source, -1), Line(receivable, 5), Line(dollars, -5),
                )
            },
            "unbalanced": {"lines": (Line(source, amount), Line(target, -amount - 1))},
            "two_currencies": {"lines": (Line(source, amount), Line(dollars, -amount))},
            "zero": {"lines": (Line(source, 0), Line(target, 0))},
            "huge": {
                "lines": (
                    Line(ACCOUNTS[4], (1 << 62) - b % 2 - 1), Line(ACCOUNTS[6], b % 2 + 1 - (1 << 62)),
                )
            },
            "back_dated": {"at": NOON - timedelta(hours=amount)},
            "old_id": {"id": id_made(timedelta(days=-450 if a % 2 else -300))},
            "future_id": {"id": id_made(timedelta(minutes=90 if a % 2 else 30))},
        }  # fmt: skip
        return changes.get(kind, {})

    def _end(self, kind: str, a: int, b: int, amount: int) -> JournalEntry:
        """Capture or release what is pending, or something that is not."""
        open_ = [one for one in self.known if one.kind == EntryKind.PENDING]
        if open_:
            of = open_[-1 - (a * 7 + b) % len(open_)]
        else:
            of = replace(self._entry("authorize", a, b, amount), id=UUID(int=amount))
        end = JournalEntry(
            id=ids.new(), kind=EntryKind.CAPTURE, template=kind, version=1,
            at=NOON - timedelta(hours=b), pending_id=of.id, final=kind == "capture",
            lines=tuple(Line(line.account, amount * sign) for line, sign in zip(of.lines, (1, -1), strict=True)),
        )  # fmt: skip
        if kind == "release":
            return replace(end, kind=EntryKind.RELEASE, lines=(), final=True)
        if kind == "strange_pair":
            return replace(end, lines=end.lines[::-1])
        fee = (Line(ACCOUNTS[6], a), Line(EUROS[-1], -a)) if a % 3 else ()
        return replace(end, lines=(*end.lines, *fee))


def _stored() -> dict:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.book, a.address, a.currency, b.posted, b.pending_debit, b.pending_credit, "
            "b.seq, b.closed FROM ledger_balance b "
            "JOIN ledger_account a ON a.shard = b.shard AND a.account = b.account"
        )
        return {row[:3]: tuple(row[3:]) for row in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_books_do_what_their_model_does(part, record_property):
    seen.clear()
    run_state_machine_as_test(
        seed(part)(Books),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=LONG,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    record_property("histories", EXAMPLES)
    record_property("steps", seen.pop("steps"))
    record_property("seen", dict(seen))
    if EXAMPLES >= 200:
        unseen = {code.name for code in Code} - {"ACCOUNT_UNKNOWN"} - set(seen)
        assert unseen == set()
