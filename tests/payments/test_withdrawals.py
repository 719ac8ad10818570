"""Withdrawals: the money leaves the wallet at once, and comes back if anybody says no."""

import pytest

from fintech.kernel import invariants
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger
from fintech.payments import services as payments
from fintech.payments.services import withdrawals
from fintech.wallets import errors, queries
from fintech.wallets import services as wallets
from tests.make import wallets as make
from tests.make.wallets import eur

pytestmark = pytest.mark.django_db(transaction=True)
BY_NOW = {"by": make.BY, "at": make.NOON}
ACCOUNT = "DE89370400440532013000"


class Bank:
    """A bank that says what it is told to, and remembers whom it was asked for."""

    def __init__(self) -> None:
        self.says, self.asked = "sent", []

    def __call__(self, begun, _at):
        self.asked.append(begun.id)
        return self.says, f"bank-{len(self.asked)}" if self.says else ""


@pytest.fixture
def bank(monkeypatch):
    fake = Bank()
    monkeypatch.setattr(withdrawals, "_ask", fake)
    return fake


def _withdraw(wallet, minor, **given):
    return payments.withdraw_from_wallet(
        merchant_id=make.MERCHANT,
        wallet_id=wallet.id,
        amount=Money(minor, wallet.currency),
        account=ACCOUNT,
        **{**BY_NOW, **given},
    ).value


def _has(wallet):
    return queries.balances(wallet.id)[0].available.minor


def _in_transit(wallet):
    address = f"liabilities:wallet:{wallet.id}:withdrawal_in_transit"
    return ledger.balance(address, "EUR").posted.minor


def _sound():
    return [*invariants.check(queries.INVARIANTS)] == [] and [*queries.replay()] == []


def test_what_the_bank_sends_is_gone_from_wallet_and_bank_account(bank):
    wallet = make.wallet(10_00)

    done = _withdraw(wallet, 4_00)

    assert (done.state, done.bank_reference, done.version) == ("paid", "bank-1", 2)
    assert (_has(wallet), _in_transit(wallet)) == (6_00, 0)
    assert ledger.balance("assets:bank:main", "EUR").posted == eur(-4_00)
    assert queries.withdrawals(wallet_id=wallet.id) == [done]
    assert _sound()


def test_what_the_bank_rejects_comes_back_with_its_share_of_limits(bank):
    wallet, bank.says = make.wallet(10_00), "rejected"
    wallets.create_limit(
        merchant_id=make.MERCHANT, scope="wallet", kind="amount", window="day", maximum=4_00,
        currency="EUR", operation="withdrawal", **BY_NOW,
    )  # fmt: skip

    done = _withdraw(wallet, 4_00)
    bank.says = "sent"
    _withdraw(wallet, 4_00)

    assert (done.state, _has(wallet)) == ("failed", 6_00)
    with pytest.raises(errors.LimitExceeded, match=r"daily 4\.00 EUR by wallet, used 4\.00"):
        _withdraw(wallet, 1)
    assert _sound()


def test_an_answer_that_is_lost_is_asked_for_again_and_the_money_stays_away(bank):
    wallet, bank.says = make.wallet(10_00), ""

    sent = _withdraw(wallet, 4_00)
    assert (sent.state, _has(wallet), _in_transit(wallet)) == ("pending", 6_00, 4_00)
    assert payments.send_pending_withdrawals(make.NOON) == 0
    bank.says = "sent"

    assert payments.send_pending_withdrawals(make.NOON) == 1
    assert bank.asked == [sent.id] * 3
    assert queries.withdrawal(sent.id).state == "paid"
    assert payments.send_pending_withdrawals(make.NOON) == 0
    assert _sound()


def test_a_large_amount_waits_for_a_person(bank):
    wallet = make.wallet(5_000_00)
    over = {"by": make.BY, "at": make.NOON}

    small = _withdraw(wallet, 1_000_00)
    approved, rejected = _withdraw(wallet, 1_000_01), _withdraw(wallet, 2_000_00)
    assert (small.state, approved.state, rejected.state) == (
        "paid",
        "awaiting_approval",
        "awaiting_approval",
    )
    assert (bank.asked, _has(wallet)) == ([small.id], 999_99)
    wallets.approve_withdrawal(withdrawal_id=approved.id, **over)
    back = wallets.reject_withdrawal(withdrawal_id=rejected.id, **over)
    payments.send_pending_withdrawals(make.NOON)

    assert (queries.withdrawal(approved.id).state, back.state) == ("paid", "canceled")
    assert _has(wallet) == 2_999_99
    with pytest.raises(errors.WithdrawalUnexpectedState):
        wallets.approve_withdrawal(withdrawal_id=rejected.id, **over)
    assert _sound()


def test_a_key_withdraws_once_and_tells_what_came_of_it(bank):
    wallet, bank.says = make.wallet(10_00), ""
    first = _withdraw(wallet, 4_00, key=make.key())
    bank.says = "sent"
    payments.send_pending_withdrawals(make.NOON)

    again = _withdraw(wallet, 4_00, key=make.key())

    assert (again.id, again.state, _has(wallet)) == (first.id, "paid", 6_00)


def test_more_than_is_available_leaves_nothing_behind(bank):
    wallet = make.wallet(10_00)
    make.hold(wallet, 7_00)

    with pytest.raises(errors.InsufficientFunds):
        _withdraw(wallet, 3_01)

    assert (bank.asked, queries.withdrawals(), _has(wallet)) == ([], [], 3_00)


def test_money_in_transit_that_no_withdrawal_explains_is_found(bank, owner):
    wallet, bank.says = make.wallet(10_00), ""
    _withdraw(wallet, 4_00)
    owner.execute("UPDATE wallets_withdrawal SET amount_minor = 399")

    assert [finding.id for finding in invariants.check(queries.INVARIANTS)] == ["W-5"]
