"""Fraud in the back office: staff keep lists and rules through the services."""

from datetime import timedelta

import pytest
from django.urls import reverse

from fintech.fraud import queries
from fintech.fraud import services as fraud
from fintech.kernel import clock, event_log
from fintech.merchants.models import User
from tests.make import fraud as make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff(client):
    user = User.objects.create_superuser(
        email="staff@example.com", password="correct horse battery", name="Stella"
    )
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("table", ["assessment", "case", "outcome", "listitem", "rule"])
def test_every_table_and_row_can_be_looked_at(staff, table):
    made = make.assessment(risk="elevated")
    fraud.record_outcome(payment_id=made.payment_id, outcome="fraud", by=make.BY, at=make.NOON)
    item = fraud.add_to_list(merchant_id=None, kind="ip", value="x", by=make.BY, at=make.NOON)
    rule = fraud.draft_rule(merchant_id=None, name="r", condition="true", by=make.BY, at=make.NOON)
    row = {
        "assessment": made.id,
        "case": made.case_id,
        "outcome": queries.outcomes(made.payment_id)[0].id,
        "listitem": item.id,
        "rule": rule.id,
    }[table]

    for page in (
        staff.get(reverse(f"admin:fraud_{table}_changelist")),
        staff.get(reverse(f"admin:fraud_{table}_change", args=[row])),
    ):
        assert page.status_code == 200


def test_staff_put_something_on_a_list_and_take_it_off(staff):
    asked = {"kind": "card", "value": "card-1", "action": "block", "merchant_id": "", "reason": ""}
    add = reverse("admin:fraud_listitem_add")

    staff.post(add, {**asked, "expires_at_0": "", "expires_at_1": ""})
    (item,) = queries.list_items()
    (fact,) = event_log.stream("fraud.list_item", item.id)
    staff.post(
        reverse("admin:fraud_listitem_changelist"),
        {"action": "take_off", "_selected_action": [str(item.id)]},
    )

    assert (item.value, fact.meta["by"]) == ("card-1", "staff")
    assert queries.list_items() == []


def test_staff_write_revise_and_activate_a_rule(staff):
    text = {"condition": "amount > 5", "points": "20", "decision": ""}

    staff.post(reverse("admin:fraud_rule_add"), {"name": "large", "merchant_id": "", **text})
    (rule,) = queries.rules()
    refused = staff.post(
        reverse("admin:fraud_rule_change", args=[rule.id]), {**text, "condition": "amuont > 5"}
    )
    staff.post(
        reverse("admin:fraud_rule_change", args=[rule.id]), {**text, "condition": "amount > 6"}
    )
    staff.post(
        reverse("admin:fraud_rule_changelist"),
        {"action": "activate", "_selected_action": [str(rule.id)]},
    )

    assert b"Did you mean amount?" in refused.content
    (now,) = queries.rules()
    assert (now.condition, now.number, now.state) == ("amount > 6", 2, "active")


def test_staff_snooze_a_rule_for_a_day_and_wake_it(staff):
    rule = fraud.draft_rule(merchant_id=None, name="r", condition="true", by=make.BY, at=make.NOON)
    fraud.activate_rule(rule_id=rule.id, by=make.BY, at=make.NOON)
    asked = {"_selected_action": [str(rule.id)]}

    staff.post(reverse("admin:fraud_rule_changelist"), {"action": "snooze_a_day", **asked})
    (snoozed,) = queries.rules()
    staff.post(reverse("admin:fraud_rule_changelist"), {"action": "wake", **asked})
    again = staff.post(
        reverse("admin:fraud_rule_changelist"), {"action": "wake", **asked}, follow=True
    )

    assert timedelta(hours=23) < snoozed.snoozed_until - clock.now() <= timedelta(days=1)
    assert queries.rule(rule.id).snoozed_until is None
    assert b"The rule is not snoozed." in again.content


def test_a_posture_is_set_and_a_model_is_seen(staff):
    asked = {
        "mode": "advisory",
        "fails": "review",
        "ceiling_minor": 0,
        "challenge_at": 60,
        "review_at": 75,
        "block_at": 101,
        "explore": 0,
    }
    table = reverse("admin:fraud_posture_add")
    wrong = staff.post(table, {**asked, "review_at": 10})
    assert "Bands rise from 1 to 101." in wrong.content.decode()

    assert staff.post(table, asked).status_code == 302

    assert queries.posture().mode == "advisory"
    assert staff.get(reverse("admin:fraud_trainedmodel_changelist")).status_code == 200
