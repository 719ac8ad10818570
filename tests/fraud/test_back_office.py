"""Fraud in the back office: staff keep lists and rules through the services."""

from datetime import timedelta

import pytest
from django.urls import reverse

from fintech.fraud import queries
from fintech.fraud import services as fraud
from fintech.fraud.rules import built
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
    text = {
        "written": "text",
        "condition": "amount > 5",
        "points": "20",
        "decision": "",
        "priority": "3",
    }

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
    assert now.priority == 3


def _built(*rows):
    """Return rows as the form sends them; the first one joins nothing."""
    names = ("join", "feature", "operator", "value")
    sent = {f"clauses-{name}": [each[place] for each in rows] for place, name in enumerate(names)}
    sent["clauses-join"] = sent["clauses-join"][1:]
    return {
        "written": "rows",
        "condition": "",
        "points": "0",
        "decision": "",
        "priority": "0",
    } | sent


def test_staff_build_a_rule_from_rows_and_see_the_same_rows_again(staff):
    rows = _built(
        ("", "amount", ">", " 3 * customer_mean "),
        ("and", "card_seen", "is_not", ""),
        ("and", "", "<", "left empty"),
        ("or", "card_country", "in", "KP, IR"),
    )

    staff.post(reverse("admin:fraud_rule_add"), {"name": "odd", "merchant_id": "", **rows})

    (rule,) = queries.rules()
    assert rule.condition == (
        'amount > 3 * customer_mean and not card_seen or card_country in ["KP", "IR"]'
    )
    at = reverse("admin:fraud_rule_change", args=[rule.id])
    shown = staff.get(at).context["adminform"].form
    assert shown["clauses"].initial == built(rule.condition)
    page = staff.get(at).content.decode()
    assert page.count('name="clauses-feature"') == 6  # three rows and three to fill in
    assert 'value="KP, IR"' in page


def test_a_row_that_does_not_fit_is_named_and_nothing_is_written(staff):
    rows = _built(("", "amount", ">", "5"), ("and", "amount", "is", ""))

    page = staff.post(reverse("admin:fraud_rule_add"), {"name": "odd", "merchant_id": "", **rows})

    assert "Row 2: amount is a number; is does not fit." in page.content.decode()
    assert queries.rules() == []


def test_a_text_that_has_no_rows_opens_as_text(staff):
    rule = fraud.draft_rule(
        merchant_id=None, name="r", condition="near(amount, 100, 5)", by=make.BY, at=make.NOON
    )

    form = staff.get(reverse("admin:fraud_rule_change", args=[rule.id])).context["adminform"].form

    assert form["written"].initial == "text"
    assert "for which there are no rows" in form["clauses"].help_text


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


def _try(staff, **given):
    asked = {"days": "30", "points": "0", "decision": "", "condition": "", "lists": "", **given}
    return staff.get(reverse("admin:fraud_back_test"), asked)


def test_staff_try_rules_lists_and_bands_on_what_was_decided(staff):
    for card, outcome in (("stolen", "fraud"), ("fine", "legitimate")):
        made = make.assessment(minor=50_00, card=card, at=clock.now() - timedelta(hours=1))
        fraud.record_outcome(
            payment_id=made.payment_id, outcome=outcome, by=make.BY, at=clock.now()
        )

    bare = staff.get(reverse("admin:fraud_back_test"))
    listed = _try(staff, lists="block card stolen\n\nreview country KP").context["found"]
    ruled = _try(staff, condition="amount > 1", decision="review").context["found"]
    banded = _try(staff, challenge="1", review="2", block="3").context["found"]

    assert bare.status_code == 200
    assert "found" not in bare.context
    assert listed["confusion"] == [("Fraud", 1, 0, 0), ("Good, as said", 0, 1, 0)]
    assert (listed["precision"], listed["recall"]) == ("100 %", "100 %")
    assert listed["money"] == [("Stopped now", "€50.00", "€0.00")]
    assert ruled["changed"] == [("allow", "review", 2)]
    assert banded["changed"] == [("allow", "block", 2)]
    assert "What would have happened" in _try(staff, condition="true").content.decode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "There is nothing to try"),
        ({"condition": "amuont > 5"}, "Did you mean amount?"),
        ({"lists": "block card"}, "Line 1 is not an action, a kind and a value."),
        ({"lists": "block card x\nforbid card y"}, "Line 2 is not an action"),
        ({"challenge": "50"}, "Bands are given all three, and rise."),
        ({"challenge": "50", "review": "40", "block": "60"}, "Bands are given all three"),
        ({"condition": "true", "days": "366"}, "less than or equal to 365"),
        ({"model": str(make.MERCHANT)}, "Select a valid choice"),
        ({"condition": "true", "merchant_id": "shop"}, "Enter a valid UUID"),
    ],
)
def test_what_cannot_be_tried_is_said_in_its_place(staff, given, said):
    page = _try(staff, **given)

    assert said in page.content.decode()
    assert "found" not in page.context


def test_who_may_not_see_rules_tries_none(client):
    assert client.get(reverse("admin:fraud_back_test")).status_code == 302
