"""Rules that people write: drafted, watched, activated, and tried on the past."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fintech.fraud import data, errors, queries
from fintech.fraud import services as fraud
from fintech.fraud.data import Decision
from fintech.kernel import event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.money import Money
from tests.make import fraud as make
from tests.racing import race

pytestmark = pytest.mark.django_db
BY_NOW = {"by": make.BY, "at": make.NOON}
LARGE = "amount >= 10000"


def _draft(condition=LARGE, name="large", *, merchant=None, **given):
    return fraud.draft_rule(
        merchant_id=merchant, name=name, condition=condition, **{"points": 20, **given, **BY_NOW}
    )


def _active(*args, **given):
    return fraud.activate_rule(rule_id=_draft(*args, **given).id, **BY_NOW)


def _codes(assessment):
    return [(reason.code, reason.weight) for reason in assessment.reasons]


def test_a_draft_does_nothing_a_shadow_only_watches_and_an_active_rule_decides():
    rule = _draft(decision="review")
    drafted = make.assessment(minor=100_00, card="a")
    fraud.watch_rule(rule_id=rule.id, **BY_NOW)
    watched = make.assessment(minor=100_00, card="b")
    fraud.activate_rule(rule_id=rule.id, **BY_NOW)
    decided = make.assessment(minor=100_00, card="c")
    below = make.assessment(minor=99_99, card="d")
    fraud.archive_rule(rule_id=rule.id, **BY_NOW)
    archived = make.assessment(minor=100_00, card="e")

    assert [str(a.decision) for a in (drafted, watched, decided, below, archived)] == [
        "allow", "allow", "review", "allow", "allow",
    ]  # fmt: skip
    assert drafted.shadow == decided.shadow == ()
    assert [str(reason) for reason in watched.shadow] == ["Rule large, version 1."]
    assert (watched.score, decided.score) == (5, 25)
    assert _codes(decided) == [("card_first_seen", 5), ("rule", 20)]
    assert queries.assessment(watched.id) == watched
    told = [fact.name.split(".")[1] for fact in event_log.stream("fraud.rule", rule.id)]
    assert told == ["rule_drafted", "rule_shadowed", "rule_activated", "rule_archived"]


def test_a_snoozed_rule_does_nothing_until_its_time_and_decisions_are_made_again_as_they_were():
    rule = _active(decision="review")
    later = make.NOON + timedelta(hours=2)
    snoozed = fraud.snooze_rule(rule_id=rule.id, until=later, **BY_NOW)
    asleep = make.assessment(minor=100_00, card="a")
    too_soon = fraud.wake_due_rules(by=make.BY, at=later - timedelta(seconds=1))
    woken = fraud.wake_due_rules(by=make.BY, at=later)
    awake = make.assessment(minor=100_00, card="b", at=later)

    assert (snoozed.state, snoozed.snoozed_until) == ("active", later)
    assert (too_soon, woken, queries.rule(rule.id).snoozed_until) == (0, 1, None)
    assert [str(made.decision) for made in (asleep, awake)] == ["allow", "review"]
    assert [str(queries.decided_again(made.id).decision) for made in (asleep, awake)] == [
        "allow", "review",
    ]  # fmt: skip
    told = [fact.name.split(".")[1] for fact in event_log.stream("fraud.rule", rule.id)]
    assert told == ["rule_drafted", "rule_activated", "rule_snoozed", "rule_woken"]
    assert list(queries.replay()) == []


def test_a_snoozed_shadow_does_not_even_watch_and_is_woken_by_hand():
    rule = _draft()
    fraud.watch_rule(rule_id=rule.id, **BY_NOW)
    fraud.snooze_rule(rule_id=rule.id, until=make.NOON + timedelta(days=1), **BY_NOW)
    asleep = make.assessment(minor=100_00, card="a")
    woken = fraud.wake_rule(rule_id=rule.id, **BY_NOW)
    awake = make.assessment(minor=100_00, card="b")

    assert (woken.state, woken.snoozed_until) == ("shadow", None)
    assert (len(asleep.shadow), len(awake.shadow)) == (0, 1)


@pytest.mark.parametrize(
    ("move", "state"),
    [
        (partial(fraud.revise_rule, condition="true"), "draft"),
        (fraud.watch_rule, "shadow"),
        (fraud.archive_rule, "archived"),
    ],
)
def test_a_rule_that_moves_on_is_not_snoozed_any_more(move, state):
    rule = _active()
    fraud.snooze_rule(rule_id=rule.id, until=make.NOON + timedelta(days=1), **BY_NOW)

    move(rule_id=rule.id, **BY_NOW)

    found = queries.rule(rule.id)
    assert (found.state, found.snoozed_until) == (state, None)
    assert fraud.wake_due_rules(by=make.BY, at=make.NOON + timedelta(days=2)) == 0
    assert list(queries.replay()) == []


def test_only_a_live_rule_is_snoozed_and_only_until_later_and_a_refusal_leaves_nothing_behind():
    draft, live = _draft(), _active(name="live")
    later = make.NOON + timedelta(days=1)

    with pytest.raises(errors.RuleUnexpectedState, match="The rule is draft"):
        fraud.snooze_rule(rule_id=draft.id, until=later, **BY_NOW)
    with pytest.raises(errors.ParameterInvalid) as refused:
        fraud.snooze_rule(rule_id=live.id, until=make.NOON, **BY_NOW)
    with pytest.raises(errors.RuleNotFound):
        fraud.snooze_rule(rule_id=ids.new(), until=later, **BY_NOW)
    with pytest.raises(errors.RuleNotSnoozed):
        fraud.wake_rule(rule_id=live.id, **BY_NOW)

    assert refused.value.param == "until"
    assert [queries.rule(rule.id) for rule in (draft, live)] == [draft, live]
    assert len(event_log.stream("fraud.rule", live.id)) == 2


def test_rules_are_told_in_the_order_of_their_priority_and_decide_alike():
    first = _active(name="first", priority=10, points=1)
    _active(name="second", points=2, decision="review")
    _active(name="third", priority=1000, points=3)
    before = make.assessment(minor=100_00, card="a")
    fraud.revise_rule(rule_id=first.id, condition=LARGE, points=1, **BY_NOW)
    fraud.activate_rule(rule_id=first.id, **BY_NOW)
    after = make.assessment(minor=100_00, card="b")

    def told(made):
        return [dict(r.detail)["rule"] for r in made.reasons if r.code == "rule"]

    assert told(before) == ["third", "first", "second"]
    assert told(after) == ["third", "second", "first"]
    assert (before.score, before.decision) == (after.score, after.decision)
    for made in (before, after):
        assert queries.decided_again(made.id).reasons == made.reasons


def test_a_merchants_rule_does_not_decide_for_others():
    _active(merchant=make.MERCHANT, decision="block", points=0)

    assert make.assessment(minor=100_00).decision == Decision.BLOCK
    assert make.assessment(minor=100_00, merchant=ids.new()).decision == Decision.ALLOW


def test_a_revised_rule_is_a_draft_again_and_old_decisions_are_made_again_as_they_were():
    rule = _active(decision="review")
    before = make.assessment(minor=100_00)
    revised = fraud.revise_rule(rule_id=rule.id, condition="amount >= 1", points=-5, **BY_NOW)
    between = make.assessment(minor=100_00)
    fraud.activate_rule(rule_id=rule.id, **BY_NOW)
    after = make.assessment(minor=100_00)

    assert (revised.state, revised.number, revised.condition) == ("draft", 2, "amount >= 1")
    assert [str(a.decision) for a in (before, between, after)] == ["review", "allow", "allow"]
    assert dict(after.reasons[0].detail)["version"] == 2
    for made in (before, between, after):
        again = queries.decided_again(made.id)
        assert (again.score, again.decision, again.reasons) == (
            made.score,
            made.decision,
            made.reasons,
        )


def test_live_rules_cost_a_payment_no_round_trip_once_they_are_known():
    for n in range(50):
        _active(name=f"rule_{n}", points=0)
    make.assessment(minor=100_00)

    with CaptureQueriesContext(connection) as asked:
        made = make.assessment(minor=100_00)

    assert len([reason for reason in made.reasons if reason.code == "rule"]) == 50
    assert len([q for q in asked if "SAVEPOINT" not in q["sql"]]) == 3


@pytest.mark.parametrize(
    ("given", "error", "param"),
    [
        ({"condition": "amount >"}, errors.RuleUnreadable, "condition"),
        ({"name": "Large One"}, errors.ParameterInvalid, "name"),
        ({"name": "großer"}, errors.ParameterInvalid, "name"),
        ({"name": ""}, errors.ParameterInvalid, "name"),
        ({"name": "x" * 61}, errors.ParameterInvalid, "name"),
        ({"points": 101}, errors.ParameterInvalid, "points"),
        ({"priority": 1001}, errors.ParameterInvalid, "priority"),
        ({"priority": -1}, errors.ParameterInvalid, "priority"),
        ({"decision": "maybe"}, errors.ParameterInvalid, "decision"),
    ],
)
def test_what_is_no_rule_is_not_drafted(given, error, param):
    with pytest.raises(error) as refused:
        _draft(**given)

    assert refused.value.param == param
    assert queries.rules() == []


def test_a_name_is_taken_once_per_merchant():
    _draft()
    _draft(merchant=make.MERCHANT)

    with pytest.raises(errors.RuleExists):
        _draft()


def test_moves_that_make_no_sense_are_refused():
    rule = _active()
    fraud.archive_rule(rule_id=rule.id, **BY_NOW)

    for move in (fraud.activate_rule, fraud.watch_rule, fraud.archive_rule):
        with pytest.raises(errors.RuleUnexpectedState, match="The rule is archived"):
            move(rule_id=rule.id, **BY_NOW)
    with pytest.raises(errors.RuleUnexpectedState):
        fraud.revise_rule(rule_id=rule.id, condition="true", **BY_NOW)
    with pytest.raises(errors.RuleNotFound):
        fraud.activate_rule(rule_id=ids.new(), **BY_NOW)


def test_in_a_live_instance_somebody_else_than_its_author_activates_a_rule(settings):
    rule = _draft()
    settings.MODE = "live"

    with pytest.raises(errors.RuleReviewedByAuthor):
        fraud.activate_rule(rule_id=rule.id, **BY_NOW)
    somebody_else = Actor(kind="staff", id="somebody-else")
    fraud.activate_rule(rule_id=rule.id, by=somebody_else, at=make.NOON)

    assert queries.rule(rule.id).state == "active"


@pytest.mark.django_db(transaction=True)
def test_rules_that_are_activated_at_once_are_all_live():
    drafts = iter([_draft(name=f"rule_{n}").id for n in range(8)])

    def activate():
        fraud.activate_rule(rule_id=next(drafts), **BY_NOW)

    race(8, activate)

    made = make.assessment(minor=100_00)
    assert len([reason for reason in made.reasons if reason.code == "rule"]) == 8
    assert list(queries.replay()) == []


@pytest.mark.django_db(transaction=True)
def test_a_rule_is_tried_on_what_was_decided_without_it():
    known_fraud = make.assessment(minor=500_00, card="f")
    fraud.record_outcome(payment_id=known_fraud.payment_id, outcome="fraud", **BY_NOW)
    missed_fraud = make.assessment(minor=5_00, card="g")
    fraud.record_outcome(payment_id=missed_fraud.payment_id, outcome="disputed", **BY_NOW)
    good = make.assessment(minor=300_00, card="h")
    fraud.record_outcome(payment_id=good.payment_id, outcome="legitimate", **BY_NOW)
    make.assessment(minor=200_00, card="i")
    make.assessment(minor=900_00, card="j", risk="elevated")
    make.assessment(minor=100_00, card="k", at=make.NOON - timedelta(days=30))

    tried = queries.back_test(
        condition=LARGE,
        decision="review",
        since=make.NOON - timedelta(days=7),
        until=make.NOON + timedelta(days=1),
    )

    assert (tried.assessments, tried.hits) == (5, 4)
    assert tried.changed == ((Decision.ALLOW, Decision.REVIEW, 3),)
    assert (tried.fraud, tried.fraud_hit, tried.good, tried.good_hit) == (2, 1, 1, 1)
    assert (tried.precision_percent, tried.recall_percent) == (50, 50)
    assert tried.stopped == ((Money(500_00, "EUR"), Money(300_00, "EUR")),)


@pytest.mark.django_db(transaction=True)
def test_points_are_tried_with_the_reasons_that_were_there():
    make.assessment(minor=500_00)
    window = {"since": make.NOON, "until": make.NOON + timedelta(seconds=1)}

    tried = queries.back_test(condition=LARGE, points=70, **window)
    missed = queries.back_test(condition=LARGE, points=69, **window)
    other = queries.back_test(condition=LARGE, points=70, merchant_id=ids.new(), **window)

    assert tried.changed == ((Decision.ALLOW, Decision.REVIEW, 1),)
    assert missed.changed == ((Decision.ALLOW, Decision.CHALLENGE, 1),)
    assert other.assessments == 0


WINDOW = {"since": make.NOON, "until": make.NOON + timedelta(days=1)}


def _told(made, outcome):
    fraud.record_outcome(payment_id=made.payment_id, outcome=outcome, **BY_NOW)


@pytest.mark.django_db(transaction=True)
def test_a_list_is_tried_with_its_weight_and_with_rules_that_look_at_it():
    stolen = make.assessment(minor=50_00, card="stolen", ip="i")
    _told(stolen, "fraud")
    neighbor = make.assessment(minor=7_00, card="other", ip="i")
    _told(neighbor, "legitimate")
    make.assessment(card="third")
    block = data.ListDraft(kind=data.ListKind.CARD, value="stolen")
    look = data.ListDraft(kind=data.ListKind.IP, value="i", action=data.ListAction.REVIEW)

    blocked = queries.back_test_all(lists=[block], **WINDOW)
    both = queries.back_test_all(
        lists=[block, look],
        drafts=[data.Draft(condition='listed("ip:review") and listed("card:block")', points=1)],
        **WINDOW,
    )
    nothing = queries.back_test_all(
        lists=[data.ListDraft(kind=data.ListKind.CARD, value="nobody")], **WINDOW
    )

    assert (blocked.hits, blocked.fraud_hit, blocked.good_hit) == (1, 1, 0)
    assert blocked.changed == ((Decision.ALLOW, Decision.BLOCK, 1),)
    assert (blocked.fraud_stopped_then, blocked.fraud_stopped) == (0, 1)
    assert blocked.stopped == ((Money(50_00, "EUR"), Money(0, "EUR")),)
    assert both.changed == (
        (Decision.ALLOW, Decision.BLOCK, 1),
        (Decision.ALLOW, Decision.REVIEW, 1),
    )
    assert (both.hits, both.good_stopped_then, both.good_stopped) == (2, 0, 1)
    assert (nothing.hits, nothing.changed) == (0, ())


@pytest.mark.django_db(transaction=True)
def test_trust_on_a_list_and_what_stood_there_already_are_tried_as_they_would_count():
    fraud.add_to_list(merchant_id=None, kind="card", value="c", action="review", **BY_NOW)
    seen = make.assessment(card="c", ip="i")
    again = data.ListDraft(kind=data.ListKind.CARD, value="c", action=data.ListAction.REVIEW)
    trust = data.ListDraft(kind=data.ListKind.IP, value="i", action=data.ListAction.ALLOW)

    same = queries.back_test_all(lists=[again], **WINDOW)
    trusted = queries.back_test_all(lists=[trust], **WINDOW)

    assert seen.decision == Decision.REVIEW
    assert (same.hits, same.changed) == (0, ())
    assert (trusted.hits, trusted.changed) == (1, ())  # Trust overrules nothing.


@pytest.mark.django_db(transaction=True)
def test_bands_are_tried_and_say_what_they_would_stop_and_let_through():
    fraud.add_to_list(merchant_id=None, kind="ip", value="i", action="review", **BY_NOW)
    bad, good = make.assessment(minor=30_00, card="f"), make.assessment(minor=9_00, card="g")
    _told(bad, "fraud")
    _told(good, "legitimate")

    tight = queries.back_test_all(bands=(1, 2, 101), **WINDOW)
    loose = queries.back_test_all(bands=(101, 101, 101), **WINDOW)

    assert tight.changed == ((Decision.ALLOW, Decision.REVIEW, 2),)
    assert (tight.fraud_stopped, tight.good_stopped) == (1, 1)
    assert tight.stopped == ((Money(30_00, "EUR"), Money(9_00, "EUR")),)
    assert (loose.changed, loose.released) == ((), ())


@pytest.mark.django_db(transaction=True)
def test_what_was_stopped_and_would_pass_is_money_let_through():
    fraud.set_posture(merchant_id=None, bands=(1, 2, 101), **BY_NOW)
    bad, good = make.assessment(minor=30_00, card="f"), make.assessment(minor=9_00, card="g")
    _told(bad, "fraud")
    _told(good, "legitimate")

    loose = queries.back_test_all(bands=(90, 95, 101), **WINDOW)

    assert loose.changed == ((Decision.REVIEW, Decision.ALLOW, 2),)
    assert loose.released == ((Money(30_00, "EUR"), Money(9_00, "EUR")),)
    assert (loose.fraud_stopped_then, loose.fraud_stopped) == (1, 0)
    assert (loose.good_stopped_then, loose.good_stopped) == (1, 0)
