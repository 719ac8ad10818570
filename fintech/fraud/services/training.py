"""
Training: a history, labels that were known, a split in time, gates, a registered candidate.

Runs in commands and workers; nothing here is loaded with a web process. Labels are what
people and banks said; a payment that nobody complained about is good after `MATURES`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection

from fintech.fraud import data, errors, queries, serving
from fintech.fraud.services import registry
from fintech.kernel import invariants
from fintech.kernel.actor import Actor

MATURES = queries.MATURES
_CHUNK = 5_000
_TESTED = 0.25  # the last quarter of the time
_FEWEST = 20  # frauds in each part: fewer teach nothing, and measure nothing
_BEST_OF_CHANCE = 3  # average precision over the share of fraud
_CALIBRATED = 0.05  # how far the mean probability may lie from the share of fraud
_BETTER_THAN_CHANCE = 3  # recall at capacity, over the share that is looked at
_ENOUGH = 0.5  # No more recall than that is asked for.
_SLOW_MS = 0.5
_STRANGE = 0.99
_WEEK = 7 * 86_400
_DRAWS = 10_000  # `explore` is a share of these.

# Of the young only complaints are known: as if all that is new were fraud. Who was blocked or
# declined could not complain: he is only learned from if somebody said what he was.
_LABELED = """
SELECT a.id, a.created_at, a.features, a.customer_id, a.card_fingerprint, a.amount_minor,
  coalesce(said.fraud, false), a.reasons @> '[{"code": "explored"}]'
FROM fraud_assessment a
LEFT JOIN LATERAL (
  SELECT bool_or(o.kind IN ('fraud', 'disputed')) AS fraud,
    bool_or(o.kind = 'legitimate') AS good, bool_or(o.kind = 'declined') AS declined
  FROM fraud_outcome o WHERE o.assessment_id = a.id AND o.at <= %s
) said ON true
WHERE a.created_at >= %s AND a.created_at < %s AND a.id > %s AND a.created_at <= %s
  AND (said.fraud OR said.good
       OR a.decision <> 'block' AND NOT coalesce(said.declined, false))
ORDER BY a.id LIMIT %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trained:
    """What a training has made, ready to be registered."""

    schema: str
    source: str
    names: Sequence[str]
    forest: Any
    stranger: Any
    metrics: dict[str, Any]
    data_hash: str
    of_what: str


def train_on_payments(
    *, since: datetime, until: datetime, matures: timedelta = MATURES, by: Actor, at: datetime
) -> data.TrainedModel:
    """
    Train on stored decisions, by time: the last quarter is the test.

    Raises:
        NothingToLearn: too few frauds are known.
    """
    import numpy as np

    from fintech.fraud.learning import forests, measures

    rows: list[list[float]] = []
    told: list[_Labeled] = []
    digest = hashlib.sha256()
    with invariants.snapshot():
        for row in _labeled(since, until, at, matures):
            rows.append(serving.vector(row.features))
            told.append(row)
            digest.update(orjson.dumps([rows[-1], row.fraud, row.stands_for]))
    table = np.array(rows, dtype=np.float32)
    called = np.array([row.fraud for row in told], dtype=bool)
    split = int(len(rows) * (1 - _TESTED))
    tested, later = called[split:], told[split:]
    if min(called[:split].sum(), tested.sum()) < _FEWEST:
        raise errors.NothingToLearn(
            f"{int(called.sum())} frauds are known of {len(rows)} payments; "
            f"{_FEWEST} are needed to learn from and {_FEWEST} to measure with."
        )
    stand_for = np.array([row.stands_for for row in told[:split]])
    try:
        forest = forests.train(table[:split], called[:split], stand_for=stand_for)
    except forests.TooFewLabels as empty:
        raise errors.NothingToLearn(str(empty)) from empty
    scores = forest.probability(table[split:])
    metrics = {
        **_worth(
            forest,
            scores,
            tested,
            days=np.array([row.at.toordinal() for row in later]),
            a_day=settings.FRAUD_REVIEWS_A_DAY,
        ),
        "money_saved_at_1pct_stopped": measures.money_saved(
            np.unique([row.customer for row in later], return_inverse=True)[1],
            np.array([row.amount for row in later]),
            tested,
            scores,
        ),
        "trained_on": split,
        "tested_on": len(later),
    }
    return _register(
        _Trained(
            schema=serving.SCHEMA,
            source="payments",
            names=serving.NAMES[serving.SCHEMA],
            forest=forest,
            stranger=forests.stranger(table[:split]),
            metrics=metrics,
            data_hash=digest.hexdigest(),
            of_what=f"Stored decisions from {since:%Y-%m-%d} to {until:%Y-%m-%d}; a payment that"
            f" nobody complained about for {matures.days} days counts as good.",
        ),
        table[split:],
        by=by,
        at=at,
    )


def train_on_handbook(*, path: Path, by: Actor, at: datetime) -> data.TrainedModel:
    """
    Train on the newest week of a file whose labels were known a week before its last one.

    The last week of the file is the test; the protocol is the Handbook's.

    Raises:
        NothingToLearn: the file is too short, or nothing is labeled.
    """
    import numpy as np

    from fintech.fraud.learning import forests, handbook, measures, weeks

    rows = handbook.read(path)
    last = int(rows.day.max(initial=0))
    test = measures.Period(first=last - 6, last=last)
    days = measures.Period(first=last - 20, last=last - 14)
    history = weeks.known(rows, delay=_WEEK)
    try:
        forest = weeks.train(history, days=days, before=test.first * 86_400)
    except forests.TooFewLabels as empty:
        raise errors.NothingToLearn(str(empty)) from empty
    left = measures.remaining(rows, train=days, test=test, delay=_WEEK)
    scores = forest.probability(history.table[left])
    trained = days.holds(rows.day)
    metrics = {
        **asdict(measures.measure(rows, left, scores)),
        **_worth(
            forest,
            scores,
            rows.fraud[left],
            days=rows.day[left],
            a_day=settings.FRAUD_REVIEWS_A_DAY,
        ),
        "trained_on": int(trained.sum()),
        "tested_on": len(left),
    }
    digest = hashlib.sha256(np.ascontiguousarray(history.table[trained]).tobytes())
    digest.update(rows.fraud[trained].tobytes())
    return _register(
        _Trained(
            schema=handbook.SCHEMA,
            source="handbook",
            names=history.names,
            forest=forest,
            stranger=forests.stranger(history.table[trained]),
            metrics=metrics,
            data_hash=digest.hexdigest(),
            of_what=f"Days {days.first} to {days.last} of {path.name}, tested on days"
            f" {test.first} to {test.last} without customers known as defrauded.",
        ),
        history.table[left],
        by=by,
        at=at,
    )


@dataclass(frozen=True, slots=True)
class _Labeled:
    """A stored decision, and what it was."""

    features: data.Features
    at: datetime
    customer: str
    amount: int
    fraud: bool
    stands_for: float  # how many like it: of would-be blocks only a few are let through


def _labeled(
    since: datetime, until: datetime, at: datetime, matures: timedelta
) -> Iterator[_Labeled]:
    """Yield snapshots with labels that are known at a moment, in the order of their making."""
    last = UUID(int=0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_LABELED, [at, since, until, last, at - matures, _CHUNK])
            found = cursor.fetchall()
        for id_, made, features, customer, card, amount, fraud, explored in found:
            last = id_
            kept = orjson.loads(features) if isinstance(features, str | bytes) else features
            known = data.Features.restored(kept)
            stands_for = _DRAWS / known.explore if explored and known.explore else 1.0
            yield _Labeled(known, made, str(customer or card), amount, fraud, stands_for)
        if len(found) < _CHUNK:
            return


def _worth(forest: Any, scores: Any, fraud: Any, *, days: Any, a_day: int) -> dict[str, Any]:
    """Return what gates ask for, of payments that the forest has not seen."""
    import numpy as np

    from fintech.fraud.learning import measures

    good_then, good_now = (
        serving.spread(each.tolist()) for each in (forest.unseen, scores[~fraud])
    )
    return {
        "average_precision": measures.average_precision(fraud, scores),
        "auc_roc": measures.auc_roc(fraud, scores),
        "recall_at_capacity": measures.recall_at_capacity(days, fraud, scores, a_day=a_day),
        "reviews_a_day": a_day,
        "share_reviewed": min(1.0, a_day * len(np.unique(days)) / len(fraud)),
        "share_of_fraud": float(fraud.mean()),
        "mean_probability": float(scores.mean()),
        "drift_psi": serving.psi(good_then, good_now),
        "spread": serving.spread(scores.tolist()),  # Whoever decides with it is compared with it.
    }


def _register(trained: _Trained, sample: Any, *, by: Actor, at: datetime) -> data.TrainedModel:
    import numpy as np

    from fintech.fraud.learning import exporting, latency

    forest = trained.forest
    trees = exporting.trees(forest.trees)
    strange = exporting.trees(trained.stranger)
    metrics = {
        name: round(value, 6) if isinstance(value, float) else value
        for name, value in trained.metrics.items()
    }
    # Beyond it, one in a hundred of those that it was tested on.
    metrics["strange_from"] = float(np.quantile(exporting.apart(strange, sample), _STRANGE))
    metrics["model_p50_ms"] = round(latency.median_ms(trees, sample), 4)
    gates = _gates(metrics)
    return registry.register(
        schema=trained.schema,
        source=trained.source,
        files={
            "trees": trees,
            "strange": strange,
            "paths": exporting.paths(forest.trees),
            "kept": exporting.kept(forest.trees),
        },
        slope=forest.slope,
        offset=forest.offset,
        metrics=metrics,
        gates=gates,
        card=_card(trained, metrics, gates, at),
        data_hash=trained.data_hash,
        by=by,
        at=at,
    )


def _gates(metrics: Mapping[str, Any]) -> dict[str, bool]:
    share = metrics["share_of_fraud"]
    return {
        "average_precision": metrics["average_precision"] >= min(0.9, _BEST_OF_CHANCE * share),
        "recall_at_capacity": metrics["recall_at_capacity"]
        >= min(_ENOUGH, _BETTER_THAN_CHANCE * metrics["share_reviewed"]),
        "money_saved": metrics["money_saved_at_1pct_stopped"] > 0,
        "calibration": abs(metrics["mean_probability"] - share) <= _CALIBRATED,
        "drift": metrics["drift_psi"] < serving.DRIFTED,
        "latency": metrics["model_p50_ms"] <= _SLOW_MS,
    }


def _card(
    trained: _Trained, metrics: Mapping[str, Any], gates: Mapping[str, bool], at: datetime
) -> str:
    """Return what a person should know before letting a model decide."""
    lines = [
        f"# Fraud model, {trained.schema}, trained {at:%Y-%m-%d %H:%M} UTC",
        "",
        f"Forest of {len(trained.forest.trees.estimators_)} trees on {len(trained.names)} features,"
        " calibrated on trees that had not seen the payment.",
        f"Data: {trained.of_what}",
        f"Hash of the training rows: {trained.data_hash}",
        "",
        "| measured on the test | |",
        "|---|---|",
        *[f"| {name} | {value} |" for name, value in metrics.items() if name != "spread"],
        "",
        "| gate | passed |",
        "|---|---|",
        *[f"| {name} | {'yes' if passed else 'no'} |" for name, passed in gates.items()],
        "",
        "Features: " + ", ".join(trained.names),
        "",
        "It sees amounts, counts and what was seen before; no name, card number or address."
        " It does not know frauds that nobody has reported yet, and payments that were"
        " blocked have no label but the few that are let through to a person.",
    ]
    return "\n".join(lines) + "\n"
