"""How fraud does: figures of decisions, labels and cases, and alerts that people see."""

from datetime import timedelta

import pytest
from django.test import Client
from prometheus_client import REGISTRY

from fintech.fraud import queries
from fintech.fraud import services as fraud
from fintech.kernel import clock, event_log
from tests.make import fraud as make
from tests.racing import race

pytestmark = pytest.mark.django_db
NOW = {"by": make.BY, "at": make.NOON}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _many(number, *, at=make.NOON, **given):
    return make.assessed(
        *[make.question(card=f"{at:%d%H}-{n}", at=at, **given) for n in range(number)]
    )


def _kinds():
    return [str(alert.kind) for alert in fraud.watch(**NOW)]


def test_figures_compare_the_last_hour_with_what_was_before():
    _many(8, at=make.NOON - 2 * HOUR)
    _many(2, at=make.NOON - 2 * HOUR, risk="elevated")
    _many(3)
    _many(1, risk="blocked")

    found = queries.figures(at=make.NOON)

    assert (found.lately, found.before) == (4, 10)
    assert (found.stopped_lately, found.stopped_before) == (2_500, 2_000)
    assert (found.precision, found.recall, found.in_time) == (None, None, None)
    assert (found.open_cases, found.overdue_cases) == (2, 0)
    assert queries.figures(at=make.NOON + 2 * DAY).overdue_cases == 2


def test_precision_and_recall_are_of_what_has_a_label():
    right, wrong = _many(2, risk="elevated")
    missed, fine = _many(2)
    for made, outcome in (
        (right, "fraud"), (wrong, "legitimate"), (missed, "disputed"), (fine, "declined"),
    ):  # fmt: skip
        fraud.record_outcome(payment_id=made.payment_id, outcome=outcome, **NOW)

    found = queries.figures(at=make.NOON)

    assert (found.labeled_stops, found.precision) == (2, 5_000)
    assert (found.labeled_fraud, found.recall) == (2, 5_000)


def test_cases_are_closed_in_time_or_not():
    early, late = _many(2, risk="elevated")
    for made, after in ((early, HOUR), (late, 25 * HOUR)):
        fraud.close_case(
            case_id=made.case_id, disposition="suspicious", by=make.BY, at=make.NOON + after
        )

    assert queries.figures(at=make.NOON + 2 * DAY).in_time == 5_000


def test_when_far_more_is_stopped_than_usual_an_alert_is_raised_once_and_cleared():
    _many(40, at=make.NOON - DAY)
    assert fraud.watch(**NOW) == []
    _many(19, risk="blocked")
    assert fraud.watch(**NOW) == []  # Too few to say anything.
    _many(1, at=make.NOON - HOUR / 2)

    (raised,) = fraud.watch(**NOW)
    (again,) = fraud.watch(**NOW)
    cleared = fraud.watch(by=make.BY, at=make.NOON + 2 * HOUR)

    assert raised == again
    assert raised.said == ("95.00 % of the last hour's attempts were stopped; 0.00 % is usual.")
    assert cleared == queries.alerts() == []
    (past,) = queries.alerts(is_open=False)
    assert past.cleared_at == make.NOON + 2 * HOUR
    told = [fact.name for fact in event_log.stream("fraud.alert", raised.id)]
    assert told == ["fraud.alert_raised.v1", "fraud.alert_cleared.v1"]
    assert list(queries.replay()) == []


def test_an_overdue_case_is_an_alert_until_it_is_closed():
    (made,) = _many(1, risk="elevated", at=make.NOON - 25 * HOUR)

    assert _kinds() == ["overdue"]
    fraud.close_case(case_id=made.case_id, disposition="suspicious", **NOW)
    assert _kinds() == []


def test_decisions_that_do_not_know_all_are_an_alert(monkeypatch):
    monkeypatch.setattr("fintech.fraud.queries.watching._ENOUGH", 2)
    _many(1)
    (asked, known) = make.question(card="z"), None
    (known,) = queries.gather([asked])
    from dataclasses import replace

    from django_subatomic import db

    with db.transaction_if_not_already():
        fraud.assess([asked], [replace(known, degraded="late")], by=make.BY)

    assert _kinds() == ["degraded"]


@pytest.mark.parametrize(("stopped", "kind"), [(True, "crying_wolf"), (False, "passing")])
def test_labels_that_disagree_with_decisions_are_an_alert(monkeypatch, stopped, kind):
    monkeypatch.setattr("fintech.fraud.queries.watching._ENOUGH_LABELS", 2)
    for made in _many(2, risk="elevated" if stopped else "normal"):
        fraud.record_outcome(
            payment_id=made.payment_id, outcome="legitimate" if stopped else "fraud", **NOW
        )

    assert _kinds() == [kind]


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_watch_at_once_one_raises():
    _many(1, risk="elevated", at=make.NOON - 25 * HOUR)

    race(8, fraud.watch, **NOW)

    (alert,) = queries.alerts()
    assert len(event_log.stream("fraud.alert", alert.id)) == 1


def _counted(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.django_db(transaction=True)
def test_committed_decisions_scores_and_hits_are_counted_and_merchants_rules_as_one():
    rule = {"condition": "true", "points": 1, **NOW}
    ours = fraud.draft_rule(merchant_id=None, name="ours_only", **rule)
    theirs = fraud.draft_rule(merchant_id=make.MERCHANT, name="theirs", **rule)
    fraud.activate_rule(rule_id=ours.id, **NOW)
    fraud.watch_rule(rule_id=theirs.id, **NOW)
    asked = {
        ("fraud_decisions_total", ("decision", "allow")): 2,
        ("fraud_score_count",): 2,
        ("fraud_score_sum",): 12,
        ("fraud_rule_hits_total", ("rule", "rule:ours_only"), ("does", "decides")): 2,
        ("fraud_rule_hits_total", ("rule", "rule:of a merchant"), ("does", "watches")): 2,
        ("fraud_rule_hits_total", ("rule", "rule:theirs"), ("does", "watches")): 0,
    }
    before = {key: _counted(key[0], **dict(key[1:])) for key in asked}

    make.assessment(card="a")
    make.assessment(card="b")

    more = {key: _counted(key[0], **dict(key[1:])) - before[key] for key in asked}
    assert more == asked


@pytest.mark.django_db(transaction=True)
def test_metrics_tell_how_fraud_does():
    _many(1, risk="elevated", at=clock.now() - 25 * HOUR)
    fraud.watch(by=make.BY, at=clock.now())

    text = Client().get("/metrics").content.decode()

    assert 'fraud_figures{figure="overdue_cases"} 1.0' in text
    assert 'fraud_alert_open{kind="overdue"} 1.0' in text
    assert 'fraud_alert_open{kind="drift"} 0.0' in text
    assert "fraud_gather_seconds_bucket" in text
