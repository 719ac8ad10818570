"""Wallets' lives at random, against a model of plain dictionaries: equal at every step."""

import os
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fintech.kernel import ids, invariants
from fintech.kernel.actor import Actor
from fintech.kernel.errors import Refusal
from fintech.kernel.money import Money
from fintech.wallets import data, queries
from fintech.wallets import services as wallets
from tests.make import wallets as make
from tests.wallets.model import YEN_PER_EURO, Model

EFFORT = float(os.environ.get("EFFORT", "0.02"))
EXAMPLES, STEPS = max(5, int(5_000 * EFFORT**1.7)), 80
KEPT = (("EUR",), ("EUR", "JPY"), ("JPY", "EUR", "KWD"))
SOMEBODY = Actor(kind="staff", id=str(ids.new()))  # Who decides what others have made.
CURRENCY = st.sampled_from(["EUR", "EUR", "JPY", "KWD"])
STEPS_TAKEN: dict[str, int] = {}


def _refusal(act, *args, **given):
    """Return what an action gave, and the name of its refusal."""
    try:
        return act(*args, **given), None
    except Refusal as refused:
        return None, type(refused).__name__


def _counted(step):
    """Count how often a rule ran, for the report."""

    def run(self, *args, **given):
        STEPS_TAKEN[step.__name__] = STEPS_TAKEN.get(step.__name__, 0) + 1
        return step(self, *args, **given)

    run.__name__ = step.__name__
    return run


class Wallets(RuleBasedStateMachine):
    """Top-ups, holds, transfers one by one and many at once, conversions, limits, the clock."""

    made = Bundle("made")
    held = Bundle("held")
    sent = Bundle("sent")
    limits = Bundle("limits")

    def __init__(self) -> None:
        super().__init__()
        self.at = make.NOON
        self.model = Model(ids.new())

    def now(self):
        return {"by": make.BY, "at": self.at}

    @initialize(target=made)
    def open(self):
        wallets.record_rates([("JPY", make.NOON.date(), Decimal(YEN_PER_EURO))], source="tests")
        found = []
        for currencies in KEPT:
            wallet = wallets.create_wallet(
                merchant_id=self.model.merchant,
                currency=currencies[0],
                currencies=currencies[1:],
                **self.now(),
            ).value
            self.model.open(wallet.id, currencies)
            found.append(wallet)
        return multiple(*found)

    @rule(wallet=made, currency=CURRENCY)
    @_counted
    def add_currency(self, wallet, currency):
        wallets.add_currencies(wallet_id=wallet.id, currencies=[currency], **self.now())
        self.model.open(wallet.id, [currency])

    @rule(wallet=made, currency=CURRENCY, minor=st.integers(1, 900))
    @_counted
    def top_up(self, wallet, currency, minor):
        if self.model.keeps(wallet.id, currency):
            make.top_up(wallet, minor, currency=currency, at=self.at)
            self.model.top_up(wallet.id, currency, minor)

    @rule(
        target=held,
        wallet=made,
        currency=CURRENCY,
        minor=st.integers(1, 500),
        lasts=st.sampled_from([None, 5, 50, 3000]),
    )
    @_counted
    def hold(self, wallet, currency, minor, lasts):
        expires_at = None if lasts is None else self.at + timedelta(minutes=lasts)
        expected = self.model.hold(wallet.id, currency, minor, self.at)
        made, refused = _refusal(
            make.hold, wallet, minor, currency=currency, expires_at=expires_at, at=self.at
        )
        assert refused == expected
        if refused:
            return multiple()
        self.model.held_as(made.id, wallet.id, currency, minor, self.at, expires_at)
        return made

    @rule(hold=held, minor=st.integers(1, 300), final=st.booleans())
    @_counted
    def capture(self, hold, minor, final):
        expected = self.model.capture(hold.id, minor, final=final, at=self.at)
        _, refused = _refusal(
            wallets.capture,
            hold_id=hold.id,
            amount=Money(minor, hold.amount.currency),
            final=final,
            **self.now(),
        )
        assert refused == expected

    @rule(hold=held)
    @_counted
    def release(self, hold):
        expected = self.model.release(hold.id)
        _, refused = _refusal(wallets.release, hold_id=hold.id, **self.now())
        assert refused == expected

    @rule(target=sent, source=made, destination=made, currency=CURRENCY, minor=st.integers(1, 400))
    @_counted
    def transfer(self, source, destination, currency, minor):
        expected = self.model.transfer(source.id, destination.id, currency, minor, self.at)
        done, refused = _refusal(
            wallets.transfer,
            source_id=source.id,
            destination_id=destination.id,
            amount=Money(minor, currency),
            **self.now(),
        )
        assert refused == expected
        if refused:
            return multiple()
        self.model.transferred(done.value.id, source.id, destination.id, currency, minor, self.at)
        return done.value

    @rule(
        orders=st.lists(
            st.tuples(made, made, st.sampled_from(["EUR", "JPY"]), st.integers(1, 300)),
            min_size=1,
            max_size=5,
        )
    )
    @_counted
    def transfer_many(self, orders):
        outcomes = wallets.transfer_many(
            [
                data.TransferOrder(
                    source_id=source.id,
                    destination_id=destination.id,
                    amount=Money(minor, currency),
                    at=self.at,
                )
                for source, destination, currency, minor in orders
            ],
            **self.now(),
        )
        stood = dict(self.model.posted)
        for (source, destination, currency, minor), outcome in zip(orders, outcomes, strict=True):
            place = (destination.id, currency)
            expected = self.model.transfer(
                source.id, destination.id, currency, minor, self.at, stands=stood.get(place, 0)
            )
            refused = type(outcome).__name__ if isinstance(outcome, Refusal) else None
            assert refused == expected
            if refused is None:
                self.model.transferred(
                    outcome.value.id, source.id, destination.id, currency, minor, self.at
                )
                stood[place] += minor

    @rule(target=sent, source=made, destination=made, currency=CURRENCY, minor=st.integers(1, 400))
    @_counted
    def transfer_waits(self, source, destination, currency, minor):
        expected = self.model.transfer(source.id, destination.id, currency, minor, self.at)
        (outcome,) = wallets.transfer_many(
            [
                data.TransferOrder(
                    source_id=source.id,
                    destination_id=destination.id,
                    amount=Money(minor, currency),
                    at=self.at,
                    reasons=("over_amount",),
                )
            ],
            **self.now(),
        )
        assert (type(outcome).__name__ if isinstance(outcome, Refusal) else None) == expected
        if expected:
            return multiple()
        made = outcome.value
        self.model.waits(made.id, source.id, destination.id, currency, minor, self.at)
        return made

    @rule(sent=sent, yes=st.booleans())
    @_counted
    def decide(self, sent, yes):
        expected = self.model.decide(sent.id, yes=yes)
        act = wallets.approve_transfer if yes else wallets.reject_transfer
        _, refused = _refusal(act, transfer_id=sent.id, by=SOMEBODY, at=self.at)
        assert refused == expected

    @rule(most=st.integers(0, 300))
    @_counted
    def may_lend(self, most):
        for currency in ("EUR", "JPY"):
            wallets.allow_overdraft(
                merchant_id=self.model.merchant, currency=currency, most_minor=most, **self.now()
            )
        self.model.may_lend = most

    @rule(wallet=made, currency=st.sampled_from(["EUR", "JPY"]), floor=st.integers(-300, 100))
    @_counted
    def set_floor(self, wallet, currency, floor):
        expected = self.model.set_floor(wallet.id, currency, floor)
        _, refused = _refusal(
            wallets.set_floor,
            wallet_id=wallet.id,
            currency=currency,
            floor_minor=floor,
            **self.now(),
        )
        assert refused == expected

    @rule(sent=sent)
    @_counted
    def reverse(self, sent):
        expected = self.model.reverse(sent.id)
        _, refused = _refusal(wallets.reverse_transfer, transfer_id=sent.id, **self.now())
        assert refused == expected

    @rule(source=made, destination=made, cents=st.integers(2, 400))
    @_counted
    def convert(self, source, destination, cents):
        quote = wallets.create_quote(
            merchant_id=self.model.merchant,
            source=Money(cents, "EUR"),
            destination_currency="JPY",
            **self.now(),
        ).value
        expected = self.model.convert(source.id, destination.id, cents, self.at)
        done, refused = _refusal(
            wallets.transfer,
            source_id=source.id,
            destination_id=destination.id,
            quote_id=quote.id,
            **self.now(),
        )
        assert refused == expected
        if refused is None:
            assert done.value.received == Money(self.model.yen(cents), "JPY")
            self.model.converted(done.value.id, source.id, destination.id, cents, self.at)

    @precondition(lambda self: len(self.model.oracle.limits) < 6)
    @rule(
        target=limits,
        scope=st.sampled_from(["wallet", "merchant"]),
        kind=st.sampled_from(["amount", "amount", "count", "counterparties", "balance"]),
        window=st.sampled_from(["day", "rolling", "month", "per_transaction"]),
        maximum=st.integers(0, 900),
        operation=st.sampled_from(["", "hold", "transfer"]),
        currency=st.sampled_from(["EUR", "JPY"]),
        reversal=st.sampled_from(["gives_back", "keeps"]),
    )
    @_counted
    def create_limit(self, scope, kind, window, maximum, operation, currency, reversal):  # noqa: PLR0917
        if kind in {"count", "counterparties"}:
            maximum = maximum % 4
            window = "day" if window == "per_transaction" else window
        if kind == "balance":
            scope, window, maximum, operation = "wallet", "per_transaction", maximum + 300, ""
        made = wallets.create_limit(
            merchant_id=self.model.merchant,
            scope=scope,
            kind=kind,
            window=window,
            maximum=maximum,
            currency=currency,
            seconds=1800 if window == "rolling" else None,
            zone="Europe/Berlin" if window in {"day", "month"} else "",
            operation=operation,
            reversal=reversal,
            **self.now(),
        ).value
        self.model.oracle.limits.append(made)
        return made

    @rule(limit=limits, maximum=st.integers(0, 1500))
    @_counted
    def change_limit(self, limit, maximum):
        self._become(limit, wallets.change_limit, maximum=maximum)

    @rule(limit=limits)
    @_counted
    def remove_limit(self, limit):
        self._become(limit, wallets.remove_limit)

    def _become(self, limit, act, **given):
        asked = {"limit_id": limit.id, "merchant_id": self.model.merchant, **self.now()}
        done, _ = _refusal(act, **asked, **given)
        if done is not None:
            kept = self.model.oracle.limits
            kept[:] = [done.value if each.id == limit.id else each for each in kept]

    @rule(wallet=made)
    @_counted
    def freeze(self, wallet):
        wallets.freeze(wallet_id=wallet.id, **self.now())
        self.model.frozen.add(wallet.id)

    @precondition(lambda self: self.model.frozen)
    @rule(wallet=made)
    @_counted
    def unfreeze(self, wallet):
        wallets.unfreeze(wallet_id=wallet.id, **self.now())
        self.model.frozen.discard(wallet.id)

    @rule(minutes=st.sampled_from([1, 10, 60, 1500]))
    @_counted
    def pass_time(self, minutes):
        self.at += timedelta(minutes=minutes)
        assert wallets.expire_due(self.at) == self.model.expire(self.at)
        assert wallets.expire_transfers(self.at) == self.model.expire_transfers(self.at)

    @invariant()
    def wallet_is_ledger_is_model(self):
        # All wallets as of one moment: three round trips a step instead of nine.
        told = queries.balances_of({wallet for wallet, _ in self.model.posted})
        assert {
            (wallet.id, known.currency) for wallet, parts in told for known in parts
        } == self.model.posted.keys()
        for wallet, parts in told:
            for known in parts:
                minor = self.model.posted[wallet.id, known.currency]
                held = self.model.held(wallet.id, known.currency)
                assert (known.posted.minor, known.held.minor) == (minor, held)
                available = self.model.available(wallet.id, known.currency)
                assert known.available.minor == available >= 0
                coming = self.model.coming(wallet.id, known.currency)
                assert known.pending.minor == coming - held

    def teardown(self):
        wallets.expire_due(self.at + timedelta(days=9))  # Nothing is left for the next life.
        wallets.expire_transfers(self.at + timedelta(days=9))


@pytest.mark.django_db(transaction=True)
def test_wallets_are_what_the_model_says(record_property):
    run_state_machine_as_test(
        Wallets,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert list(invariants.check(queries.INVARIANTS)) == []
    assert list(queries.replay()) == []
    record_property("lives", EXAMPLES)
    record_property("steps", sum(STEPS_TAKEN.values()))
    record_property("steps_of_each", str(sorted(STEPS_TAKEN.items())))
