"""
A superuser tampers at random, and each time the row is named.

A head of the seals is kept elsewhere, as an operator would. A whole campaign (EFFORT=1) is
1,000 tamperings; `make test` does a share, at least three of every kind.
"""

import hashlib
import os
import random
from collections import Counter
from dataclasses import replace

import pytest
from django.conf import settings
from psycopg.errors import CheckViolation

from fintech.kernel import ids, proof
from fintech.ledger import queries, services
from fintech.ledger.queries.verifying import LOG
from fintech.ledger.queries.verifying.books import genesis
from fintech.ledger.queries.verifying.reading import CONTENT
from tests.make import ledger as make
from tests.make.ledger import eur

EFFORT = float(os.environ.get("EFFORT", "0.02"))
TABLES = (
    "ledger_account", "ledger_balance", "ledger_entry", "ledger_line", "ledger_pending",
    "ledger_seal", "ledger_closing", "ledger_floor",
)  # fmt: skip


class Superuser:
    """Somebody whom no trigger and no grant stops, and who cleans up after himself."""

    def __init__(self, connection, dice: random.Random) -> None:
        self.connection, self.dice = connection, dice
        self.do("SET session_replication_role = replica")
        self.do("CREATE SCHEMA kept")
        for table in TABLES:
            self.do(f"CREATE TABLE kept.{table} AS SELECT * FROM {table}")

    def do(self, statement: str, *values) -> list:
        found = self.connection.execute(statement, values)
        return found.fetchall() if found.description else []

    def undo(self) -> None:
        with self.connection.transaction():
            for table in TABLES:
                self.do(f"DELETE FROM {table}")
                self.do(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept.{table}")

    def pick(self, query: str, count: int = 1) -> list:
        return self.dice.sample(self.do(query), count)


def address(superuser, account) -> str:
    ((name,),) = superuser.do(
        "SELECT address || ' ' || currency FROM kept.ledger_account WHERE account = %s", account
    )
    return name


ENTRY = (
    "occurred_at = occurred_at + interval '1 microsecond'", "template = template || 'x'",
    "version = version + 1", "subject = gen_random_uuid()", "expected = '[1]'",
    "final = NOT final", "by = by || '!'", "recorded_at = recorded_at + interval '1 second'",
    "xid = '4'", "kind = CASE kind WHEN 0 THEN 1 WHEN 1 THEN 0 ELSE kind END, version = version + kind / 2",
    "formula = CASE kind WHEN 2 THEN 1 ELSE 3 END", "lines = set_byte(lines, 11, 77)",
    "expires_at = '2031-01-01'", "id = gen_random_uuid()",
)  # fmt: skip


# What only the seal covers; an entry waits a second for it.
SEALED_ONLY = ("by =", "recorded_at =", "xid =")


def change_an_entry(su):
    change = su.dice.choice(ENTRY)
    among = (
        "WHERE xid < (SELECT max(to_xid)::text::xid8 FROM ledger_seal)"
        if change.startswith(SEALED_ONLY)
        else ""
    )
    ((entry_id,),) = su.pick(f"SELECT id FROM ledger_entry {among}")
    ((now,),) = su.do(f"UPDATE ledger_entry SET {change} WHERE id = %s RETURNING id", entry_id)
    return [f"ledger_entry {now}"]


LINE = (
    "amount = amount + 5", "pending = coalesce(pending, 0) + 3", "balance = balance - 1",
    "hash = sha256(hash) || substr(hash, 33)", "hash = set_byte(hash, 32, get_byte(hash, 32) + 1)",
)  # fmt: skip


def change_a_line(su):
    ((account, seq),) = su.pick("SELECT account, seq FROM ledger_line")
    change = su.dice.choice(LINE)
    su.do(f"UPDATE ledger_line SET {change} WHERE account = %s AND seq = %s", account, seq)
    return [f"ledger_line {account}/{seq}"]


BALANCE = (
    "posted = posted + 1", "pending_debit = pending_debit + 1", "seq = seq - 1",
    "pending_credit = pending_credit + 7", "head = sha256(head)", "closed = NOT closed",
    "floor = -5000", "normal = -normal", "currency = 'XXX'",
)  # fmt: skip


def change_a_balance(su):
    ((account,),) = su.pick("SELECT account FROM ledger_balance")
    change = su.dice.choice(BALANCE)
    try:
        su.do(f"UPDATE ledger_balance SET {change} WHERE account = %s", account)
    except CheckViolation:  # The table keeps its floors even then; something else, then.
        return change_a_balance(su)
    return [f"ledger_balance {address(su, account)}"]


ACCOUNT = ("address = address || ':x'", "currency = 'CHF'", "code = code + 1", "floor = -100",
           "normal = -normal", "book = gen_random_uuid()")  # fmt: skip


def change_an_account(su):
    ((account,),) = su.pick("SELECT account FROM ledger_account")
    change = su.dice.choice(ACCOUNT)
    ((name,),) = su.do(
        f"UPDATE ledger_account SET {change} WHERE account = %s RETURNING address || ' ' || currency",
        account,
    )
    return [f"ledger_account {name}"]


def change_a_remainder(su):
    ((pending_id,),) = su.pick("SELECT id FROM ledger_pending")
    su.do(
        "UPDATE ledger_pending SET remaining = CASE remaining WHEN 0 THEN 1 ELSE remaining - 1 END WHERE id = %s",
        pending_id,
    )
    return [f"ledger_pending {pending_id}"]


SEAL = (
    "root = sha256(root)", "signature = set_byte(signature, 5, get_byte(signature, 5) # 1)",
    "sealed_at_us = sealed_at_us + 1", "previous = sha256(previous)", "key_id = '0123456789abcdef'",
    "leaves = set_byte(leaves, 39, get_byte(leaves, 39) # 1)",
)  # fmt: skip


def change_a_seal(su):
    ((number,),) = su.pick("SELECT no FROM ledger_seal")
    su.do(f"UPDATE ledger_seal SET {su.dice.choice(SEAL)} WHERE no = %s", number)
    return [f"ledger_seal {number}"]


def remove_an_entry(su):
    ((entry_id, position, sealed),) = su.pick(
        "SELECT id, position, xid < (SELECT max(to_xid)::text::xid8 FROM ledger_seal) FROM ledger_entry"
    )
    su.do("DELETE FROM ledger_entry WHERE id = %s", entry_id)
    lines = su.dice.random() < 0.5
    if lines:
        gone = su.do("DELETE FROM ledger_line WHERE entry_id = %s RETURNING account, seq", entry_id)
        named = [f"ledger_line {account}/{seq}" for account, seq in gone]
    else:
        named = [f"ledger_entry {entry_id}"]
    return [*named, *([f"ledger_entry at position {position}"] if sealed else [])]


def remove_a_line(su):
    ((account, seq),) = su.pick("SELECT account, seq FROM ledger_line")
    su.do("DELETE FROM ledger_line WHERE account = %s AND seq = %s", account, seq)
    return [f"ledger_line {account}/{seq}"]


def remove_a_row(su):
    table = su.dice.choice(("ledger_seal", "ledger_balance", "ledger_pending", "ledger_account"))
    key = {"ledger_seal": "no", "ledger_pending": "id"}.get(table, "account")
    ((value,),) = su.pick(f"SELECT {key} FROM {table}")
    su.do(f"DELETE FROM {table} WHERE {key} = %s", value)
    name = address(su, value) if table == "ledger_balance" else value
    return [f"{table} {name}"]


def put_an_entry_in(su):
    ((entry_id,),) = su.pick(
        "SELECT id FROM ledger_entry WHERE xid < (SELECT max(to_xid)::text::xid8 FROM ledger_seal)"
    )
    made = ids.new()
    su.do(
        "INSERT INTO ledger_entry SELECT (jsonb_populate_record(e, jsonb_build_object("
        "'id', %s::text, 'position', e.position + 100000))).* FROM ledger_entry e WHERE id = %s",
        str(made),
        entry_id,
    )
    return [f"ledger_entry {made}"]


def put_a_line_in(su):
    ((account, seq),) = su.pick("SELECT account, max(seq) FROM ledger_line GROUP BY 1")
    su.do(
        "INSERT INTO ledger_line SELECT seq + 1, amount, pending, balance + amount, account, shard, "
        "entry_id, hash FROM ledger_line WHERE account = %s AND seq = %s",
        account,
        seq,
    )
    return [f"ledger_line {account}/{seq + 1}"]


def swap_two_lines(su):
    """Two lines of one account change places."""
    ((account, count),) = su.pick(
        "SELECT account, count(*) FROM ledger_line GROUP BY 1 HAVING count(*) > 1"
    )
    one, other = su.dice.sample(range(1, count + 1), 2)
    su.do(
        "UPDATE ledger_line SET seq = -seq WHERE account = %s AND seq IN (%s, %s)",
        account, one, other,
    )  # fmt: skip
    for was, now in ((one, other), (other, one)):
        su.do("UPDATE ledger_line SET seq = %s WHERE account = %s AND seq = %s", now, account, -was)
    return [f"ledger_line {account}/{one}", f"ledger_line {account}/{other}"]


def swap_two_entries(su):
    """Two entries change what they say about their template."""
    (one,), (other,) = su.pick(
        "SELECT DISTINCT ON (template) id FROM ledger_entry ORDER BY template, position", 2
    )
    su.do(
        "UPDATE ledger_entry e SET template = f.template, version = f.version + 5 "
        "FROM ledger_entry f WHERE (e.id, f.id) IN ((%s, %s), (%s, %s))",
        one, other, other, one,
    )  # fmt: skip
    return [f"ledger_entry {one}", f"ledger_entry {other}"]


def cut_the_tail_off(su):
    """The last entries vanish, and balances and seals with them, as if they had never been."""
    last = su.dice.randint(1, 2)
    ((position,),) = su.do(
        "SELECT max(('x' || encode(substr(leaves, octet_length(leaves) - 39, 8), 'hex'))::bit(64)"
        "::bigint) FROM ledger_seal WHERE no = %s",
        last,
    )
    su.do(
        "DELETE FROM ledger_line WHERE entry_id IN (SELECT id FROM ledger_entry WHERE position > %s)",
        position,
    )
    su.do(
        "DELETE FROM ledger_pending p USING ledger_entry e WHERE e.id = p.id AND position > %s",
        position,
    )
    su.do("DELETE FROM ledger_entry WHERE position > %s", position)
    su.do("DELETE FROM ledger_seal WHERE no > %s", last)
    su.do(
        "UPDATE ledger_balance b SET posted = l.balance, seq = l.seq, head = l.hash FROM "
        "(SELECT DISTINCT ON (account) * FROM ledger_line_whole ORDER BY account, seq DESC) l "
        "WHERE l.account = b.account"
    )
    su.do(
        "DELETE FROM ledger_balance b WHERE NOT EXISTS (SELECT FROM ledger_line l WHERE l.account = b.account)"
    )
    su.do(
        "DELETE FROM ledger_account b WHERE NOT EXISTS (SELECT FROM ledger_line l WHERE l.account = b.account)"
    )
    return ["ledger_seal 3"]


def rewrite_the_chains(su):
    """One entry changes, and every hash after it; with the key, the seals as well."""
    ((entry_id,),) = su.pick(
        "SELECT id FROM ledger_entry WHERE xid < (SELECT max(to_xid)::text::xid8 FROM ledger_seal)"
    )
    su.do("UPDATE ledger_entry SET template = template || 'x' WHERE id = %s", entry_id)
    contents = {
        one: hashlib.sha256(content).digest()
        for one, content in su.do(f"SELECT id, {CONTENT} FROM ledger_entry")
    }
    for shard, account, *rules in su.do(
        "SELECT shard, account, digest, code, normal, floor FROM ledger_account"
    ):
        head = genesis(shard, account, *rules)
        for entry, seq, tail in su.do(
            "SELECT entry_id, seq, int2send(no) || int8send(seq) || int8send(amount) "
            "|| int8send(pending) || int8send(balance) FROM ledger_line_whole WHERE account = %s "
            "ORDER BY seq",
            account,
        ):
            head = hashlib.sha256(head + contents[entry] + tail).digest()
            su.do(
                "UPDATE ledger_line SET hash = %s || substr(hash, 33) WHERE account = %s AND seq = %s",
                head,
                account,
                seq,
            )
        su.do("UPDATE ledger_balance SET head = %s WHERE account = %s", head, account)
    if su.dice.random() < 0.5:
        return [f"ledger_entry {entry_id}"]
    seal_anew(su)
    return ["ledger_seal 3"]


def seal_anew(su) -> None:
    tree, previous = proof.Tree(), proof.GENESIS
    for seal in LOG.heads(limit=10)[::-1]:
        positions = [position for position, _ in seal.leaves]
        leaves = su.do(
            f"SELECT position, {LOG.leaf} FROM ledger_entry WHERE position = ANY(%s) ORDER BY position",
            positions,
        )
        tree = tree.extended([leaf for _, leaf in leaves])
        head = replace(seal.head, root=tree.root(), previous=previous)
        su.do(
            "UPDATE ledger_seal SET root = %s, frontier = %s, previous = %s, signature = %s, "
            "leaves = (SELECT string_agg(int8send(p) || l, ''::bytea ORDER BY p) "
            "FROM unnest(%s::bigint[], %s::bytea[]) u(p, l)) WHERE no = %s",
            head.root, b"".join(tree.frontier), previous,
            proof.sign_head(head, settings.SIGNING_KEY).value,
            positions, [leaf for _, leaf in leaves], seal.number,
        )  # fmt: skip
        previous = head.digest()


WAYS = (
    change_an_entry, change_an_entry, change_a_line, change_a_line, change_a_balance,
    change_an_account, change_a_remainder, change_a_seal, remove_an_entry, remove_a_line,
    remove_a_row, put_an_entry_in, put_a_line_in, swap_two_lines, swap_two_entries,
    cut_the_tail_off, rewrite_the_chains,
)  # fmt: skip
PARTS = 4
EACH = max(13, round(1_000 * EFFORT / PARTS))


@pytest.fixture
def books():
    """A journal with a bit of everything, three seals, and something that is not sealed yet."""
    wallets = [make.full_wallet(eur(50_00)) for _ in range(3)]
    for round_ in range(3):
        card = make.authorized(eur(42_50 + round_))
        make.post(make.capture(card, eur(20_00), fee=eur(80), final=False))
        make.post(make.capture(card, eur(10_00), processor_fee=eur(60)))
        make.post(make.refund(make.merchant_of(card), eur(10_00)))
        held = make.hold(wallets[round_], ids.new(), eur(5_00))
        make.post(held)
        make.post(make.transfer(wallets[round_], wallets[round_ - 1], eur(1_00)))
        make.post(make.release(held) if round_ else make.top_up(ids.new(), eur(3)))
        assert services.seal()
    make.post(make.transfer(wallets[0], wallets[1], eur(1_00)), make.authorization(eur(3_00)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.usefixtures("books")
def test_whatever_a_superuser_does_the_row_is_named(owner, part, record_property):
    newest = queries.heads()[0]
    kept = newest.number, newest.head.digest()
    assert queries.verify(known=kept) == []
    superuser = Superuser(owner, random.Random(part))
    found, missed = Counter(), []
    try:
        for number in range(EACH):
            way = WAYS[(number + part * 13) % len(WAYS)]
            expected = way(superuser)
            faults = {fault.row for fault in queries.verify(known=kept)}
            if set(expected) <= faults:
                found[way.__name__] += 1
            else:
                missed.append((way.__name__, expected, sorted(faults)))
            superuser.undo()
    finally:
        owner.execute("DROP SCHEMA kept CASCADE")
    record_property("tamperings", EACH)
    record_property("found", found.total())
    record_property("by_kind", dict(found))
    assert missed == []
