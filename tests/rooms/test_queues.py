"""The queues of the back office: one thing at a time, claimed, and decided by a letter."""

import re
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from fintech.kernel import approvals, clock
from fintech.kernel.actor import Actor
from fintech.kernel.models import Approval
from fintech.ledger import queries as ledger_queries
from fintech.ledger import services as ledger
from fintech.merchants import services as merchants
from fintech.merchants.models import User
from fintech.notifications.models import Delivery
from fintech.reconciliation import queries as reconciliation
from tests.make import merchants as make_merchants
from tests.make import notifications as make_notifications
from tests.make.ledger import eur
from tests.make.reconciliation import Truth, compared, imported

# Pages take their time, and services own their transactions.
pytestmark = pytest.mark.django_db(transaction=True)


def somebody(name: str) -> tuple[Client, Actor]:
    made = merchants.create_staff(
        email=f"{name}@example.com",
        name=name.capitalize(),
        password=make_merchants.PASSWORD,
        by=make_merchants.BY,
        at=clock.now(),
    )
    browser = Client()
    browser.force_login(
        User.objects.get(id=made.id), backend="django.contrib.auth.backends.ModelBackend"
    )
    return browser, Actor(kind="staff", id=str(made.id))


def heading(browser: Client, desk: str) -> str:
    page = browser.get(reverse(f"admin:{desk}_desk")).content.decode()
    found = re.search(r"<h2[^>]*>(.*?)</h2>\s*<dl", page, re.DOTALL)
    return found[1].strip() if found else ""


def at_hand(browser: Client, desk: str) -> str:
    page = browser.get(reverse(f"admin:{desk}_desk")).content.decode()
    found = re.search(r'name="row" value="([^"]+)"', page)
    return found[1] if found else ""


def do(browser: Client, desk: str, what: str, note: str = "") -> list[str]:
    answer = browser.post(
        reverse(f"admin:{desk}_desk"),
        {"row": at_hand(browser, desk), "do": what, "note": note},
        follow=True,
    )
    return [str(message) for message in answer.context["messages"]]


@pytest.fixture
def proposed(db):
    """Two entries that Mia wants posted."""
    mia = somebody("mia")
    for cents in (1, 2):
        ledger.propose_entry(
            lines=[("expenses:rounding", eur(cents)), ("liabilities:suspense:bank", eur(-cents))],
            reason="a cent too little",
            by=mia[1],
            at=clock.now(),
        )
    return mia


APPROVALS = "kernel_approval"


def test_an_approval_is_carried_out_by_another_person_with_one_key(proposed):
    ada, _ = somebody("ada")

    page = ada.get(reverse(f"admin:{APPROVALS}_desk")).content.decode()
    assert 'data-key="a"' in page
    assert "a cent too little" in page
    assert "2 waiting" in page
    assert do(ada, APPROVALS, "approve")[0].endswith("carried out.")
    assert do(ada, APPROVALS, "reject", "not this one")[0].endswith("rejected.")

    assert heading(ada, APPROVALS) == ""
    states = Approval.objects.order_by("proposed_at").values_list("state", "reason")
    assert list(states) == [(Approval.EXECUTED, ""), (Approval.REJECTED, "not this one")]
    assert ledger_queries.balance("expenses:rounding", "EUR").posted == eur(1)


def test_whoever_proposed_it_does_not_find_it_in_the_queue(proposed):
    mia, by = proposed

    assert at_hand(mia, APPROVALS) == ""
    one = Approval.objects.earliest("proposed_at")
    with pytest.raises(approvals.SamePerson):
        approvals.approve(approval_id=one.id, by=by, at=clock.now())


def test_two_people_are_never_given_the_same_thing(proposed):
    ada, _ = somebody("ada")
    bob, _ = somebody("bob")

    hers, his = at_hand(ada, APPROVALS), at_hand(bob, APPROVALS)

    assert hers != his
    assert at_hand(ada, APPROVALS) == hers
    carl, _ = somebody("carl")
    assert at_hand(carl, APPROVALS) == ""


def test_next_passes_over_and_begins_again_after_the_last(proposed):
    ada, _ = somebody("ada")
    first = at_hand(ada, APPROVALS)

    do(ada, APPROVALS, "next")
    second = at_hand(ada, APPROVALS)
    do(ada, APPROVALS, "next")

    assert first != second
    assert at_hand(ada, APPROVALS) == first


def test_what_somebody_else_has_done_is_said(proposed):
    ada, _ = somebody("ada")
    row = at_hand(ada, APPROVALS)
    bob = somebody("bob")[1]
    approvals.reject(approval_id=UUID(row), reason="", by=bob, at=clock.now())

    answer = ada.post(
        reverse(f"admin:{APPROVALS}_desk"), {"row": row, "do": "approve"}, follow=True
    )

    said = [str(message) for message in answer.context["messages"]]
    assert said == ["Somebody else has dealt with it meanwhile."]


def test_a_break_is_taken_explained_and_resolved(db):
    truth = Truth()
    truth.capture(42_50, reference="cap-1", fee_off=-5)
    imported(truth.report())
    imported(truth.camt())
    compared()
    ada, by = somebody("ada")
    (found,) = reconciliation.open_breaks()

    desk = "reconciliation_break"
    page = ada.get(reverse(f"admin:{desk}_desk")).content.decode()
    assert "Dr expenses:processor_fees €0.05" in page
    assert str(reconciliation.found_break(found.id).assigned_to) == by.id
    refused = do(ada, desk, "post_adjustment")
    assert reconciliation.found_break(found.id).state == "open"
    assert refused

    assert do(ada, desk, "post_adjustment", "as agreed") == ["Resolved."]

    ended = reconciliation.found_break(found.id)
    assert (ended.resolution, ended.note) == ("post_adjustment", "as agreed")
    bob, _ = somebody("bob")
    assert at_hand(bob, desk) == ""


def test_a_dead_letter_is_sent_again(db):
    merchant = make_merchants.merchant()
    make_notifications.endpoint(merchant, "http://127.0.0.1:9999/dead-end")
    make_notifications.customer(merchant)
    make_notifications.told_so_far()
    make_notifications.all_given_up()
    ada, _ = somebody("ada")

    assert "dead-end" in heading(ada, "notifications_deadletter")
    assert do(ada, "notifications_deadletter", "send")[0].endswith("will be sent again.")

    assert Delivery.objects.get().state == "pending"
    assert at_hand(ada, "notifications_deadletter") == ""


@pytest.mark.parametrize("desk", [APPROVALS, "reconciliation_break", "notifications_deadletter"])
def test_a_desk_is_for_staff_and_says_when_nothing_waits(client, desk):
    assert client.get(reverse(f"admin:{desk}_desk")).status_code == 302
    ada, _ = somebody("ada")

    page = ada.get(reverse(f"admin:{desk}_desk"))

    assert page.status_code == 200
    assert 'name="row"' not in page.content.decode()
    assert ada.get(reverse(f"admin:{desk}_changelist")).status_code == 200
