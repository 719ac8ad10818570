"""Limits of a tier, channel, category or kind of operation; of balances; and what reversal does."""

from datetime import UTC, datetime, timedelta

import pytest
from django_subatomic import db

from fintech.kernel import ids
from fintech.wallets import data, errors, queries
from fintech.wallets import services as wallets
from fintech.wallets.models import Reservation
from tests.make import wallets as make
from tests.make.wallets import eur

pytestmark = pytest.mark.django_db
BY_NOW = {"by": make.BY, "at": make.NOON}


def _limit(kind="amount", window="day", maximum=5_00, **given):
    asked = {"scope": "wallet", "currency": "EUR", **given}
    return wallets.create_limit(
        merchant_id=make.MERCHANT, kind=kind, window=window, maximum=maximum, **asked, **BY_NOW
    ).value


def _wallet(minor=100_00, **given):
    wallet = wallets.create_wallet(
        merchant_id=make.MERCHANT, currency="EUR", **given, **BY_NOW
    ).value
    if minor:
        make.top_up(wallet, minor)
    return wallet


def _send(source, destination, minor, **given):
    return wallets.transfer(
        source_id=source.id,
        destination_id=destination.id,
        amount=eur(minor),
        **{**BY_NOW, **given},
    ).value


def test_a_limit_of_a_tier_holds_for_wallets_of_that_tier():
    _limit(tier="basic")
    basic, verified, other = _wallet(tier="basic"), _wallet(tier="verified"), _wallet()

    _send(verified, other, 50_00)
    with pytest.raises(errors.LimitExceeded):
        _send(basic, other, 5_01)
    wallets.update_wallet(wallet_id=basic.id, tier="verified", **BY_NOW)

    _send(basic, other, 5_01)


def test_a_limit_of_a_channel_category_or_kind_sees_only_what_is_of_it():
    ada, bob = _wallet(), _wallet()
    _limit(channel="api")
    _limit(category="rent", maximum=6_00)
    _limit(operation="hold", maximum=7_00)

    _send(ada, bob, 50_00)
    with pytest.raises(errors.LimitExceeded, match=r"daily 5\.00 EUR"):
        _send(ada, bob, 5_01, channel="api")
    with pytest.raises(errors.LimitExceeded, match=r"daily 6\.00 EUR"):
        _send(ada, bob, 6_01, category="rent")
    with pytest.raises(errors.LimitExceeded, match=r"daily 7\.00 EUR"):
        make.hold(ada, 7_01)


def test_a_wallet_holds_at_most_so_much_whoever_fills_it():
    ada, bob = _wallet(), _wallet(8_00)
    _limit("balance", "per_transaction", 10_00, subject=str(bob.id))

    with pytest.raises(errors.LimitExceeded) as refused:
        _send(ada, bob, 2_01)
    _send(ada, bob, 2_00)

    assert refused.value.facts["breaches"] == [
        "at most 10.00 EUR in the wallet, in it or on its way 8.00, coming 2.01"
    ]
    assert queries.balances(bob.id)[0].posted == eur(10_00)


def test_what_is_on_its_way_into_a_wallet_counts_until_it_is_there():
    bob = _wallet(8_00)
    _limit("balance", "per_transaction", 10_00)
    coming = data.LimitRequest(
        operation_id=ids.new(),
        merchant_id=make.MERCHANT,
        customer_id=None,
        card_fingerprint="",
        amount=eur(2_00),
        at=make.NOON,
        operation="top_up",
        receiver_id=bob.id,
    )
    with db.transaction_if_not_already():
        assert wallets.reserve([coming]) == [()]

    with pytest.raises(errors.LimitExceeded, match=r"on its way 10\.00"):
        _send(_wallet(), bob, 1)
    with db.transaction_if_not_already():
        wallets.free([coming.operation_id])
    _send(_wallet(), bob, 2_00)


@pytest.mark.parametrize(("reversal", "passes"), [("gives_back", True), ("keeps", False)])
def test_a_limit_says_whether_what_was_undone_is_given_back(reversal, passes):
    ada, bob = _wallet(), _wallet()
    limit = _limit(reversal=reversal)
    sent = _send(ada, bob, 5_00)

    wallets.reverse_transfer(transfer_id=sent.id, **BY_NOW)

    used = queries.usage(limit.id, subject=str(ada.id), at=make.NOON).used
    assert used == (0 if passes else 5_00)
    if passes:
        _send(ada, bob, 5_00)
    else:
        with pytest.raises(errors.LimitExceeded):
            _send(ada, bob, 1)


def test_a_day_begins_where_the_owner_lives():
    _limit(kind="count", maximum=1, zone="owner")
    here, there, other = _wallet(zone="Europe/Berlin"), _wallet(zone="Asia/Tokyo"), _wallet()
    evening = datetime(2026, 11, 2, 14, 59, tzinfo=UTC)
    midnight_in_tokyo = evening + timedelta(minutes=1)
    for wallet in (here, there):
        _send(wallet, other, 1, at=evening)

    _send(there, other, 1, at=midnight_in_tokyo)
    with pytest.raises(errors.LimitExceeded, match="frees 2026-11-03 00:00 Europe/Berlin"):
        _send(here, other, 1, at=midnight_in_tokyo)


def test_what_a_hold_had_reserved_is_expired_with_it():
    wallet = _wallet()
    _limit()
    make.hold(wallet, 5_00, expires_at=make.NOON + timedelta(hours=1))

    wallets.expire_due(make.NOON + timedelta(hours=1))

    assert [each.state for each in Reservation.objects.all()] == ["expired"]
    make.hold(wallet, 5_00)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"kind": "balance"}, "window"),
        ({"kind": "balance", "window": "per_transaction", "scope": "customer"}, "scope"),
        ({"zone": "owner", "scope": "merchant"}, "zone"),
        ({"tier": "no spaces"}, "tier"),
        ({"reversal": "sometimes"}, "reversal"),
    ],
)
def test_what_makes_no_such_limit_is_refused(given, param):
    with pytest.raises(errors.Invalid) as refused:
        _limit(**given)

    assert refused.value.param == param
