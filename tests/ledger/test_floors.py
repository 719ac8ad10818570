"""How far an account may fall: told, kept by the table itself, and looked at by whoever verifies."""

import pytest
from psycopg.errors import CheckViolation

from fintech.kernel import event_log, ids
from fintech.ledger import errors, queries, services
from fintech.ledger.data import chart
from tests.make import ledger as make
from tests.make.ledger import BY, NOON, eur


def account(wallet):
    return chart.account(chart.WALLET, "EUR", str(wallet))


def set_floor(wallet, floor) -> bool:
    return services.set_floor(account=account(wallet), floor=floor, by=BY, at=NOON)


@pytest.mark.django_db
class TestFloors:
    def test_an_account_that_was_never_used_may_be_overdrawn_so_far_and_no_further(self):
        wallet = ids.new()
        assert set_floor(wallet, -5_00)

        make.post(make.transfer(wallet, ids.new(), eur(5_00)))
        with pytest.raises(errors.Overdraft):
            make.post(make.transfer(wallet, ids.new(), eur(1)))

        assert queries.wallet_balance(wallet, "EUR").posted == eur(-5_00)
        assert list(queries.verify()) == []
        assert list(queries.replay()) == []

    def test_what_must_stay_in_an_account_stays(self):
        wallet = make.full_wallet(eur(9_00))
        assert set_floor(wallet, 4_00)

        make.post(make.transfer(wallet, ids.new(), eur(5_00)))
        with pytest.raises(errors.Overdraft):
            make.post(make.transfer(wallet, ids.new(), eur(1)))

        assert queries.wallet_balance(wallet, "EUR").posted == eur(4_00)

    def test_one_that_holds_less_is_refused_and_nothing_is_told(self):
        wallet = make.full_wallet(eur(3_99))
        with pytest.raises(errors.BelowFloor):
            set_floor(wallet, 4_00)

        make.post(make.transfer(wallet, ids.new(), eur(3_99)))
        assert event_log.stream("ledger.floor", account(wallet).digest) == []

    def test_each_change_is_told_once_with_its_version(self):
        wallet = ids.new()
        assert [set_floor(wallet, floor) for floor in (-1_00, -1_00, 0)] == [True, False, True]

        told = event_log.stream("ledger.floor", account(wallet).digest)

        assert [(fact.version, fact.data["floor"]) for fact in told] == [(1, -1_00), (2, 0)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("tampered", ["balance SET floor = -99999", "floor SET floor = -99999"])
def test_a_floor_that_nobody_told_is_found(owner, tampered):
    wallet = make.full_wallet(eur(1_00))
    set_floor(wallet, -1_00)
    assert list(queries.verify()) == []
    owner.execute("SET session_replication_role = replica")
    owner.execute(
        f"UPDATE ledger_{tampered} WHERE account = (SELECT max(account) FROM ledger_floor)"
    )

    (fault,) = queries.verify()

    assert fault.row == f"ledger_balance {account(wallet).address} EUR"


@pytest.mark.django_db(transaction=True)
def test_the_table_itself_refuses_to_fall_below(owner):
    wallet = ids.new()
    set_floor(wallet, -1_00)
    with pytest.raises(CheckViolation, match="ledger_balance_keeps_its_floor"):
        owner.execute(
            "UPDATE ledger_balance SET posted = 101 WHERE digest = %s", [account(wallet).digest]
        )
