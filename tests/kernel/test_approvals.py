"""One person proposes, another decides, and it is done once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError

from fintech.kernel import approvals, ids
from fintech.kernel.actor import Actor
from fintech.kernel.models import Approval

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MAKER = Actor(kind="staff", id=str(ids.new()))
CHECKER = Actor(kind="staff", id=str(ids.new()))
done: list[dict] = []


def carry_out(payload, *, version_seen, by, at):
    done.append(payload)
    return version_seen


@pytest.fixture(autouse=True)
def _kinds(settings):
    done.clear()
    settings.APPROVALS = {"test.thing": "tests.kernel.test_approvals.carry_out"}


def proposal():
    return approvals.propose(
        kind="test.thing", payload={"amount": 5}, version_seen=3, by=MAKER, at=NOON
    )


@pytest.mark.django_db(transaction=True)
def test_another_person_approves_and_it_is_done_once():
    made = proposal()
    assert approvals.approve(approval_id=made, by=CHECKER, at=NOON) == 3
    with pytest.raises(approvals.ApprovalDecided):
        approvals.approve(approval_id=made, by=CHECKER, at=NOON)
    assert done == [{"amount": 5}]


@pytest.mark.django_db(transaction=True)
def test_the_maker_can_neither_approve_nor_reject():
    made = proposal()
    with pytest.raises(approvals.SamePerson):
        approvals.approve(approval_id=made, by=MAKER, at=NOON)
    with pytest.raises(approvals.SamePerson):
        approvals.reject(approval_id=made, reason="", by=MAKER, at=NOON)
    assert done == []


@pytest.mark.django_db(transaction=True)
def test_a_key_cannot_decide():
    made = proposal()
    with pytest.raises(approvals.NotAPerson):
        approvals.approve(approval_id=made, by=Actor(kind="api_key", id="key_1"), at=NOON)


@pytest.mark.django_db(transaction=True)
def test_expires_after_a_day():
    made = proposal()
    with pytest.raises(approvals.ApprovalDecided):
        approvals.approve(approval_id=made, by=CHECKER, at=NOON + timedelta(hours=24))


@pytest.mark.django_db(transaction=True)
def test_a_payload_that_was_touched_is_not_carried_out():
    made = proposal()
    Approval.objects.filter(id=made).update(payload={"amount": 5_000})
    with pytest.raises(approvals.PayloadChanged):
        approvals.approve(approval_id=made, by=CHECKER, at=NOON)
    assert done == []


@pytest.mark.django_db
def test_the_database_refuses_a_maker_who_checks():
    made = proposal()
    row = Approval.objects.get(id=made)
    with pytest.raises(IntegrityError, match="decided_by_someone_else"):
        Approval.objects.filter(id=made).update(
            checker_id=row.maker_id, state="executed", decided_at=NOON
        )
