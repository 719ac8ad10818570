"""The witness: what is sealed stays as it was, or the row that did not is named."""

import pytest
from django.core.management import call_command
from django_subatomic import db

from fintech.audit import queries, services
from fintech.kernel import event_log, invariants, proof
from tests.kernel.test_event_log import BY, made

pytestmark = pytest.mark.django_db(transaction=True)


def write(facts: int) -> list[int]:
    """Write facts, one commit each, and return their positions."""
    before = {fact.position for fact in event_log.after(0, 1_000)}
    for _ in range(facts):
        with db.transaction():
            event_log.append([made()], by=BY)
    return [fact.position for fact in event_log.after(0, 1_000) if fact.position not in before]


def tamper(owner, statement, *values) -> None:
    """Do what a superuser can: no trigger and no grant stands in the way."""
    owner.execute("SET session_replication_role = replica")
    owner.execute(statement, values)
    owner.execute("SET session_replication_role = origin")


def faults(**known) -> list[tuple[str, str]]:
    return [(fault.row, fault.reason) for fault in queries.verify(**known)]


def test_seals_what_is_committed_once():
    write(3)
    first = services.seal()
    assert (first.number, first.count, first.size) == (1, 3, 3)
    assert services.seal() is None
    write(2)
    assert services.seal().size == 5
    assert faults() == []


def test_a_fact_is_shown_to_be_in_the_log_by_its_proof():
    write(5)
    services.seal()
    positions = write(4)
    services.seal()

    seal, index, path = queries.inclusion(positions[2])
    leaf = dict(seal.leaves)[positions[2]]
    assert proof.included(leaf, index=index, size=seal.size, proof=path, root=seal.head.root)


@pytest.mark.parametrize(
    "change",
    [
        "SET data = jsonb_set(data, '{amount_minor}', '6')",
        "SET meta = jsonb_set(meta, '{id}', '\"someone\"')",
        "SET version = version + 1",
        "SET name = 'payments.thing_made.v2'",
        "SET occurred_at = occurred_at + interval '1 microsecond'",
        "SET recorded_at = recorded_at + interval '1 microsecond'",
        "SET stream = stream || '0'",
        "SET xid = (xid::text::bigint + 1)::text::xid8",
    ],
)
def test_names_the_row_that_was_changed(owner, change):
    positions = write(4)
    services.seal()
    tamper(owner, f"UPDATE kernel_event {change} WHERE position = %s", positions[1])
    assert faults() == [(f"kernel_event {positions[1]}", "was changed")]


def test_names_a_row_that_was_removed(owner):
    positions = write(4)
    services.seal()
    tamper(owner, "DELETE FROM kernel_event WHERE position = %s", positions[3])
    assert faults() == [(f"kernel_event {positions[3]}", "was removed")]


def test_names_a_row_that_was_put_in_later(owner):
    positions = write(2)
    services.seal()
    tamper(
        owner,
        "INSERT INTO kernel_event (xid, stream, version, name, data, meta, occurred_at) "
        "SELECT xid, stream, 2, name, data, meta, occurred_at FROM kernel_event "
        "WHERE position = %s",
        positions[0],
    )
    (fault,) = faults()
    assert fault[1] == "was put in after the seal"


def test_names_both_rows_of_a_swap(owner):
    positions = write(4)
    services.seal()
    tamper(
        owner,
        "UPDATE kernel_event a SET data = b.data, stream = b.stream FROM kernel_event b "
        "WHERE (a.position, b.position) IN ((%s, %s), (%s, %s))",
        positions[0],
        positions[2],
        positions[2],
        positions[0],
    )
    assert faults() == [(f"kernel_event {positions[at]}", "was changed") for at in (0, 2)]


def test_a_seal_that_was_rewritten_is_not_ours(owner):
    write(2)
    services.seal()
    tamper(owner, "UPDATE audit_seal SET sealed_at_us = sealed_at_us + 1 WHERE no = 1")
    assert faults() == [("audit_seal 1", "its signature is not ours")]


def test_a_seal_that_was_taken_out_leaves_a_gap(owner):
    for _ in range(3):
        write(1)
        services.seal()
    tamper(owner, "DELETE FROM audit_seal WHERE no = 2")
    assert ("audit_seal 2", "was removed") in faults()


def test_a_cut_off_end_is_told_by_a_head_kept_elsewhere(owner):
    write(2)
    services.seal()
    positions = write(2)
    kept = services.seal()
    known = (kept.number, kept.head.digest())
    assert faults(known=known) == []

    tamper(owner, "DELETE FROM kernel_event WHERE position >= %s", positions[0])
    tamper(owner, "DELETE FROM audit_seal WHERE no = 2")

    assert faults() == []  # By itself it looks like a shorter log.
    assert faults(known=known) == [("audit_seal 2", "was cut off; the log is shorter")]


def test_the_command_names_the_row(owner, capsys, settings):
    settings.AUDIT_VERIFIERS = []
    positions = write(2)
    services.seal()
    call_command("verify_audit")
    assert capsys.readouterr().out.startswith("intact: 2 facts sealed")

    tamper(owner, "UPDATE kernel_event SET version = 9 WHERE position = %s", positions[0])
    with pytest.raises(SystemExit):
        call_command("verify_audit")
    assert f"kernel_event {positions[0]}: was changed" in capsys.readouterr().out


def test_an_old_fact_that_nobody_sealed_is_found(owner):
    positions = write(2)
    assert list(invariants.check(queries.INVARIANTS)) == []
    tamper(owner, "UPDATE kernel_event SET recorded_at = now() - interval '6 seconds'")
    (found,) = invariants.check(queries.INVARIANTS)
    assert (found.id, found.samples) == ("I-18", tuple(map(str, positions)))

    services.seal()
    assert list(invariants.check(queries.INVARIANTS)) == []


def test_goes_on_after_a_restore_into_another_cluster(owner):
    write(2)
    services.seal()
    tamper(owner, "UPDATE audit_seal SET epoch = 'another cluster'")
    write(2)
    assert services.seal().size == 4


def test_a_seal_cannot_be_changed_by_those_who_run(owner):
    from django.db import ProgrammingError

    from fintech.audit.models import Seal

    write(1)
    services.seal()
    with pytest.raises(ProgrammingError, match="permission denied"):
        Seal.objects.update(size=5)
