"""Transfers: from one wallet to another in one journal entry, and back."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from fintech.kernel import event_log, ids, invariants
from fintech.kernel.money import Money
from fintech.wallets import errors, queries
from fintech.wallets import services as wallets
from tests.make import wallets as make
from tests.make.wallets import eur
from tests.racing import race

pytestmark = pytest.mark.django_db
BY_NOW = {"by": make.BY, "at": make.NOON}


def _has(wallet):
    (known,) = queries.balances(wallet.id)
    return known.available.minor


def _send(source, destination, minor, **given):
    return wallets.transfer(
        source_id=source.id,
        destination_id=destination.id,
        amount=Money(minor, source.currency),
        **{**BY_NOW, **given},
    ).value


def test_what_leaves_one_wallet_arrives_in_the_other():
    ada, bob = make.wallet(10_00), make.wallet(1_00)

    sent = _send(ada, bob, 4_00)

    assert (_has(ada), _has(bob)) == (6_00, 5_00)
    assert (sent.state, sent.amount, sent.received) == ("succeeded", eur(4_00), eur(4_00))
    assert queries.transfer(sent.id) == sent
    assert queries.transfers(wallet_id=bob.id) == queries.transfers(make.MERCHANT) == [sent]
    (fact,) = event_log.stream("wallets.transfer", sent.id)
    assert fact.data["entry_id"] == str(sent.entry_id)


def test_a_key_sends_once():
    ada, bob = make.wallet(10_00), make.wallet()

    first = _send(ada, bob, 4_00, key=make.key())

    assert _send(ada, bob, 4_00, key=make.key()) == first
    assert _has(bob) == 4_00


def test_more_than_is_available_leaves_nothing_behind():
    ada, bob = make.wallet(10_00), make.wallet()
    make.hold(ada, 7_00)

    with pytest.raises(errors.InsufficientFunds):
        _send(ada, bob, 3_01)

    assert (_has(ada), _has(bob)) == (3_00, 0)
    assert queries.transfers() == []


def test_a_transfer_goes_back_once_and_whole():
    ada, bob = make.wallet(10_00), make.wallet()
    sent = _send(ada, bob, 4_00)

    back = wallets.reverse_transfer(transfer_id=sent.id, **BY_NOW).value

    assert (back.state, back.version, _has(ada), _has(bob)) == ("reversed", 2, 10_00, 0)
    with pytest.raises(errors.TransferNotReversible, match="reversed already"):
        wallets.reverse_transfer(transfer_id=sent.id, **BY_NOW)
    with pytest.raises(errors.TransferNotFound):
        wallets.reverse_transfer(transfer_id=sent.id, merchant_id=ids.new(), **BY_NOW)


def test_what_was_spent_does_not_go_back():
    ada, bob = make.wallet(10_00), make.wallet()
    sent = _send(ada, bob, 4_00)
    make.hold(bob, 1)

    with pytest.raises(errors.InsufficientFunds):
        wallets.reverse_transfer(transfer_id=sent.id, **BY_NOW)

    assert queries.transfer(sent.id) == sent


def test_nothing_leaves_a_frozen_wallet_but_things_arrive():
    ada, bob = make.wallet(10_00), make.wallet(1_00)
    wallets.freeze(wallet_id=bob.id, **BY_NOW)

    _send(ada, bob, 1_00)
    with pytest.raises(errors.WalletFrozen):
        _send(bob, ada, 1_00)

    assert _has(bob) == 2_00


def test_nothing_arrives_in_a_closed_wallet():
    ada, bob = make.wallet(10_00), make.wallet()
    wallets.close(wallet_id=bob.id, **BY_NOW)

    with pytest.raises(errors.WalletFrozen, match="The wallet is closed"):
        _send(ada, bob, 1_00)


def test_another_merchants_wallets_are_unknown():
    ada, bob = make.wallet(10_00), make.wallet(merchant=ids.new())

    for refuse in (
        lambda: _send(ada, bob, 1),
        lambda: _send(ada, make.wallet(), 1, merchant_id=ids.new()),
    ):
        with pytest.raises(errors.WalletNotFound):
            refuse()
    assert _has(ada) == 10_00


def test_a_wallet_does_not_pay_itself_nothing_or_another_currency_without_terms():
    ada, yen = make.wallet(10_00), make.wallet(0, "JPY")

    with pytest.raises(errors.ParameterInvalid):
        _send(ada, ada, 1)
    with pytest.raises(errors.AmountTooSmall):
        _send(ada, make.wallet(), 0)
    with pytest.raises(errors.QuoteMissing):
        _send(ada, yen, 1)


def test_a_limit_of_the_wallet_counts_transfers_and_forgets_reversed_ones():
    ada, bob = make.wallet(10_00), make.wallet()
    wallets.create_limit(
        merchant_id=make.MERCHANT,
        scope="wallet",
        kind="amount",
        window="day",
        maximum=5_00,
        currency="EUR",
        **BY_NOW,
    )
    sent = _send(ada, bob, 5_00)

    with pytest.raises(errors.LimitExceeded):
        _send(ada, bob, 1)
    wallets.reverse_transfer(transfer_id=sent.id, **BY_NOW)
    _send(ada, bob, 5_00)

    assert _has(bob) == 5_00


@pytest.mark.django_db(transaction=True)
def test_of_eight_transfers_of_the_same_money_one_goes_through():
    ada, bob = make.wallet(10_00), make.wallet()

    results = race(
        8,
        wallets.transfer,
        source_id=ada.id,
        destination_id=bob.id,
        amount=eur(7_00),
        **BY_NOW,
    )

    assert len([r for r in results if isinstance(r, errors.InsufficientFunds)]) == 7
    assert (_has(ada), _has(bob)) == (3_00, 7_00)


@pytest.mark.django_db(transaction=True)
def test_transfers_that_cross_each_other_keep_the_total_and_never_wait_in_a_circle():
    all_ = [make.wallet(100_00) for _ in range(4)]

    def send(number):
        try:
            source, destination = all_[number % 4], all_[(number * 3 + 1) % 4]
            if source is not destination:
                _send(source, destination, 1 + number % 7)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(80)))

    assert sum(_has(wallet) for wallet in all_) == 400_00
    assert list(queries.replay()) == []
    assert list(invariants.check(queries.INVARIANTS)) == []
