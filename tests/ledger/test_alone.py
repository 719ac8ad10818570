"""A transfer that comes alone is written by a shorter way, and decided as in a batch."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fintech.kernel import ids
from fintech.ledger import queries, services
from fintech.ledger.data import Code
from tests.make import ledger as make
from tests.make.ledger import NOON, eur

pytestmark = pytest.mark.django_db

CLOSED_BEFORE = NOON - timedelta(days=400)


def _closed_account(place):
    """Of the two, in the order in which they are locked, one is closed."""
    wallets = sorted((make.full_wallet(eur(1_00)) for _ in range(2)), key=_account_digest)
    closed, other = wallets[place], wallets[1 - place]
    make.post(make.transfer(closed, other, eur(1_00)))
    services.close_account(account=_account(closed), by=make.BY, at=NOON)
    return make.transfer(other, closed, eur(1_00))


def _account(wallet):
    return make.top_up(wallet, eur(1)).lines[-1].account


def _account_digest(wallet):
    return _account(wallet).digest


def _transfer(minor, **named):
    return make.transfer(make.full_wallet(eur(5_00)), make.full_wallet(eur(1)), eur(minor), **named)


def _again(change):
    entry = _transfer(2_00)
    make.post(entry)
    return replace(entry, **change)


def _held(minor):
    wallet = make.full_wallet(eur(5_00))
    make.post(make.hold(wallet, ids.new(), eur(2_00)))
    return make.transfer(wallet, make.full_wallet(eur(1)), eur(minor))


def _turned(minor):
    entry = _transfer(minor)
    return replace(entry, lines=entry.lines[::-1])


ALONE = {
    "fits": (lambda: _transfer(5_00), Code.POSTED),
    "fits, its lines the other way round": (lambda: _turned(5_00), Code.POSTED),
    "to an account that is not there yet": (
        lambda: make.transfer(make.full_wallet(eur(5_00)), ids.new(), eur(1)),
        Code.POSTED,
    ),
    "a cent too many": (lambda: _transfer(5_01), Code.OVERDRAFT),
    "a cent too many, the other way round": (lambda: _turned(5_01), Code.OVERDRAFT),
    "all that is not held": (lambda: _held(3_00), Code.POSTED),
    "a cent of what is held": (lambda: _held(3_01), Code.OVERDRAFT),
    "a closed account": (lambda: _closed_account(0), Code.ACCOUNT_CLOSED),
    "another closed account": (lambda: _closed_account(1), Code.ACCOUNT_CLOSED),
    "again": (lambda: _again({}), Code.EXISTS),
    "again with another subject": (lambda: _again({"subject": ids.new()}), Code.CONFLICT),
    "again with another amount": (lambda: _again({"lines": _transfer(1).lines}), Code.CONFLICT),
    "an old id": (
        lambda: _transfer(1, entry_id=ids.at_time(NOON - timedelta(days=4_000))),
        Code.ID_OUT_OF_WINDOW,
    ),
    "in a closed period": (
        lambda: _transfer(1, at=CLOSED_BEFORE - timedelta(microseconds=1)),
        Code.PERIOD_CLOSED,
    ),
    "after a closed period": (lambda: _transfer(1, at=CLOSED_BEFORE), Code.POSTED),
}


@pytest.mark.parametrize("case", ALONE)
def test_a_transfer_is_decided_alike_alone_and_in_a_batch(case):
    made, expected = ALONE[case]
    if "period" in case:
        services.close_period(before=CLOSED_BEFORE, by=make.BY, at=NOON)
    stands = []
    for neighbors in ([], [make.top_up(ids.new(), eur(1))]):
        entry = made()
        codes = [o.code for o in services.try_post([entry, *neighbors], by=make.BY)]
        stands.append(
            (codes[0], [queries.balance(one.account.address, "EUR").posted for one in entry.lines])
        )
    assert stands[0] == stands[1]
    assert stands[0][0] == expected
    assert not queries.verify()
