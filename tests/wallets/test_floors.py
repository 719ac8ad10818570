"""How far a wallet may fall: overdrawn as its merchant may lend, or kept above a minimum."""

import pytest
from django.db import IntegrityError

from fintech.kernel import approvals, event_log, ids, invariants
from fintech.kernel.actor import Actor
from fintech.ledger import queries as ledger_queries
from fintech.wallets import errors, queries
from fintech.wallets import services as wallets
from fintech.wallets.models import Allowance, Wallet
from tests.make import wallets as make
from tests.racing import race

pytestmark = pytest.mark.django_db
BY_NOW = {"by": make.BY, "at": make.NOON}
EUR_500 = 500_00


def allow(most=EUR_500, **given):
    asked = {"merchant_id": make.MERCHANT, "currency": "EUR", **given}
    return wallets.allow_overdraft(most_minor=most, **asked, **BY_NOW)


def floor(wallet, minor, **given):
    asked = {"currency": "EUR", **given}
    return wallets.set_floor(wallet_id=wallet.id, floor_minor=minor, **asked, **BY_NOW).value


def pay(source, to, minor):
    return wallets.transfer(
        source_id=source.id, destination_id=to.id, amount=make.eur(minor), **BY_NOW
    ).value


def available(wallet):
    return queries.balances(wallet.id)[0].available.minor


def told(wallet):
    return [fact.name.split(".")[1] for fact in event_log.stream("wallets.wallet", wallet.id)]


def true():
    return list(invariants.check(queries.INVARIANTS)) + list(queries.replay()) == []


def test_a_wallet_is_overdrawn_to_its_floor_and_not_a_cent_further():
    allow()
    wallet, other = make.wallet(10_00), make.wallet()
    changed = floor(wallet, -100_00)

    pay(wallet, other, 60_00)
    make.hold(wallet, 50_00)
    with pytest.raises(errors.InsufficientFunds):
        pay(wallet, other, 1)
    with pytest.raises(errors.InsufficientFunds):
        make.hold(wallet, 1)

    (known,) = queries.balances(wallet.id)
    assert (changed.floors, changed.version) == ({"EUR": -100_00}, 2)
    assert (known.posted, known.held, known.available, known.floor) == (
        make.eur(-50_00),
        make.eur(50_00),
        make.eur(0),
        make.eur(-100_00),
    )
    assert true()


def test_what_must_stay_in_a_wallet_stays():
    wallet, other = make.wallet(10_00), make.wallet()
    floor(wallet, 4_00)

    pay(wallet, other, 6_00)
    with pytest.raises(errors.InsufficientFunds):
        pay(wallet, other, 1)

    assert (available(wallet), queries.balances(wallet.id)[0].posted) == (0, make.eur(4_00))
    assert true()


def test_a_new_wallet_may_begin_with_an_overdraft():
    allow()
    wallet = wallets.create_wallet(
        merchant_id=make.MERCHANT, currency="EUR", floor_minor=-20_00, **BY_NOW
    ).value

    assert (available(wallet), wallet.floors) == (20_00, {"EUR": -20_00})
    assert told(wallet) == ["wallet_created", "floor_set"]
    assert true()


@pytest.mark.parametrize(
    ("minor", "given", "refusal"),
    [
        (-EUR_500 - 1, {}, errors.OverdraftNotAllowed),
        (10_01, {}, errors.BelowMinimum),
        (-1, {"currency": "JPY"}, errors.CurrencyNotTheWallets),
        (-(10**12), {}, errors.AmountTooLarge),
        (10**12, {}, errors.AmountTooLarge),
        (-1, {"expected_version": 7}, errors.WalletChanged),
        (-1, {"merchant_id": ids.new()}, errors.WalletNotFound),
    ],
)
def test_a_floor_that_is_refused_leaves_nothing_behind(minor, given, refusal):
    allow()
    wallet = make.wallet(10_00)

    with pytest.raises(refusal):
        floor(wallet, minor, **given)

    assert queries.wallet(wallet.id) == wallet
    assert told(wallet) == ["wallet_created"]
    assert available(wallet) == 10_00


def test_nobody_is_overdrawn_where_nobody_has_allowed_it():
    wallet = make.wallet()

    with pytest.raises(errors.OverdraftNotAllowed, match=r"at most 0\.00 EUR, not by 0\.01 EUR"):
        floor(wallet, -1)

    assert queries.wallet(wallet.id).floors == {}


def test_a_wallet_that_is_overdrawn_keeps_its_floor_until_it_is_paid_back():
    allow()
    wallet, other = make.wallet(), make.wallet()
    floor(wallet, -50_00)
    pay(wallet, other, 30_00)

    with pytest.raises(errors.BelowMinimum):
        floor(wallet, -29_99)
    allow(0)  # What is lent already stays lent.
    assert available(wallet) == 20_00
    with pytest.raises(errors.OverdraftNotAllowed):
        floor(wallet, -49_00)
    with pytest.raises(errors.WalletNotEmpty):
        wallets.close(wallet_id=wallet.id, **BY_NOW)

    pay(other, wallet, 30_00)
    assert floor(wallet, 0).floors == {}
    assert wallets.close(wallet_id=wallet.id, **BY_NOW).value.state == "closed"
    assert true()


def test_a_floor_holds_in_its_own_currency_only():
    allow()
    wallet = wallets.create_wallet(
        merchant_id=make.MERCHANT, currency="EUR", currencies=["USD"], **BY_NOW
    ).value
    floor(wallet, -5_00)

    with pytest.raises(errors.InsufficientFunds):
        make.hold(wallet, 1, currency="USD")
    assert make.hold(wallet, 5_00).amount == make.eur(5_00)


def test_the_same_key_sets_it_once():
    allow()
    wallet = make.wallet()
    asked = {"wallet_id": wallet.id, "currency": "EUR", "floor_minor": -1_00, **BY_NOW}

    first = wallets.set_floor(key=make.key(), **asked)
    floor(first.value, -2_00)
    again = wallets.set_floor(key=make.key(), **asked)

    assert (again.replayed, again.value) == (True, first.value)
    assert queries.wallet(wallet.id).floors == {"EUR": -2_00}


def test_two_people_say_how_far_a_merchant_may_lend():
    mia, ada = (Actor(kind="staff", id=str(ids.new())) for _ in range(2))
    proposal = wallets.propose_overdraft(
        merchant_id=make.MERCHANT,
        currency="EUR",
        most_minor=EUR_500,
        reason="a credit line",
        by=mia,
        at=make.NOON,
    )

    assert not Allowance.objects.exists()
    with pytest.raises(approvals.SamePerson):
        approvals.approve(approval_id=proposal, by=mia, at=make.NOON)
    allowed = approvals.approve(approval_id=proposal, by=ada, at=make.NOON)

    assert (allowed.most_minor, allowed.version) == (EUR_500, 1)
    assert floor(make.wallet(), -EUR_500).floors == {"EUR": -EUR_500}
    assert true()


def test_saying_the_same_again_tells_nothing():
    assert allow(0).version == 1
    assert [allow(1).version, allow(1).version, allow(2).version] == [2, 2, 3]
    allowance = Allowance.objects.get()
    facts = event_log.stream("wallets.allowance", allowance.id)
    assert [fact.data["most_minor"] for fact in facts] == [0, 1, 2]


@pytest.mark.parametrize(
    ("most", "currency", "refusal"),
    [(-1, "EUR", errors.AmountTooSmall), (10**12, "EUR", errors.AmountTooLarge),
     (1, "XXX", errors.CurrencyNotSupported)],
)  # fmt: skip
def test_what_nobody_can_allow_is_refused(most, currency, refusal):
    with pytest.raises(refusal):
        allow(most, currency=currency)
    assert not Allowance.objects.exists()


def test_the_database_holds_the_line():
    allow()
    with pytest.raises(IntegrityError, match="wallets_allowance_is_not_negative"):
        Allowance.objects.update(most_minor=-1)


def test_a_floor_that_the_books_do_not_have_is_found():
    wallet = make.wallet(1_00)
    assert true()

    Wallet.objects.filter(id=wallet.id).update(floors={"EUR": -1_00})

    assert [one.id for one in invariants.check(queries.INVARIANTS)] == ["I-6"]


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_race_for_an_overdraft_as_many_have_it_as_fit():
    allow()
    wallet, other = make.wallet(), make.wallet()
    floor(wallet, -50_00)

    outcomes = race(8, pay, source=wallet, to=other, minor=10_00)

    refused = [one for one in outcomes if isinstance(one, errors.InsufficientFunds)]
    assert (len(refused), available(wallet)) == (3, 0)
    assert ledger_queries.wallet_balance(wallet.id, "EUR").posted == make.eur(-50_00)
    assert true()


@pytest.mark.django_db(transaction=True)
def test_a_floor_that_is_raised_while_others_spend_is_never_broken():
    allow()
    wallet, other = make.wallet(), make.wallet()
    floor(wallet, -50_00)

    turns = iter(range(6))

    def either():
        return floor(wallet, -20_00) if next(turns) == 3 else pay(wallet, other, 10_00)

    race(6, either)

    known = queries.balances(wallet.id)[0]
    assert known.available >= make.eur(0)
    assert true()
