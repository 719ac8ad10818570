"""Entries by hand: one person proposes, another approves, and only then it is posted."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.urls import reverse

from fintech.kernel import approvals, ids
from fintech.kernel.actor import Actor
from fintech.kernel.models import Approval
from fintech.ledger import errors, queries, services
from fintech.merchants.models import User
from tests.make import ledger as make
from tests.make.ledger import BY, NOON, eur

pytestmark = pytest.mark.django_db
LINES = [("expenses:rounding", eur(1)), ("liabilities:suspense:bank", eur(-1))]


def person() -> Actor:
    return Actor(kind="staff", id=str(ids.new()))


def propose(lines=LINES, by=None, **named):
    return services.propose_entry(
        lines=lines, reason="a cent too few", by=by or person(), at=NOON, **named
    )


def rounding():
    return queries.balance("expenses:rounding", "EUR").posted


def test_nothing_is_posted_until_another_person_approves():
    maker = person()
    proposal = propose(by=maker)
    assert rounding() == eur(0)
    with pytest.raises(approvals.SamePerson):
        approvals.approve(approval_id=proposal, by=maker, at=NOON)
    assert rounding() == eur(0)

    approvals.approve(approval_id=proposal, by=person(), at=NOON)
    assert rounding() == eur(1)
    with pytest.raises(approvals.ApprovalDecided):
        approvals.approve(approval_id=proposal, by=person(), at=NOON)
    assert rounding() == eur(1)


def test_the_database_refuses_that_both_are_one():
    maker = person()
    proposal = propose(by=maker)
    with pytest.raises(IntegrityError, match="decided_by_someone_else"):
        Approval.objects.filter(id=proposal).update(
            state="executed", checker_id=maker.id, decided_at=NOON
        )


def test_a_machine_proposes_nothing():
    with pytest.raises(approvals.NotAPerson):
        propose(by=BY)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        LINES[:1],
        [LINES[0], ("liabilities:suspense:bank", eur(-2))],
        [LINES[0], ("liabilities:suspense:bank", make.Money(-1, "USD"))],
        [LINES[0], ("assets:nowhere", eur(-1))],
        [("expenses:rounding", eur(0)), ("liabilities:suspense:bank", eur(0))],
    ],
)
def test_what_cannot_be_posted_is_not_proposed(lines):
    with pytest.raises(errors.ManualEntryWrong):
        propose(lines)
    assert not Approval.objects.exists()


def test_a_period_that_was_closed_meanwhile_refuses_it():
    proposal = propose(occurred_at=NOON - timedelta(days=2))
    services.close_period(before=NOON - timedelta(days=1), by=BY, at=NOON)
    with pytest.raises(errors.PeriodClosed):
        approvals.approve(approval_id=proposal, by=person(), at=NOON)
    assert Approval.objects.get().state == "proposed"


@pytest.mark.django_db(transaction=True)  # A page may take longer than a transaction may idle.
def test_staff_propose_in_the_back_office(client):
    staff = User.objects.create_superuser(email="maker@example.com", password="long enough for us")
    client.force_login(staff)
    page = reverse("admin:ledger_journalrow_propose_entry")
    assert b"Propose" in client.get(page).content
    wrong = client.post(page, {"lines": "expenses:rounding 0.001 EUR", "reason": "x"})
    assert b"no amount of EUR" in wrong.content

    client.post(
        page,
        {"lines": "expenses:rounding 0.01 EUR\nliabilities:suspense:bank -0.01 EUR", "reason": "x"},
    )
    assert Approval.objects.get().maker_id == staff.pk
    assert rounding() == eur(0)
