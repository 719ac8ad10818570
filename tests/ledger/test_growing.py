"""The books as they grow: snapshots, months that are archived, two clocks, two versions."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.core.management import call_command

from fintech.kernel import ids, proof
from fintech.kernel.invariants import check
from fintech.ledger import queries, services
from tests.make import ledger as make
from tests.make.ledger import BY, NOON, eur

OLD = datetime(2025, 3, 10, tzinfo=UTC)


@pytest.mark.django_db
class TestSnapshots:
    def test_one_is_taken_every_so_many_lines_and_replay_checks_it(self):
        wallet = make.full_wallet(eur(10_00))
        for _ in range(6):
            make.post(make.transfer(wallet, ids.new(), eur(1)))
        assert services.take_snapshots(every=5) == 1
        assert services.take_snapshots(every=5) == 0
        assert list(queries.replay()) == []

    def test_progress_is_told(self):
        make.full_wallet(eur(10_00))
        heard = []
        assert list(queries.replay(progress=lambda done, of: heard.append((done, of)))) == []
        assert heard[-1][0] == heard[-1][1] > 0


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_that_was_changed_shows_in_the_replay(owner):
    wallet = make.full_wallet(eur(10_00))
    services.take_snapshots(every=1)
    owner.execute("SET session_replication_role = replica")
    owner.execute("UPDATE ledger_snapshot SET posted = posted + 1 WHERE posted = -1000")
    (difference,) = queries.replay()
    assert difference.row == f"snapshot of liabilities:wallet:{wallet} EUR at 1"


@pytest.mark.django_db
class TestTwoClocks:
    def test_a_balance_is_told_as_of_an_instant_and_as_it_was_known_at_another(self):
        wallet = ids.new()
        address = f"liabilities:wallet:{wallet}"
        make.post(make.top_up(wallet, eur(10_00), at=NOON - timedelta(days=2)))
        known = queries.entry(make.post(make.top_up(wallet, eur(5_00), at=NOON))[0].entry_id)
        late = make.top_up(wallet, eur(1_00), at=NOON - timedelta(days=1))
        make.post(late)  # Told late: it happened before the one above.

        def at(**named):
            return queries.balance_as_of(address, "EUR", **named)

        assert at() == queries.wallet_balance(wallet, "EUR").posted == eur(16_00)
        assert at(occurred_at=NOON - timedelta(hours=1)) == eur(11_00)
        assert at(occurred_at=NOON - timedelta(hours=1), recorded_at=known.recorded_at) == eur(
            10_00
        )
        assert at(recorded_at=known.recorded_at) == eur(15_00)
        assert at(occurred_at=NOON - timedelta(days=3)) == eur(0)

    def test_a_trial_balance_too_and_it_balances(self):
        make.post(make.top_up(ids.new(), eur(10_00), at=NOON - timedelta(days=2)))
        make.post(make.top_up(ids.new(), eur(5_00), at=NOON))
        then = queries.trial_balance(occurred_at=NOON - timedelta(days=1))
        assert sum(line.debit.minor for line in then) == 10_00
        assert sum(line.credit.minor for line in then) == 10_00
        assert sum(line.debit.minor for line in queries.trial_balance()) == 15_00


@pytest.mark.django_db
def test_an_entry_of_an_older_version_is_carried_into_the_newest():
    """Old entries stay what they are, verify, and are taken back and written anew."""
    merchant = ids.new()
    available = f"liabilities:merchant:{merchant}:available"
    make.post(make.by_hand((available, "EUR", -12_00), ("assets:bank:main", "EUR", 12_00)))
    second = make.refund(merchant, eur(10_00), from_pending=False)
    assert second.version == 3
    first = replace(second, version=1)  # As it was posted before the template changed.
    make.post(first)
    assert queries.entry(first.id).version == 1
    assert make.post(first)[0].existed
    with pytest.raises(Exception, match="Another entry"):
        make.post(second)  # The same id in another version is another entry.

    services.reverse(entry_id=first.id, reversal_id=ids.new(), by=BY, at=NOON)
    anew = make.refund(merchant, eur(10_00), from_pending=False, entry_id=ids.new())
    make.post(anew)

    assert [queries.entry(one.id).version for one in (first, anew)] == [1, 3]
    assert queries.merchant_available(merchant, "EUR").posted == eur(2_00)
    assert queries.verify() == []
    assert list(queries.replay()) == []


def old_id(moment: datetime) -> UUID:
    return ids.at_time(moment)


@pytest.mark.django_db(transaction=True)
class TestMonths:
    @pytest.fixture
    def past(self, owner):
        """A journal whose first month is older than ids may be: made by moving the window."""
        owner.execute(
            "SELECT ledger_open_partition('202503', ledger_id_at('2025-03-01 00:00+00'), "
            "ledger_id_at('2025-04-01 00:00+00'))"
        )
        source = owner.execute(
            "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'ledger_post'"
        ).fetchone()[0]
        owner.execute(source.replace("400 days", "9000 days"))
        wallet = ids.new()
        for minute in range(5):
            make.post(
                make.top_up(wallet, eur(1_00), entry_id=old_id(OLD + timedelta(minutes=minute)))
            )
        owner.execute(source)
        make.post(make.top_up(wallet, eur(7_00)))
        services.seal()
        yield wallet
        owner.execute("SET session_replication_role = replica")
        owner.execute("DELETE FROM ledger_archived")
        owner.execute("SELECT ledger_see_whole()")
        for parent in ("ledger_entry", "ledger_line"):
            owner.execute(f"DROP TABLE IF EXISTS ledger_archive.{parent}_202503")
            owner.execute(f"DROP TABLE IF EXISTS ledger.{parent}_202503")

    def archive(self, owner, month="2025-03-15"):
        return owner.execute("SELECT ledger_archive_month(%s::timestamptz)", [month]).fetchone()[0]

    def test_an_old_month_is_archived_and_all_of_it_can_still_be_verified(self, owner, past):
        assert self.archive(owner) == "archived"

        assert owner.execute("SELECT count(*) FROM ledger_entry").fetchone() == (1,)
        assert owner.execute("SELECT count(*) FROM ledger_entry_whole").fetchone() == (6,)
        assert queries.wallet_balance(past, "EUR").posted == eur(12_00)
        assert queries.verify() == []
        assert list(queries.replay()) == []
        assert list(check(queries.INVARIANTS)) == []
        make.post(make.transfer(past, ids.new(), eur(12_00)))
        assert queries.verify() == []

    @pytest.mark.usefixtures("past")
    def test_months_are_archived_by_policy(self):
        out = io.StringIO()
        call_command("archive_journal", months=14, stdout=out)
        assert out.getvalue() == "2025-03: archived\n"
        assert queries.verify() == []

    @pytest.mark.usefixtures("past")
    def test_what_is_changed_in_an_archived_month_is_named(self, owner):
        self.archive(owner)
        with pytest.raises(Exception, match="append-only"):
            owner.execute("UPDATE ledger_archive.ledger_line_202503 SET amount = 1")
        owner.execute("SET session_replication_role = replica")
        ((account, seq),) = owner.execute(
            "UPDATE ledger_archive.ledger_line_202503 SET amount = amount + 1 "
            "WHERE seq = 3 AND amount < 0 RETURNING account, seq"
        ).fetchall()
        assert f"ledger_line {account}/{seq}" in {fault.row for fault in queries.verify()}

    @pytest.mark.usefixtures("past")
    def test_a_young_month_and_an_unsealed_one_stay(self, owner):
        assert self.archive(owner, "now") == "too young"
        assert self.archive(owner, "2019-01-01") == "not there"
        owner.execute("SET session_replication_role = replica")
        owner.execute("DELETE FROM ledger_seal")
        assert self.archive(owner) == "not sealed"


@pytest.mark.django_db(transaction=True)
def test_keys_change_with_an_overlap(settings):
    """Heads of the old key verify as long as its public half is known, and not without."""
    old = settings.SIGNING_KEY
    make.full_wallet(eur(1_00))
    services.seal()
    settings.SIGNING_KEY = "42" * 32
    make.full_wallet(eur(2_00))
    services.seal()

    assert {fault.row for fault in queries.verify()} == {"ledger_seal 1"}
    settings.SIGNING_KEYS_KNOWN = [proof.public_key(old).hex()]
    assert queries.verify() == []
    assert len({seal.signature.key_id for seal in queries.heads()}) == 2


@pytest.mark.django_db(transaction=True)
def test_a_later_head_is_shown_to_continue_an_earlier_one():
    for amount in (1, 2, 3, 4):
        make.full_wallet(eur(amount))
        services.seal()
    seals = {seal.number: seal for seal in queries.heads()}
    for first, earlier in seals.items():
        for second in range(first, len(seals) + 1):
            assert proof.consistent(
                first=earlier.size,
                second=seals[second].size,
                proof=queries.LOG.consistency(first, second),
                first_root=earlier.head.root,
                second_root=seals[second].head.root,
            )
    with pytest.raises(IndexError):
        queries.LOG.consistency(2, 9)
