"""Labels mature, lie and are missing; what is learned from, what gates ask, what people see."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.urls import reverse

from fintech.fraud import data, errors, queries, serving
from fintech.fraud import services as fraud
from fintech.fraud.learning import forests, measures
from fintech.fraud.services import training
from fintech.merchants.models import User
from tests.fraud.test_models import champion, history, trained
from tests.make import fraud as make

DAY = timedelta(days=1)


@pytest.fixture
def patient(db):
    with connection.cursor() as cursor:  # A test's transaction waits for its training.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def learned(at=make.NOON):
    """Return what would be learned from at a moment."""
    return list(training._labeled(at - 200 * DAY, at, at, training.MATURES))


def test_of_the_young_nothing_is_learned(db):
    """Who complains early would teach that everything new is fraud."""
    edge = make.NOON - training.MATURES
    young = make.assessment(at=edge + timedelta(microseconds=1))
    old = make.assessment(at=edge)
    for made in (young, old):
        fraud.record_outcome(payment_id=made.payment_id, outcome="fraud", at=make.NOON, by=make.BY)

    (row,) = learned()

    assert (row.at, row.fraud) == (old.created_at, True)


def test_a_label_that_nobody_had_given_yet_is_not_read(db):
    made = make.assessment(at=make.NOON - 90 * DAY)
    fraud.record_outcome(
        payment_id=made.payment_id, outcome="fraud", at=make.NOON + DAY, by=make.BY
    )

    assert [row.fraud for row in learned()] == [False]
    assert [row.fraud for row in learned(make.NOON + DAY)] == [True]


@pytest.mark.parametrize(
    ("card", "outcomes", "known"),
    [
        ("fine", [], [False]),
        ("bad", [], []),  # Blocked: he could not complain.
        ("fine", ["declined"], []),
        ("bad", ["legitimate"], [False]),  # Somebody has looked.
        ("bad", ["fraud"], [True]),
        ("fine", ["legitimate", "disputed"], [True]),
    ],
)
def test_who_could_not_complain_is_not_called_good(db, card, outcomes, known):
    fraud.add_to_list(merchant_id=None, kind="card", value="bad", by=make.BY, at=make.NOON)
    made = make.assessment(card=card, at=make.NOON - 90 * DAY)
    for outcome in outcomes:
        fraud.record_outcome(payment_id=made.payment_id, outcome=outcome, at=make.NOON, by=make.BY)

    assert [row.fraud for row in learned()] == known


def test_a_would_be_block_that_was_let_through_stands_for_all_of_its_like(db):
    """One in a hundred goes to a person: what it turns out to be counts a hundredfold."""
    fraud.set_posture(merchant_id=None, bands=(60, 60, 60), explore=100, by=make.BY, at=make.NOON)
    fraud.add_to_list(
        merchant_id=None,
        kind="email",
        value="e",
        action="review",
        by=make.BY,
        at=make.NOON - 95 * DAY,
    )
    at = make.NOON - 90 * DAY
    chosen = [
        replace(
            make.question(card="new", email="e", risk="elevated", at=at),
            attempt_id=type(make.MERCHANT)(int=number * 10_000 + draw),
        )
        for number, draw in ((1, 99), (2, 100))
    ]
    looked_at, blocked = make.assessed(*chosen)
    for made in (looked_at, blocked):
        fraud.record_outcome(
            payment_id=made.payment_id, outcome="legitimate", at=make.NOON, by=make.BY
        )

    assert (looked_at.decision, blocked.decision) == ("review", "block")
    assert [row.stands_for for row in learned()] == [100.0, 1.0]


def test_what_stands_for_many_weighs_as_many():
    chance = np.random.default_rng(2)
    rows = chance.random((400, 2)).astype(np.float32)
    called = rows[:, 0] > 0.8
    called[:40] = chance.random(40) > 0.5
    once = forests.train(rows, called, stand_for=np.ones(400))
    heavy = forests.train(rows, called, stand_for=np.where(called, 50.0, 1.0))

    assert once.probability(rows).mean() == pytest.approx(called.mean(), abs=0.05)
    assert heavy.probability(rows).mean() > 2 * once.probability(rows).mean()


def test_recall_at_capacity_looks_at_so_many_a_day():
    """Two may be looked at each day: three of the four frauds are among the first two."""
    day = np.array([1, 1, 1, 2, 2, 2, 2])
    fraud_ = np.array([True, False, True, True, True, False, False])
    scores = np.array([0.9, 0.8, 0.1, 0.9, 0.8, 0.2, 0.1])

    assert measures.recall_at_capacity(day, fraud_, scores, a_day=2) == 0.75
    assert measures.recall_at_capacity(day, fraud_, scores, a_day=3) == 1.0
    assert measures.recall_at_capacity(day, np.zeros(7, dtype=bool), scores, a_day=2) == 0.0


GOOD = {
    "average_precision": 0.7,
    "share_of_fraud": 0.01,
    "recall_at_capacity": 0.4,
    "share_reviewed": 0.02,
    "money_saved_at_1pct_stopped": 0.8,
    "mean_probability": 0.012,
    "drift_psi": 0.1,
    "model_p50_ms": 0.1,
}


@pytest.mark.parametrize(
    ("worse", "gate"),
    [
        ({"average_precision": 0.029}, "average_precision"),
        ({"recall_at_capacity": 0.059}, "recall_at_capacity"),
        ({"share_reviewed": 0.5, "recall_at_capacity": 0.49}, "recall_at_capacity"),
        ({"money_saved_at_1pct_stopped": 0.0}, "money_saved"),
        ({"mean_probability": 0.061}, "calibration"),
        ({"drift_psi": 0.25}, "drift"),
        ({"model_p50_ms": 0.51}, "latency"),
    ],
)
def test_each_gate_keeps_out_what_it_is_for(worse, gate):
    assert all(training._gates(GOOD).values())
    failed = [name for name, passed in training._gates({**GOOD, **worse}).items() if not passed]
    assert failed == [gate]


def test_a_model_card_names_every_gate_and_measure(patient):
    history()
    model = trained()

    assert set(model.gates) == set(training._gates(GOOD))
    for name in (*model.gates, "recall_at_capacity", "drift_psi", "reviews_a_day"):
        assert f"| {name} |" in model.card
    assert model.metrics["recall_at_capacity"] == 1.0
    assert sum(model.metrics["spread"]) == model.metrics["tested_on"] == 100


def test_drift_is_seen_when_payments_change(patient):
    """Payments as in the training lie near; a world in which everything is large does not."""
    history()
    model = trained()
    calm = queries.drift(model, until=make.NOON)
    for start in range(0, 2000, 500):
        make.assessed(
            *[
                make.question(minor=950_00 + n, card=f"other-{n}", at=make.NOON)
                for n in range(start, start + 500)
            ]
        )

    assert calm < serving.DRIFTED < queries.drift(model, until=make.NOON)
    assert queries.drift(replace(model, schema="handbook.1"), until=make.NOON) is None


def test_how_mature_labels_are_is_told_week_by_week(db):
    now = make.NOON
    for days, outcome, after in (
        (70, "fraud", 10),
        (64, "legitimate", 1),
        (64, "", 0),
        (3, "disputed", 2),
        (2, "declined", 0),
    ):
        made = make.assessment(at=now - days * DAY)
        if outcome:
            fraud.record_outcome(
                payment_id=made.payment_id,
                outcome=outcome,
                at=now + (after - days) * DAY,
                by=make.BY,
            )

    told = queries.label_maturity(at=now)

    assert [
        (week.weeks_ago, week.decisions, week.fraud, week.said_good, week.is_mature)
        for week in told.weeks
    ] == [(0, 2, 1, 0, False), (9, 2, 0, 1, True), (10, 1, 1, 0, True)]
    assert (told.half_after_days, told.most_after_days) == (2, 10)


@pytest.mark.django_db(transaction=True)
def test_staff_see_maturity_and_drift_beside_the_models(client):
    user = User.objects.create_superuser(
        email="staff@example.com", password="correct horse battery", name="Stella"
    )
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    history()
    champion()

    page = client.get(reverse("admin:fraud_trainedmodel_changelist")).text

    assert "What there is to learn from" in page
    assert "Half of what is known as fraud was known" in page
    assert "(champion): the newest payments lie" in page


def test_without_payments_there_is_nothing_to_tell(db):
    assert queries.label_maturity(at=make.NOON) == data.Maturity(
        weeks=(), half_after_days=None, most_after_days=None
    )
    with pytest.raises(errors.NothingToLearn):
        trained()
