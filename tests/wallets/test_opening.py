"""Wallets: opened, frozen, closed, and guarded by their version."""

import pytest
from django_subatomic import db

from fintech.kernel import event_log, ids, invariants
from fintech.ledger.errors import AccountClosed
from fintech.wallets import errors, queries
from fintech.wallets import services as wallets
from tests.make import wallets as make
from tests.racing import race

pytestmark = pytest.mark.django_db
BY_NOW = {"by": make.BY, "at": make.NOON}


def _told(wallet):
    return [fact.name.split(".")[1] for fact in event_log.stream("wallets.wallet", wallet.id)]


def test_a_new_wallet_is_empty_and_says_nothing_personal():
    customer = ids.new()

    wallet = make.wallet(customer=customer)

    (known,) = queries.balances(wallet.id)
    assert (known.posted.minor, known.pending.minor, known.held.minor) == (0, 0, 0)
    assert (wallet.state, wallet.version, wallet.owner) == ("active", 1, "Wanda")
    (fact,) = event_log.stream("wallets.wallet", wallet.id)
    assert fact.data["customer_id"] == str(customer)
    assert "Wanda" not in str(fact.data)
    assert queries.wallets(make.MERCHANT, customer_id=customer) == [wallet]
    assert queries.wallets(ids.new()) == []


def test_a_key_opens_one_wallet():
    asked = {"merchant_id": make.MERCHANT, "owner": "a", "currency": "EUR", "metadata": {}}

    first = wallets.create_wallet(**asked, key=make.key(), **BY_NOW)
    again = wallets.create_wallet(**asked, key=make.key(), **BY_NOW)

    assert (first.replayed, again.replayed) == (False, True)
    assert again.value == first.value
    assert len(queries.wallets(make.MERCHANT)) == 1


@pytest.mark.parametrize("currency", ["eur", "XXX", "BTC", "", "EURO"])
def test_nobody_keeps_money_in_a_currency_that_nobody_knows(currency):
    with pytest.raises(errors.CurrencyNotSupported):
        make.wallet(currency=currency)

    assert queries.wallets(make.MERCHANT) == []


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"owner": "x" * 201}, "owner"),
        ({"owner": "a\x00b"}, "owner"),
        ({"metadata": {"k": "x" * 501}}, "metadata[k]"),
        ({"metadata": {"k" * 41: "x"}}, "metadata"),
        ({"metadata": {str(n): "x" for n in range(51)}}, "metadata"),
    ],
)
def test_what_no_wallet_can_say_is_refused(given, param):
    asked = {"merchant_id": make.MERCHANT, "currency": "EUR", **given}

    with pytest.raises(errors.ParameterInvalid) as refused:
        wallets.create_wallet(**asked, **BY_NOW)

    assert refused.value.param == param


def test_nothing_leaves_a_frozen_wallet_and_what_is_held_can_still_be_taken():
    wallet = make.wallet(10_00)
    held = make.hold(wallet, 2_00)

    frozen = wallets.freeze(wallet_id=wallet.id, **BY_NOW).value
    with pytest.raises(errors.WalletFrozen, match="The wallet is frozen"):
        make.hold(wallet, 1_00)
    make.top_up(wallet, 1_00)
    wallets.capture(hold_id=held.id, **BY_NOW)
    thawed = wallets.unfreeze(wallet_id=wallet.id, **BY_NOW).value
    make.hold(wallet, 1_00)

    assert (frozen.state, thawed.state) == ("frozen", "active")
    assert _told(wallet) == ["wallet_created", "wallet_frozen", "wallet_unfrozen"]


def test_freezing_twice_says_so_once():
    wallet = make.wallet()
    first = wallets.freeze(wallet_id=wallet.id, **BY_NOW).value

    assert wallets.freeze(wallet_id=wallet.id, **BY_NOW).value == first
    assert first.version == 2


def test_a_wallet_is_closed_only_at_zero():
    wallet = make.wallet(1_00)

    with pytest.raises(errors.WalletNotEmpty, match=r"holds 1\.00 EUR"):
        wallets.close(wallet_id=wallet.id, **BY_NOW)
    wallets.capture(hold_id=make.hold(wallet, 1_00).id, **BY_NOW)
    closed = wallets.close(wallet_id=wallet.id, **BY_NOW).value

    assert (closed.state, closed.closed_at) == ("closed", make.NOON)
    with pytest.raises(errors.WalletFrozen, match="The wallet is closed"):
        make.hold(wallet, 1)
    with pytest.raises(errors.WalletFrozen):
        wallets.freeze(wallet_id=wallet.id, **BY_NOW)


def test_a_closed_wallets_ledger_account_takes_nothing_until_money_that_was_under_way_comes():
    wallet = make.wallet(1_00)
    wallets.capture(hold_id=make.hold(wallet, 1_00).id, **BY_NOW)
    wallets.close(wallet_id=wallet.id, **BY_NOW)
    with pytest.raises(AccountClosed):
        make.top_up(wallet, 5_00)

    with db.transaction_if_not_already():
        wallets.receive(wallet_ids=[wallet.id], **BY_NOW)
    make.top_up(wallet, 5_00)

    found = queries.wallet(wallet.id)
    assert (found.state, found.closed_at) == ("frozen", None)
    assert queries.balances(wallet.id)[0].posted == make.eur(5_00)
    assert _told(wallet)[-2:] == ["wallet_closed", "wallet_reopened"]
    with db.transaction_if_not_already():
        wallets.receive(wallet_ids=[wallet.id], **BY_NOW)
    assert queries.wallet(wallet.id) == found


def test_a_change_that_has_not_seen_the_last_one_is_refused():
    wallet = make.wallet()
    wallets.freeze(wallet_id=wallet.id, expected_version=1, **BY_NOW)

    with pytest.raises(errors.WalletChanged, match="version 1 was expected, it is 2"):
        wallets.unfreeze(wallet_id=wallet.id, expected_version=1, **BY_NOW)

    assert queries.wallet(wallet.id).state == "frozen"


def test_metadata_is_merged_and_an_empty_value_removes_its_key():
    wallet = make.wallet()
    change = {"wallet_id": wallet.id, **BY_NOW}

    wallets.update_wallet(metadata={"a": "1", "b": "2"}, **change)
    changed = wallets.update_wallet(owner="Otto", metadata={"a": ""}, **change).value

    assert (changed.metadata, changed.owner, changed.version) == ({"b": "2"}, "Otto", 3)


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_have_seen_the_same_version_one_changes_the_wallet():
    wallet = make.wallet()

    results = race(
        8, wallets.update_wallet, wallet_id=wallet.id, owner="x", expected_version=1, **BY_NOW
    )

    assert len([r for r in results if isinstance(r, errors.WalletChanged)]) == 7
    assert queries.wallet(wallet.id).version == 2


@pytest.mark.django_db(transaction=True)
def test_log_and_rows_agree_and_a_closed_wallet_with_money_is_found(owner):
    wallet = make.wallet(5_00)
    wallets.freeze(wallet_id=wallet.id, **BY_NOW)
    assert list(queries.replay()) == []

    owner.execute("UPDATE wallets_wallet SET state = 'closed', closed_at = now()")

    assert [found.id for found in invariants.check(queries.INVARIANTS)] == ["W-2"]
    assert [d.column for d in queries.replay()] == ["state"]
