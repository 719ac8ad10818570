"""What staff do: roles by one matrix, given by two people, taken back by one."""

import fnmatch

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from fintech.kernel import approvals, clock, event_log
from fintech.kernel.actor import Actor
from fintech.merchants import data, errors, queries
from fintech.merchants import services as merchants
from fintech.merchants.data import PERMISSIONS, STAFF_ROLES, StaffRight, StaffRole
from tests.make import merchants as make

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"
# A table of each right that only shows, and the address it has.
SEEN = {
    StaffRight.VIEW_PAYMENTS: "payments_payment",
    StaffRight.VIEW_BOOKS: "ledger_journalrow",
    StaffRight.VIEW_WALLETS: "wallets_wallet",
    StaffRight.VIEW_RISK: "fraud_rule",
    StaffRight.VIEW_MERCHANTS: "merchants_merchant",
    StaffRight.VIEW_PEOPLE: "merchants_user",
    StaffRight.VIEW_MESSAGES: "notifications_delivery",
    StaffRight.VIEW_RECONCILIATION: "reconciliation_break",
    StaffRight.VIEW_TRAIL: "kernel_loggedevent",
    StaffRight.VIEW_APPROVALS: "kernel_approval",
}


def staff(name: str, role: str = "") -> data.User:
    return merchants.create_staff(
        email=f"{name}@example.com",
        name=name.capitalize(),
        password=make.PASSWORD,
        role=role,
        is_superuser=False,
        by=make.BY,
        at=make.NOON,
    )


def acts(person: data.User) -> Actor:
    return Actor(kind="staff", id=str(person.id))


def at_work(person: data.User) -> Client:
    browser = Client()
    browser.force_login(get_user_model().objects.get(id=person.id), BACKEND)
    return browser


@pytest.mark.parametrize("role", StaffRole)
def test_a_role_opens_exactly_its_tables(role):
    browser = at_work(staff("sam", role))

    opened = {
        right: browser.get(reverse(f"admin:{table}_changelist")).status_code == 200
        for right, table in SEEN.items()
    }

    assert opened == {right: _shows(role, right, table) for right, table in SEEN.items()}


def _shows(role: StaffRole, right: StaffRight, table: str) -> bool:
    # The trail's rows hold approvals too; who may decide them sees that table alone.
    return right in STAFF_ROLES[role] or (
        table == "kernel_approval" and StaffRight.VIEW_TRAIL in STAFF_ROLES[role]
    )


def test_staff_without_a_role_see_nothing():
    browser = at_work(staff("sam"))

    assert {
        browser.get(reverse(f"admin:{table}_changelist")).status_code for table in SEEN.values()
    } == {403}


def test_who_may_only_look_is_offered_nothing_to_do():
    taken = make.merchant()
    looks, tunes = at_work(staff("cleo", "compliance")), at_work(staff("rita", "risk_analyst"))
    url = reverse("admin:fraud_rule_changelist")

    assert 'value="activate"' not in looks.get(url).content.decode()
    assert tunes.get(url).status_code == 200
    assert taken


def test_every_right_is_somebodys_and_every_permission_is_of_a_table():
    known = {
        f"{model._meta.app_label}.{what}_{model._meta.model_name}"
        for model in apps.get_models()
        for what in ("view", "add", "change", "delete")
    }

    assert set().union(*STAFF_ROLES.values()) == set(StaffRight)
    for patterns in PERMISSIONS.values():
        for pattern in patterns:
            assert fnmatch.filter(known, pattern), pattern
    for permission in settings.APPROVAL_PERMISSIONS.values():
        assert permission in known
    assert settings.APPROVAL_PERMISSIONS.keys() == settings.APPROVALS.keys()


def test_a_role_takes_two_people():
    adam, anna, finn = staff("adam", "administrator"), staff("anna", "administrator"), staff("finn")

    proposal = merchants.propose_staff_role(
        user_id=finn.id, role="finance", by=acts(adam), at=make.NOON
    )
    with pytest.raises(approvals.SamePerson):
        approvals.approve(approval_id=proposal, by=acts(adam), at=make.NOON)
    assert queries.staff_roles(finn.id) == frozenset()
    approvals.approve(approval_id=proposal, by=acts(anna), at=make.NOON)

    assert queries.staff_roles(finn.id) == {StaffRole.FINANCE}
    facts = [fact.name for fact in event_log.stream("merchants.user", finn.id)]
    assert facts == ["merchants.user_joined.v1", "merchants.staff_role_granted.v1"]


def test_nobody_gives_himself_a_role():
    adam, anna = staff("adam", "administrator"), staff("anna", "administrator")

    with pytest.raises(errors.RoleForOneself):
        merchants.propose_staff_role(user_id=adam.id, role="finance", by=acts(adam), at=make.NOON)
    proposal = merchants.propose_staff_role(
        user_id=anna.id, role="finance", by=acts(adam), at=make.NOON
    )
    with pytest.raises(errors.RoleForOneself):
        approvals.approve(approval_id=proposal, by=acts(anna), at=make.NOON)

    assert queries.staff_roles(anna.id) == {StaffRole.ADMINISTRATOR}


def test_a_role_is_taken_back_by_one(django_assert_max_num_queries):
    finn = staff("finn", "finance")

    merchants.withdraw_staff_roles(user_id=finn.id, by=make.BY, at=make.NOON)

    assert queries.staff_roles(finn.id) == frozenset()
    assert not get_user_model().objects.get(id=finn.id).has_perm("ledger.view_journalrow")


@pytest.mark.django_db(transaction=True)
def test_in_the_back_office_one_proposes_and_only_the_right_role_decides():
    adam, anna = staff("adam", "administrator"), staff("anna", "administrator")
    finn, rita = staff("finn"), staff("rita", "risk_analyst")
    people = reverse("admin:merchants_user_changelist")
    waiting = reverse("admin:kernel_approval_changelist")

    at_work(adam).post(people, {"action": "propose_finance", "_selected_action": [str(finn.id)]})
    (proposal,) = approvals.waiting(
        kind="merchants.staff_role", about={"user_id": str(finn.id)}, at=clock.now()
    )
    chosen = {"action": "approve", "_selected_action": [str(proposal.id)]}
    at_work(rita).post(waiting, chosen)  # A risk analyst decides other things.
    at_work(adam).post(waiting, chosen)
    assert queries.staff_roles(finn.id) == frozenset()
    at_work(anna).post(waiting, chosen)

    assert queries.staff_roles(finn.id) == {StaffRole.FINANCE}
