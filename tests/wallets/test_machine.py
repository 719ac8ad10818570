"""A wallet's life at random, against a model of plain dictionaries: equal at every step."""

import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fintech.kernel import ids, invariants
from fintech.kernel.errors import Refusal
from fintech.kernel.money import Money
from fintech.wallets import errors, queries
from fintech.wallets import services as wallets
from tests.make import wallets as make

EFFORT = float(os.environ.get("EFFORT", "0.02"))
EXAMPLES, STEPS = max(4, int(5_000 * EFFORT / 20)), 40


def _said(act, *args, **given):
    """Return what an action gave, or the kind of its refusal."""
    try:
        return act(*args, **given), None
    except Refusal as refused:
        return None, type(refused)


class Wallets(RuleBasedStateMachine):
    """Top-ups, holds, captures, releases, expiry, transfers, freezing; two currencies."""

    made = Bundle("made")
    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.at = make.NOON
        self.merchant = ids.new()
        self.posted: dict = {}
        self.frozen: set = set()
        self.left: dict = {}  # hold -> [wallet, remaining, expires_at]
        self.taken = {"EUR": 0, "JPY": 0}
        self.kinds: dict = {}

    def now(self):
        return {"by": make.BY, "at": self.at}

    def available(self, wallet):
        held = sum(left for of, left, _ in self.left.values() if of == wallet.id)
        return self.posted[wallet.id] - held

    @initialize(target=made)
    def open(self):
        wallets_ = [
            make.wallet(0, currency, merchant=self.merchant) for currency in ("EUR", "EUR", "JPY")
        ]
        for wallet in wallets_:
            self.posted[wallet.id], self.kinds[wallet.id] = 0, wallet.currency
        return multiple(*wallets_)

    @rule(wallet=made, minor=st.integers(1, 500))
    def top_up(self, wallet, minor):
        make.top_up(wallet, minor, at=self.at)
        self.posted[wallet.id] += minor

    @rule(target=held, wallet=made, minor=st.integers(1, 600), lasts=st.sampled_from([None, 5, 50]))
    def hold(self, wallet, minor, lasts):
        expires_at = None if lasts is None else self.at + timedelta(minutes=lasts)
        expected = (
            errors.WalletFrozen
            if wallet.id in self.frozen
            else errors.InsufficientFunds
            if minor > self.available(wallet)
            else None
        )
        made, refused = _said(make.hold, wallet, minor, expires_at=expires_at, at=self.at)
        assert refused is expected
        if refused is not None:
            return multiple()
        self.left[made.id] = [wallet.id, minor, expires_at]
        return made

    @rule(hold=held, minor=st.integers(1, 600), final=st.booleans())
    def capture(self, hold, minor, final):
        known = self.left.get(hold.id)
        try:
            wallets.capture(
                hold_id=hold.id,
                amount=Money(minor, hold.amount.currency),
                final=final,
                **self.now(),
            )
        except errors.UnexpectedState:
            assert known is None or self.is_over(known)
            return
        except errors.CaptureTooLarge:
            assert known is not None
            assert minor > known[1]
            return
        assert known is not None
        assert minor <= known[1]
        assert not self.is_over(known)
        known[1] -= minor
        self.posted[known[0]] -= minor
        self.taken[hold.amount.currency] += minor
        if final or known[1] == 0:
            del self.left[hold.id]

    @rule(hold=consumes(held))
    def release(self, hold):
        known = self.left.pop(hold.id, None)
        try:
            wallets.release(hold_id=hold.id, **self.now())
        except errors.UnexpectedState:
            assert known is None

    @rule(source=made, destination=made, minor=st.integers(1, 400))
    def transfer(self, source, destination, minor):
        expected = (
            errors.ParameterInvalid
            if source.id == destination.id
            else errors.QuoteMissing
            if source.currency != destination.currency
            else errors.WalletFrozen
            if source.id in self.frozen
            else errors.InsufficientFunds
            if minor > self.available(source)
            else None
        )
        _, refused = _said(
            wallets.transfer,
            source_id=source.id,
            destination_id=destination.id,
            amount=Money(minor, source.currency),
            **self.now(),
        )
        assert refused is expected
        if refused is not None:
            return
        self.posted[source.id] -= minor
        self.posted[destination.id] += minor

    @rule(wallet=made)
    def freeze(self, wallet):
        wallets.freeze(wallet_id=wallet.id, **self.now())
        self.frozen.add(wallet.id)

    @precondition(lambda self: self.frozen)
    @rule(wallet=made)
    def unfreeze(self, wallet):
        wallets.unfreeze(wallet_id=wallet.id, **self.now())
        self.frozen.discard(wallet.id)

    @rule(minutes=st.sampled_from([1, 10, 60]))
    def pass_time(self, minutes):
        self.at += timedelta(minutes=minutes)
        due = [hold for hold, known in self.left.items() if self.is_over(known)]
        assert wallets.expire_due(self.at) == len(due)
        for hold in due:
            del self.left[hold]

    def is_over(self, known):
        return known[2] is not None and known[2] <= self.at

    @invariant()
    def wallet_is_ledger_is_model(self):
        for wallet_id, minor in self.posted.items():
            (known,) = queries.balances(wallet_id)
            held = sum(left for of, left, _ in self.left.values() if of == wallet_id)
            assert (known.posted.minor, known.held.minor) == (minor, held)
            assert known.available.minor == minor - held >= 0
            assert known.pending.minor == -held

    def teardown(self):
        wallets.expire_due(self.at + timedelta(days=1))  # Nothing is left for the next life.
        assert list(invariants.check(queries.INVARIANTS)) == []
        assert list(queries.replay()) == []


@pytest.mark.django_db(transaction=True)
def test_wallets_are_what_the_model_says():
    run_state_machine_as_test(
        Wallets,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
