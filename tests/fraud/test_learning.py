"""Models learn from the past only, and from labels that were known."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from fintech.fraud import serving
from fintech.fraud.learning import exporting, forests, handbook, measures, rings, weeks
from tests.make import transactions as make

WEEK = 7 * make.DAY
TRAIN, TEST = "2018-05-06:2018-05-12", "2018-05-20:2018-05-26"  # Days 35 to 41, 49 to 55.
FIRST_OF_TEST = 49 * make.DAY


@pytest.fixture(scope="module")
def rows():
    return make.history()


def scores(path: Path, tmp_path: Path, **changed: str) -> list[list[str]]:
    out = tmp_path / "scores.csv"
    given = {"train": TRAIN, "test": TEST, "labels-delay": "7d", **changed}
    call_command(
        "score_fraud",
        f"--input={path}",
        f"--output={out}",
        *[f"--{name}={value}" for name, value in given.items()],
    )
    with out.open() as file:
        return list(csv.reader(file))


def test_nothing_is_known_from_the_future(rows):
    """What happens after a moment changes nothing that was known before it."""
    moment = 40 * make.DAY
    names, whole = handbook.features(rows, delay=WEEK)
    _, cut = handbook.features(rows.until(moment), delay=WEEK)

    assert len(names) == whole.shape[1]
    np.testing.assert_array_equal(whole[rows.seconds < moment], cut)


def test_a_label_is_not_read_before_its_delay_has_passed(rows):
    """Turning every label around from a moment on is noticed a week later, and then it is."""
    moment = 40 * make.DAY
    _, told = handbook.features(rows, delay=WEEK)
    _, turned = handbook.features(make.relabeled(rows, moment), delay=WEEK)

    early = rows.seconds < moment + WEEK
    np.testing.assert_array_equal(told[early], turned[early])
    assert (told[~early] != turned[~early]).any()


def test_a_window_counts_what_a_loop_counts(rows):
    names, table = handbook.features(rows, delay=WEEK)
    for row in range(len(rows) - 1, len(rows) - 200, -20):
        now = rows.seconds[row]
        window = (
            (rows.terminal == rows.terminal[row])
            & (rows.seconds <= now - WEEK)
            & (rows.seconds > now - WEEK - 30 * make.DAY)
        )
        own = (rows.customer == rows.customer[row]) & (np.arange(len(rows)) < row)
        fortnight = own & (rows.seconds > now - 14 * make.DAY)
        assert table[row][names.index("terminal_payments_30d")] == window.sum()
        assert table[row][names.index("customer_payments_14d")] == fortnight.sum()
        share = rows.label[window].mean() if window.any() else 0
        assert table[row][names.index("terminal_share_30d")] == pytest.approx(share)


def test_every_row_of_the_test_is_scored_in_the_order_of_the_file(rows, tmp_path):
    chance = np.random.default_rng(3)
    mixed = chance.permutation(len(rows))
    shuffled = handbook.Transactions(
        *[getattr(rows, name)[mixed] for name in handbook.Transactions.__slots__]
    )
    written = scores(make.write(shuffled, tmp_path / "in.csv"), tmp_path)

    days = shuffled.day
    assert written[0] == ["TRANSACTION_ID", "SCORE"]
    assert [name for name, _ in written[1:]] == shuffled.ids[(days >= 49) & (days <= 55)].tolist()
    assert all(0 <= float(score) <= 1 for _, score in written[1:])


def test_scores_do_not_depend_on_labels_that_are_too_young(rows, tmp_path):
    """Labels of the last week before the end, wrong or missing: not one score moves."""
    young = rows.seconds > 56 * make.DAY - WEEK
    wrong = replace(rows, label=np.where(young, 1 - rows.label, rows.label))
    blank = replace(rows, label=np.where(young, np.nan, rows.label))

    right = scores(make.write(rows, tmp_path / "a.csv"), tmp_path)
    assert scores(make.write(wrong, tmp_path / "b.csv"), tmp_path) == right
    assert scores(make.write(blank, tmp_path / "c.csv"), tmp_path) == right


def test_training_days_whose_labels_are_too_young_are_not_learned_from(rows, tmp_path):
    """Training up to the eve of the test is training up to a week before it."""
    unknown = (rows.seconds > FIRST_OF_TEST - WEEK) & (rows.seconds < FIRST_OF_TEST)
    history = weeks.known(rows, delay=WEEK)
    blank = replace(history, rows=replace(rows, label=np.where(unknown, np.nan, rows.label)))
    days = measures.Period(first=35, last=48)

    told = weeks.train(history, days=days, before=FIRST_OF_TEST)
    untold = weeks.train(blank, days=days, before=FIRST_OF_TEST)

    np.testing.assert_array_equal(
        told.probability(history.table[-500:]), untold.probability(history.table[-500:])
    )


def test_the_model_finds_what_it_has_learned(rows, tmp_path):
    found = {
        name: float(score)
        for name, score in scores(make.write(rows, tmp_path / "in.csv"), tmp_path)[1:]
    }
    tested = np.flatnonzero((rows.day >= 49) & (rows.day <= 55))
    given = np.array([found[name] for name in rows.ids[tested].tolist()])

    assert measures.measure(rows, tested, given).auc_roc > 0.75


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"train": "2018-05-12"}, "not FROM:TO"),
        ({"train": "2018-05-12:2018-05-06"}, "ends before it begins"),
        ({"labels-delay": "soon"}, "not a number of days"),
        ({"train": "2017-01-01:2017-01-07"}, "Is anything labeled"),
    ],
)
def test_what_makes_no_sense_is_refused(rows, tmp_path, changed, complaint):
    with pytest.raises(CommandError, match=complaint):
        scores(make.write(rows.until(50 * make.DAY), tmp_path / "in.csv"), tmp_path, **changed)
    assert not (tmp_path / "scores.csv").exists()


def test_money_saved_stops_one_good_customer_in_a_hundred():
    """Two hundred good customers: two may be stopped, so the bar lies at the third."""
    customer = np.arange(203)
    fraud = customer >= 200
    cents = np.where(fraud, [100], [1])
    cents[202] = 800
    scores = np.where(fraud, 0.0, customer / 1000)
    scores[200], scores[201], scores[202] = 0.1975, 0.1965, 0.5

    assert measures.money_saved(customer, cents, fraud, scores) == pytest.approx(0.9)


def test_customers_known_as_defrauded_leave_the_test(rows):
    left = measures.remaining(
        rows,
        train=measures.Period(first=35, last=41),
        test=measures.Period(first=49, last=55),
        delay=WEEK,
    )
    for row in left.tolist():
        known = (
            (rows.customer == rows.customer[row])
            & rows.fraud
            & (rows.day >= 35)
            & (rows.day < rows.day[row] - 7)
        )
        assert not known.any()


def test_training_is_not_loaded_with_the_app():
    """A web process starts without scikit-learn and pandas."""
    import subprocess
    import sys

    asked = (
        "import os, sys; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings');"
        "import django; django.setup();"
        "import fintech.fraud.services, fintech.fraud.queries, config.urls;"
        "print([name for name in ('sklearn', 'pandas', 'treelite') if name in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", asked],
        capture_output=True,
        text=True,
        check=True,
        cwd=settings.BASE_DIR,
    )
    assert said.stdout.strip().endswith("[]")


def test_rings_stand_apart_without_a_label():
    """Ten accounts pay each other small sums again and again; two hundred others do not."""
    chance = np.random.default_rng(5)
    pairs = [(int(a), int(b)) for a, b in chance.integers(10, 210, (1500, 2)) if a != b]
    pairs = sorted(set(pairs))
    ring = [(a, (a + 1) % 10) for a in range(10) for _ in range(3)]
    transfers = pd.DataFrame([*pairs, *ring], columns=["sourceNodeId", "targetNodeId"])
    transfers["value"] = [*chance.uniform(100, 600, len(pairs)), *chance.uniform(2, 6, len(ring))]
    accounts = np.arange(210)

    assert rings.recall(rings.suspicion(transfers, accounts), accounts < 10) == 1


def test_drift_is_nothing_between_likes_and_much_between_strangers():
    chance = np.random.default_rng(1)
    one, two = chance.beta(1, 20, 4000), chance.beta(1, 20, 4000)

    other = chance.beta(5, 5, 4000)
    spread, near, far = (serving.spread(each.tolist()) for each in (one, two, other))
    assert serving.psi(spread, near) < 0.02
    assert serving.psi(spread, far) > 1


def test_who_is_like_nobody_stands_apart():
    rows = np.random.default_rng(0).random((500, 6)).astype(np.float32)
    rows[:3] *= 40

    apart = exporting.apart(exporting.trees(forests.stranger(rows)), rows)

    assert set(np.argsort(-apart)[:3].tolist()) == {0, 1, 2}


def _written(tmp_path, rows, change):
    """Write a file of the columns, changed before it is written."""
    frame = pd.read_csv(make.write(rows, tmp_path / "given.csv"), dtype=object)
    change(frame).to_csv(tmp_path / "changed.csv", index=False)
    return tmp_path / "changed.csv"


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("TX_TIME_SECONDS", None, "Line 5: TX_TIME_SECONDS is empty, where a number is needed."),
        ("TX_AMOUNT_CENTS", None, "Line 5: TX_AMOUNT_CENTS is empty, where a number is needed."),
        ("TX_AMOUNT_CENTS", "12.5", "Line 5: TX_AMOUNT_CENTS is '12.5', where a number"),
        ("TX_AMOUNT_CENTS", "-1", "Line 5: TX_AMOUNT_CENTS is '-1', where a number"),
        ("TX_AMOUNT_CENTS", "much", "Line 5: TX_AMOUNT_CENTS is 'much', where a number"),
        ("CUSTOMER_ID", None, "Line 5: CUSTOMER_ID is empty, where a name is needed."),
        ("TERMINAL_ID", None, "Line 5: TERMINAL_ID is empty, where a name is needed."),
        ("TRANSACTION_ID", None, "Line 5: TRANSACTION_ID is empty, where a name is needed."),
        ("TX_FRAUD", "2", "Line 5: TX_FRAUD is '2', where 0, 1 or nothing is needed."),
        ("TX_FRAUD", "yes", "Line 5: TX_FRAUD is 'yes', where 0, 1 or nothing is needed."),
    ],
)
def test_a_missing_or_odd_value_is_named_with_its_line_and_nothing_is_written(
    rows, tmp_path, column, value, said
):
    def change(frame):
        frame.loc[3, column] = value
        return frame

    with pytest.raises(CommandError) as refused:
        scores(_written(tmp_path, rows, change), tmp_path)

    assert said in str(refused.value)
    assert not (tmp_path / "scores.csv").exists()


def test_columns_that_nobody_asked_for_change_nothing_and_no_label_is_none_at_all(rows, tmp_path):
    """Labels of the test's days are too young for its rows; the order of columns says nothing."""

    def more(frame):
        late = frame["TX_TIME_SECONDS"].astype(int) >= FIRST_OF_TEST
        frame.loc[late, "TX_FRAUD"] = None
        frame = frame.assign(TX_FRAUD_SCENARIO="3", NOTE="a, b", TX_AMOUNT=None)
        return frame[frame.columns[::-1]]

    plain = scores(make.write(rows, tmp_path / "in.csv"), tmp_path)

    assert scores(_written(tmp_path, rows, more), tmp_path) == plain
    assert len(plain) > 1
