"""The journal only grows; whoever changes it all the same is found, with the row."""

import pytest
from django.db import ProgrammingError, connection
from django_subatomic import db

from fintech.kernel import ids, proof
from fintech.ledger import queries, services
from tests.make import ledger as make
from tests.make.ledger import eur

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = ("ledger_account", "ledger_balance", "ledger_entry", "ledger_line", "ledger_pending")
GROWING = ("ledger_account", "ledger_entry", "ledger_line", "ledger_seal")


@pytest.fixture
def books():
    """A journal with a bit of everything: posted, pending, captured, released, sealed."""
    wallet, merchant = make.full_wallet(eur(50_00)), ids.new()
    card = make.authorized(eur(42_50))
    make.post(make.capture(card, eur(40_00), fee=eur(80), processor_fee=eur(60)))
    make.post(make.refund(make.merchant_of(card), eur(10_00)))
    held = make.hold(wallet, merchant, eur(5_00))
    make.post(held)
    make.post(make.wallet_capture(held, wallet, merchant, eur(3_00)))
    make.post(make.release(make.authorized(eur(9_99))))
    services.seal()
    make.post(make.transfer(wallet, ids.new(), eur(1_00)))
    services.seal()
    assert queries.verify() == []
    assert not list(queries.replay())
    return card


@pytest.fixture
def tamper(owner):
    """Do what a superuser can: no trigger and no grant stands in the way."""

    def do(statement, values=()):
        owner.execute("SET session_replication_role = replica")
        rows = owner.execute(statement, values)
        return rows.fetchall() if rows.description else []

    return do


def faults() -> set[str]:
    return {fault.row for fault in queries.verify()}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET shard = shard",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "INSERT INTO {} DEFAULT VALUES",
    ],
)
def test_the_application_may_not_write_around_the_function(table, statement):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))


def test_the_application_may_not_write_to_a_partition(owner):
    partitions = owner.execute(
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' "
        "AND relname LIKE 'ledger_%'"
    ).fetchall()
    assert len(partitions) >= 4
    for (partition,) in partitions:
        for statement in ("DELETE FROM ledger.{}", "INSERT INTO ledger.{} DEFAULT VALUES"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement.format(partition))


@pytest.mark.parametrize("table", GROWING)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_owner_is_refused_as_well(owner, books, table, statement):
    column = "no" if table == "ledger_seal" else "shard"
    with pytest.raises(Exception, match="append-only"):
        owner.execute(
            statement.format(*[f"ledger.{table}", column, column][: statement.count("{}")])
        )


def test_the_owner_may_not_truncate_a_partition(owner, books):
    (partition,) = owner.execute(
        "SELECT tableoid::regclass::text FROM ledger.ledger_line LIMIT 1"
    ).fetchone()
    with pytest.raises(Exception, match="append-only"):
        owner.execute(f"TRUNCATE {partition}")


def test_lines_that_do_not_sum_to_zero_are_refused_to_the_owner(owner, books):
    with pytest.raises(Exception, match="does not sum to zero"):
        owner.execute(
            "INSERT INTO ledger.ledger_line SELECT seq + 1000, 5, 0, balance + 5, account, shard, "
            "entry_id, hash FROM ledger.ledger_line LIMIT 1"
        )


def test_a_floor_is_kept_by_the_balance_itself(owner):
    wallet = make.full_wallet(eur(5_00))
    with pytest.raises(Exception, match="keeps_its_floor"):
        owner.execute(
            "UPDATE ledger.ledger_balance SET posted = 1 WHERE digest = "
            "(SELECT digest FROM ledger.ledger_account WHERE address = %s)",
            [f"liabilities:wallet:{wallet}"],
        )


ENTRY_CHANGES = (
    "occurred_at = occurred_at + interval '1 microsecond'",
    "template = 'refund_card'",
    "version = version + 1",
    "subject = gen_random_uuid()",
    "expected = '[]'",
    "final = NOT final",
    "by = 'staff|someone'",
    "recorded_at = recorded_at - interval '1 second'",
    "position = position + 100000",
    "xid = '3'",
)


@pytest.mark.parametrize("change", ENTRY_CHANGES)
def test_an_entry_that_was_changed_is_named(books, tamper, change):
    (captured,) = [e for e in queries.entries_of(books.subject) if e.template == "capture_card"]
    tamper(f"UPDATE ledger.ledger_entry SET {change} WHERE id = %s", [captured.id])

    found = faults()
    if change.startswith("position"):
        assert any("was removed" in str(fault) for fault in queries.verify())
    else:
        assert found == {f"ledger_entry {captured.id}"}


def test_an_entry_that_was_changed_before_it_was_sealed_is_named(tamper):
    entry = make.authorized(eur(10_00))
    tamper("UPDATE ledger.ledger_entry SET template = 'x' WHERE id = %s", [entry.id])
    assert faults() == {f"ledger_entry {entry.id}"}


@pytest.mark.parametrize(
    "change",
    ["amount = amount + 1", "pending = 7", "hash = sha256(hash) || substr(hash, 33)"],
)
def test_a_line_that_was_changed_is_named(books, tamper, change):
    ((account, seq),) = tamper(
        f"UPDATE ledger.ledger_line SET {change} WHERE ctid = (SELECT ctid FROM ledger.ledger_line "
        "WHERE amount <> 0 AND seq > 1 ORDER BY account, seq LIMIT 1) RETURNING account, seq"
    )
    assert f"ledger_line {account}/{seq}" in faults()


def test_a_line_that_was_removed_is_named(books, tamper):
    ((account, seq),) = tamper(
        "DELETE FROM ledger.ledger_line l WHERE seq > 1 AND EXISTS (SELECT FROM ledger.ledger_line m "
        "WHERE m.account = l.account AND m.seq = l.seq + 1) AND ctid = (SELECT ctid FROM "
        "ledger.ledger_line n WHERE n.seq = 2 ORDER BY account LIMIT 1) RETURNING account, seq"
    )
    assert f"ledger_line {account}/{seq}" in faults()


def test_an_entry_that_was_removed_with_its_lines_is_named(books, tamper):
    ((position,),) = tamper(
        "SELECT position FROM ledger.ledger_entry WHERE template = 'refund_card'"
    )
    ((entry_id,),) = tamper(
        "DELETE FROM ledger.ledger_entry WHERE position = %s RETURNING id", [position]
    )
    assert f"ledger_entry at position {position}" in faults()
    tamper("DELETE FROM ledger.ledger_line WHERE entry_id = %s", [entry_id])
    assert f"ledger_entry at position {position}" in faults()


def test_an_entry_that_was_put_in_is_named(books, tamper):
    made = ids.new()
    tamper(
        "INSERT INTO ledger.ledger_entry SELECT (jsonb_populate_record(e, jsonb_build_object("
        "'id', %s::text, 'position', e.position + 100000))).* FROM ledger.ledger_entry e "
        "WHERE template = 'refund_card'",
        [str(made)],
    )
    assert f"ledger_entry {made}" in faults()


def test_a_balance_that_was_changed_is_named(books, tamper):
    tamper(
        "UPDATE ledger.ledger_balance b SET posted = posted + 5 FROM ledger.ledger_account a "
        "WHERE a.account = b.account AND a.address = 'income:fees:processing'"
    )
    assert faults() == {"ledger_balance income:fees:processing EUR"}
    assert [(d.row, d.column) for d in queries.replay()] == [
        ("income:fees:processing EUR", "posted")
    ]


def test_a_remainder_that_was_changed_shows_in_the_replay(books, tamper):
    ((pending_id,),) = tamper(
        "UPDATE ledger.ledger_pending SET remaining = 1 WHERE remaining = 0 AND id = %s RETURNING id",
        [books.id],
    )
    assert [(d.row, d.column, d.stored, d.folded) for d in queries.replay()] == [
        (f"pending entry {pending_id}", "remaining", "1", "0")
    ]


def test_an_address_that_was_changed_is_named(books, tamper):
    tamper(
        "UPDATE ledger.ledger_account SET address = 'income:fees:other' "
        "WHERE address = 'income:fees:processing'"
    )
    assert faults() == {"ledger_account income:fees:other EUR"}


@pytest.mark.parametrize(
    "change",
    [
        "SET root = sha256(root)",
        "SET signature = set_byte(signature, 5, get_byte(signature, 5) # 1)",
        "SET sealed_at_us = sealed_at_us + 1",
        "SET previous = sha256(previous)",
        "SET leaves = set_byte(leaves, 39, get_byte(leaves, 39) # 1)",
    ],
)
def test_a_seal_that_was_changed_is_named(books, tamper, change):
    tamper(f"UPDATE ledger.ledger_seal {change} WHERE no = 1")
    assert "ledger_seal 1" in faults()


def test_a_seal_that_was_removed_is_named(books, tamper):
    tamper("DELETE FROM ledger.ledger_seal WHERE no = 1")
    assert "ledger_seal 1" in faults()


def test_a_head_continues_the_one_before_and_is_signed(books):
    newest, oldest = queries.heads()
    assert (newest.number, oldest.number) == (2, 1)
    assert newest.head.previous == oldest.head.digest()
    assert newest.size == oldest.size + newest.count == oldest.size + 1


def test_an_entry_is_shown_to_be_in_the_journal_by_its_proof(books):
    seal, index, path = queries.LOG.inclusion(dict(queries.heads()[1].leaves).popitem()[0])
    leaf = [leaf for _, leaf in seal.leaves][index]
    assert proof.included(leaf, index=index, size=seal.size, proof=path, root=seal.head.root)


def test_what_is_not_committed_yet_is_not_sealed(books):
    with db.transaction():
        make.post(make.top_up(ids.new(), eur(1)))
        assert services.seal() is None
    assert services.seal().count == 1


def test_ids_are_kept_once_by_the_table_too(owner, books):
    with pytest.raises(Exception, match="duplicate key"):
        owner.execute("INSERT INTO ledger.ledger_entry SELECT * FROM ledger.ledger_entry LIMIT 1")
