"""Formulas: what was hashed by an older one stays what it is, beside what is hashed now."""

import pytest

from fintech.kernel import ids
from fintech.kernel.invariants import check
from fintech.ledger import queries
from fintech.ledger.data import EntryKind, packed
from tests.ledger.test_exporting import export, judge
from tests.make import ledger as make
from tests.make.ledger import eur

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("kind", "lines", "width"),
    [
        (EntryKind.POSTED, [(7, 250, 0), (9, -250, 0)], 12),
        (EntryKind.PENDING, [(7, 0, 250), (9, 0, -250)], 12),
        (EntryKind.CAPTURE, [(7, 250, -250), (9, -250, 250), (9, 3, 0)], 20),
        (EntryKind.RELEASE, [(7, 0, -250), (9, 0, 250)], 12),
    ],
)
def test_lines_are_packed_as_narrow_as_their_kind_allows(kind, lines, width):
    narrow = b"".join(packed.pack(2, kind, line) for line in lines)
    wide = b"".join(packed.pack(1, kind, line) for line in lines)

    assert (len(narrow), len(wide)) == (width * len(lines), 20 * len(lines))
    assert list(packed.unpack(narrow, 2, kind)) == list(packed.unpack(wide, 1, kind)) == lines


def test_a_line_that_its_kind_cannot_say_has_no_bytes():
    assert packed.pack(2, EntryKind.POSTED, (7, 250, 1)) == b""
    assert packed.pack(2, EntryKind.PENDING, (7, 1, 250)) == b""


@pytest.mark.parametrize("kind", ["posted", "pending"])
def test_an_entry_of_formula_1_is_read_and_verified_beside_those_of_formula_2(
    owner, tmp_path, kind
):
    """Until formula 2 each line had both amounts, 20 bytes of them."""
    wallet = make.full_wallet(eur(10_00))
    entry = make.transfer(wallet, ids.new(), eur(1_00))
    if kind == "pending":
        entry = make.hold(wallet, ids.new(), eur(1_00))
    make.post(entry)
    stands = queries.entry(entry.id)

    written_by_formula_1(owner, entry.id)

    assert queries.verify() == []
    assert list(queries.replay()) == []
    assert list(check(queries.INVARIANTS)) == []
    assert queries.entry(entry.id) == stands
    assert make.post(entry)[0].existed
    make.post(make.transfer(wallet, ids.new(), eur(2_00)))
    assert queries.verify() == []
    assert judge(tmp_path, export("jsonl"))[0] == 0
    owner.execute("UPDATE ledger_entry SET template = 'x' WHERE id = %s", [entry.id])
    assert {fault.row for fault in queries.verify()} == {f"ledger_entry {entry.id}"}


def written_by_formula_1(owner, entry_id):
    """Put the last entry of its accounts as it would have been written before formula 2."""
    owner.execute("SET session_replication_role = replica")
    owner.execute(
        "UPDATE ledger_entry e SET formula = 1, lines = (SELECT string_agg(int4send(account) "
        "|| int8send(amount) || int8send(pending), ''::bytea ORDER BY no) "
        "FROM ledger_lines(e.lines, e.formula, e.kind)) WHERE id = %s",
        [entry_id],
    )
    owner.execute(
        "UPDATE ledger_line l SET hash = ledger_line_hash(coalesce((SELECT p.hash "
        "FROM ledger_line_whole p WHERE p.account = l.account AND p.seq = l.seq - 1), "
        "ledger_genesis(a.shard, a.account, a.digest, a.code, a.normal, a.floor)), "
        "ledger_entry_hash(e.formula, e.id, e.shard, e.kind, e.version, e.template, e.subject, "
        "e.pending_id, e.occurred_at, e.expires_at, e.final, e.expected, e.lines), w.no, w.seq, "
        "w.amount, w.pending, w.balance) || substr(l.hash, 33) "
        "FROM ledger_line_whole w, ledger_entry e, ledger_account a WHERE e.id = %s "
        "AND w.entry_id = e.id AND l.entry_id = e.id AND l.account = w.account "
        "AND l.seq = w.seq AND a.account = w.account",
        [entry_id],
    )
    owner.execute(
        "UPDATE ledger_balance b SET head = w.hash FROM ledger_line_whole w "
        "WHERE w.entry_id = %s AND w.account = b.account",
        [entry_id],
    )
