"""
Payments at random, against a model of the money in plain dictionaries: equal at every step.

A whole campaign (EFFORT=1) lives 5,000 lives of 80 steps; `make test` a share.
"""

import os
from datetime import timedelta

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from config.invariants import INVARIANTS
from fintech.audit import services as audit
from fintech.kernel import invariants
from fintech.kernel.errors import Refusal
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.payments import data, queries
from fintech.payments import services as payments
from fintech.payments.models import Capture
from fintech.wallets import queries as wallet_queries
from tests import conftest
from tests.make import payments as make
from tests.make import wallets as make_wallets
from tests.make.merchants import NOON
from tests.make.payments import BY
from tests.payments import model

EFFORT = float(os.environ.get("EFFORT", "0.02"))
EXAMPLES = max(4, round(5_000 * EFFORT / (1 if EFFORT >= 0.1 else 16)))
STEPS = 80 if EFFORT >= 0.1 else 25  # A share lives fewer lives, and shorter ones.
LIVES_PER_DATABASE = 25
WALLETS = (("EUR", 100_00), ("JPY", 5_000))
AMOUNTS = st.sampled_from([1, 25, 26, 10_00, 42_50, 99_99])


class Payments(RuleBasedStateMachine):
    """Sales by card and from wallets, captures, cancellations, refunds, lost answers, retries."""

    acquirer = None
    lives = 0

    sales = Bundle("sales")

    def __init__(self) -> None:
        super().__init__()
        self.at = NOON
        self.model = model.Money()
        self.ids: dict = {}
        self.said: list = []  # (command, what it gave): to be asked again under its key.

    @initialize(target=sales)
    def open(self):
        self.shop = make.merchant()
        self.wallets = []
        for currency, minor in WALLETS:
            self.wallets.append(make_wallets.wallet(minor, currency, merchant=self.shop.id))
            self.model.wallets.append([currency, minor, 0])
        return multiple()

    # -- commands --------------------------------------------------------------------------

    @rule(
        target=sales,
        minor=AMOUNTS,
        currency=st.sampled_from(["EUR", "JPY", "KWD"]),
        manual=st.booleans(),
        pays=st.sampled_from(["card", "card", "wallet"]),
        loses=st.booleans(),
    )
    def sell(self, minor, currency, manual, pays, loses):
        wallet = {"EUR": 0, "JPY": 1}.get(currency) if pays == "wallet" else None
        sale = model.Sale(currency, minor, manual, wallet)
        loses = loses and wallet is None
        if loses:
            self.acquirer.lose_answers(1)
        heard = self.do(
            payments.create,
            amount=Money(minor, currency),
            capture_method="manual" if manual else "automatic",
            confirm=True,
            **({"token": "visa"} if wallet is None else {"wallet": self.wallets[wallet].id}),
        )
        assert heard == self.model.confirm(sale, answer_lost=loses)
        self.ids[id(sale)] = (self.last_id, sale)
        return sale

    @rule(sale=sales)
    def confirm(self, sale):
        """With what it was to be paid with before: a wallet may have been filled since."""
        heard = self.do(payments.confirm, payment_id=self.of(sale))
        assert heard == self.model.confirm(sale)

    @rule(sale=sales, minor=AMOUNTS, final=st.booleans())
    def capture(self, sale, minor, final):
        amount = Money(minor, sale.currency)
        heard = self.do(payments.capture, payment_id=self.of(sale), amount=amount, final=final)
        assert heard == self.model.capture(sale, minor, final=final)

    @rule(sale=sales)
    def cancel(self, sale):
        heard = self.do(payments.cancel, payment_id=self.of(sale))
        assert heard == self.model.cancel(sale)

    @rule(sale=sales, minor=AMOUNTS)
    def refund(self, sale, minor):
        amount = Money(minor, sale.currency)
        heard = self.do(payments.refund, payment_id=self.of(sale), amount=amount)
        assert heard == self.model.refund(sale, minor)

    # -- the world outside -----------------------------------------------------------------

    @rule(wallet=st.sampled_from([0, 1]), minor=st.sampled_from([1, 50_00]))
    def fill(self, wallet, minor):
        make_wallets.top_up(self.wallets[wallet], minor, at=self.at)
        self.model.wallets[wallet][1] += minor

    @rule()
    def ask_again(self):
        """The clock finds every lost answer, and the acquirer says yes once."""
        self.at += timedelta(minutes=2)
        lost = [sale for _, sale in self.ids.values() if sale.state == model.LOST]
        assert payments.resolve_due(by=BY, at=self.at) == len(lost)
        for sale in lost:
            self.model.approve(sale)

    @rule(nights=st.integers(1, 3))
    def nights_pass(self, nights):
        """What has waited long enough becomes available, and nothing else of it changes."""
        self.at += timedelta(days=nights)
        payments.make_available(by=BY, at=self.at)
        assert payments.make_available(by=BY, at=self.at) == 0
        for currency in self.model.pending:
            (funds,) = ledger_queries.merchant_funds(self.shop.id, [currency])
            captures = Capture.objects.filter(merchant_id=self.shop.id, currency=currency)
            known = captures.aggregate(minor=Sum("available_minor"))["minor"] or 0
            assert funds.available.minor - funds.owed.minor == known

    @rule(sale=sales)
    def hear_the_authorization_again(self, sale):
        """Told twice or late, it changes nothing but what was lost."""
        if sale.wallet is not None:
            return
        attempt = queries.payment(self.of(sale), self.shop.id).latest_attempt
        body, headers = self.acquirer.callback(str(attempt.id))
        payments.receive(provider="simulator", body=body, headers=headers, at=self.at)
        if sale.state == model.LOST:
            self.model.approve(sale)

    @rule(number=st.integers(0, 1_000))
    def ask_for_the_same_again(self, number):
        """A client that heard nothing sends the same under the same key."""
        if self.said:
            command, given, answer = self.said[number % len(self.said)]
            if answer != model.LOST:  # Its answer may have been found since.
                self.ask(command, **given)
                assert self.answer == answer

    # -- what must be equal ----------------------------------------------------------------

    @invariant()
    def the_money_is_where_the_model_says(self):
        if not hasattr(self, "shop"):
            return
        for currency, minor in self.model.pending.items():
            (funds,) = ledger_queries.merchant_funds(self.shop.id, [currency])
            owed = self.model.owed.get(currency, 0)
            there = funds.pending.minor + funds.available.minor
            assert there - funds.owed.minor == minor - owed
            assert funds.owed.minor <= owed
        for wallet, (currency, posted, held) in zip(self.wallets, self.model.wallets, strict=True):
            known = ledger_queries.wallet_balance(wallet.id, currency)
            assert (known.posted.minor, known.available.minor) == (posted, posted - held)

    @invariant()
    def each_sale_is_what_the_model_says(self):
        if not self.ids:
            return
        known = queries.payments_by_id([number for number, _ in self.ids.values()], self.shop.id)
        for payment_id, sale in self.ids.values():
            payment = known[payment_id]
            assert (
                str(payment.state),
                payment.captured.minor,
                payment.refunded.minor,
                payment.fee.minor,
            ) == (sale.state, sale.taken, sale.given, sale.fee)

    def teardown(self):
        payments.resolve_due(by=BY, at=self.at + timedelta(minutes=2))  # For the next life.
        Payments.lives += 1
        if Payments.lives % LIVES_PER_DATABASE == 0 or Payments.lives == EXAMPLES:
            nothing_broken()
            conftest._reset(os.environ["DATABASE_OWNER_URL"])

    # -- asking ----------------------------------------------------------------------------

    def do(self, command, **given):
        self.at += timedelta(minutes=1)
        given |= {"key": make.key(self.shop.id, f"k{len(self.said)}"), "at": self.at}
        heard = self.ask(command, **given)
        self.said.append((command, given, self.answer))
        return heard

    def ask(self, command, **given):
        """Return the state that a command leads to, or the kind of its refusal."""
        try:
            value = command(merchant_id=self.shop.id, by=BY, **given).value
        except Refusal as refusal:
            value = getattr(refusal, "payment", None)
            heard, self.answer = type(refusal).__name__, (refusal.code, refusal.message)
        else:
            heard = self.answer = str(value.state)
        if isinstance(value, data.Payment):
            self.last_id = value.id
        return heard

    def of(self, sale):
        return self.ids[id(sale)][0]


def nothing_broken() -> None:
    audit.seal()
    assert not list(invariants.check(INVARIANTS))
    assert not [*queries.replay(), *wallet_queries.replay()]


@pytest.mark.django_db(transaction=True)
def test_the_money_is_what_the_model_says(acquirer, record_property):
    Payments.acquirer, Payments.lives = acquirer, 0
    run_state_machine_as_test(
        Payments,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            # Whoever meets a failure reads its steps: making them fewer takes minutes.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
    nothing_broken()
    record_property("lives", Payments.lives)
    record_property("steps_each", STEPS)
