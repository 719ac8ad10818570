"""Models decide payments: registered, watched, approved, explained, and done without."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import skops.io
from django.conf import settings
from django.db import connection

from fintech.fraud import data, errors, queries, serving
from fintech.fraud import services as fraud
from fintech.fraud.learning import exporting  # Now: a transaction would wait for the import.
from fintech.fraud.models import Assessment, TrainedModel
from fintech.kernel import approvals, ids
from fintech.kernel.actor import Actor
from tests.make import fraud as make

ANNA, BERT = (Actor(kind="staff", id=str(uuid4())) for _ in range(2))


def history(days: int = 90) -> None:
    """Four hundred payments long ago; those of much money were fraud."""
    at = make.NOON - timedelta(days=days)
    questions = [
        make.question(
            minor=900_00 + number if number % 5 == 0 else 15_00 + number,
            card=f"card-{number}",
            at=at + timedelta(minutes=number),
        )
        for number in range(400)
    ]
    for made in make.assessed(*questions):
        if made.amount.minor > 900_00:
            fraud.record_outcome(
                payment_id=made.payment_id, outcome="fraud", at=make.NOON, by=make.BY
            )


def trained() -> data.TrainedModel:
    return fraud.train_on_payments(
        since=make.NOON - timedelta(days=120), until=make.NOON, by=make.BY, at=make.NOON
    )


def champion() -> data.TrainedModel:
    """A model that one person has proposed and another has approved."""
    model = trained()
    fraud.watch_model(model_id=model.id, by=ANNA, at=make.NOON)
    proposed = fraud.propose_champion(model_id=model.id, by=ANNA, at=make.NOON)
    made: data.TrainedModel = approvals.approve(approval_id=proposed, by=BERT, at=make.NOON)
    return made


@pytest.fixture(autouse=True)
def remembered_nowhere():
    queries.forget_models()
    yield
    queries.forget_models()


@pytest.fixture
def known(db):
    history()
    with connection.cursor() as cursor:  # A test's transaction waits for its training.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def file_of(model: data.TrainedModel, name: str) -> Path:
    hashed = model.files[name]
    return Path(settings.OBJECTS_DIR) / hashed[:2] / hashed[2:4] / hashed


def test_training_registers_a_signed_candidate_that_does_nothing(known):
    before = make.assessment(minor=950_00)
    model = trained()

    assert model.stage == data.ModelStage.CANDIDATE
    assert all(model.gates.values())
    assert fraud.is_signed(model)
    assert "| average_precision |" in model.card
    assert make.assessment(minor=950_00).score == before.score


def test_the_same_history_gives_the_same_model(known):
    first, second = trained(), trained()

    assert first.data_hash == second.data_hash
    assert first.files["trees"] == second.files["trees"]
    assert (first.number, second.number) == (1, 2)


def test_too_few_frauds_teach_nothing(db):
    make.assessment()
    with pytest.raises(errors.NothingToLearn, match="0 frauds are known of 0 payments"):
        trained()
    assert queries.models() == []


def test_a_payment_too_young_to_be_good_is_not_learned_from(db):
    history(days=30)
    with pytest.raises(errors.NothingToLearn, match="0 frauds are known of 0 payments"):
        trained()


def test_a_challenger_watches_and_decides_nothing(known):
    alone = make.assessment(minor=950_00)
    model = trained()
    fraud.watch_model(model_id=model.id, by=ANNA, at=make.NOON)

    watched = make.assessment(minor=950_00)

    assert (watched.score, watched.decision) == (alone.score, alone.decision)
    (line,) = [each for each in watched.shadow if each.code == "challenger"]
    assert line.weight > 50


def test_a_champions_lines_sum_to_the_score(known):
    model = champion()

    bad, good = make.assessment(minor=950_00), make.assessment(minor=20_00, card="new")

    assert model.stage == data.ModelStage.CHAMPION
    assert bad.score > good.score + 30
    for made in (bad, good):
        assert sum(reason.weight for reason in made.reasons) == made.score
        assert made.reasons[0].code == "model_base"
    assert "model" in {reason.code for reason in bad.reasons}


def test_a_decision_with_a_model_is_made_again_bit_for_bit(known):
    champion()
    made = make.assessment(minor=950_00)
    fraud.roll_back_model(by=ANNA, at=make.NOON)  # Another model decides by now.

    again = queries.decided_again(made.id)

    assert (again.score, again.decision, again.reasons) == (
        made.score,
        made.decision,
        made.reasons,
    )


def test_of_many_a_model_says_what_it_says_of_one(known):
    champion()
    (ruleset,) = {make.assessment().features.ruleset}
    served = queries.live(ruleset).champion
    snapshots = [row.as_data().features for row in Assessment.objects.order_by("id")[:60]]

    assert served.shares(snapshots) == [served.shares([each])[0] for each in snapshots]


def test_who_proposes_does_not_approve(known):
    model = trained()
    fraud.watch_model(model_id=model.id, by=ANNA, at=make.NOON)
    proposed = fraud.propose_champion(model_id=model.id, by=ANNA, at=make.NOON)

    with pytest.raises(approvals.SamePerson):
        approvals.approve(approval_id=proposed, by=ANNA, at=make.NOON)
    assert queries.model(model.id).stage == data.ModelStage.SHADOW


def test_a_model_that_has_not_passed_its_gates_is_not_proposed(known):
    model = trained()
    TrainedModel.objects.filter(id=model.id).update(gates={**model.gates, "drift": False})

    with pytest.raises(errors.ModelUnfit, match="not what was signed"):
        fraud.watch_model(model_id=model.id, by=ANNA, at=make.NOON)
    TrainedModel.objects.filter(id=model.id).update(gates=model.gates)
    fraud.watch_model(model_id=model.id, by=ANNA, at=make.NOON)
    TrainedModel.objects.filter(id=model.id).update(gates={**model.gates, "drift": False})
    with pytest.raises(errors.ModelUnfit, match="has not passed drift"):
        fraud.propose_champion(model_id=model.id, by=ANNA, at=make.NOON)


def test_a_model_of_other_features_does_not_decide_payments(known):
    model = trained()
    TrainedModel.objects.filter(id=model.id).update(schema="handbook.1")

    with pytest.raises(errors.ModelUnfit, match=r"sees handbook\.1"):
        fraud.watch_model(model_id=model.id, by=ANNA, at=make.NOON)


def test_rolling_back_lets_the_one_before_decide(known):
    first = champion()
    second = champion()

    back = fraud.roll_back_model(by=ANNA, at=make.NOON)

    assert back.id == first.id
    assert queries.model(second.id).stage == data.ModelStage.RETIRED
    assert fraud.roll_back_model(by=ANNA, at=make.NOON) is None  # Rules decide alone.
    assert "model_base" not in {reason.code for reason in make.assessment().reasons}
    assert list(queries.replay()) == []


@pytest.mark.parametrize("broken", ["missing", "corrupt", "paths"])
def test_a_model_that_cannot_be_read_is_done_without_and_said_so(known, broken):
    model = champion()
    file = file_of(model, "paths" if broken == "paths" else "trees")
    file.chmod(0o644)
    whole = file.read_bytes()
    try:
        if broken == "missing":
            file.unlink()
        else:
            file.write_bytes(b"not a forest")
        queries.forget_models()
        made = make.assessment(minor=20_00)
        fraud.set_posture(merchant_id=None, fails="closed", by=ANNA, at=make.NOON)
        closed = make.assessment(minor=20_00)
    finally:
        file.write_bytes(whole)

    assert made.features.degraded == "model"
    assert made.decision == data.Decision.ALLOW
    assert "degraded" in {reason.code for reason in made.reasons}
    assert closed.decision == data.Decision.BLOCK
    assert queries.decided_again(made.id).reasons == made.reasons


def test_a_forest_file_with_strange_types_is_refused():

    with pytest.raises(ValueError, match="A forest holds no"):
        exporting.restored(skops.io.dumps({"run": Path("/tmp")}))


def test_even_odds_are_fifty_points():
    assert [serving.points(margin) for margin in (-9, 0, 1, 9)] == [0, 50, 62, 100]


def test_a_champion_of_nobody_is_not_found(db):
    with pytest.raises(errors.ModelNotFound):
        fraud.watch_model(model_id=ids.new(), by=ANNA, at=make.NOON)


def test_a_back_test_with_a_model_says_what_would_have_been_stopped(known):
    """The payments of the history were let through; the model stops what it knows as fraud."""
    model = trained()
    since, until = make.NOON - timedelta(days=120), make.NOON

    tried = queries.back_test_all(
        drafts=[data.Draft(condition="amount > 90000", decision="block")],
        model_id=model.id,
        bands=(101, 101, 101),
        since=since,
        until=until,
    )

    assert (tried.assessments, tried.hits) == (400, 79)
    assert (tried.fraud, tried.fraud_hit) == (79, 79)
    ((was, now, count),) = tried.changed
    assert (was, now, count) == ("allow", "block", 79)


def test_who_stands_apart_is_told_without_points(known):
    champion()
    features = make.assessment().features
    served = queries.live(features.ruleset).champion

    everybody = replace(served, strange_from=0.0).opinion(features)
    nobody = replace(served, strange_from=1.0).opinion(features)

    assert [(line.code, line.weight) for line in everybody] == [("strange", 0)]
    assert nobody == []
    assert 0.3 < served.strange_from < 0.9
