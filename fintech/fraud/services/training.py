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
from django.db import connection

from fintech.fraud import data, errors, serving
from fintech.fraud.services import registry
from fintech.kernel import invariants
from fintech.kernel.actor import Actor

MATURES = timedelta(days=60)
_CHUNK = 5_000
_TESTED = 0.25  # the last quarter of the time
_FEWEST = 20  # frauds in each part: fewer teach nothing, and measure nothing
_BEST_OF_CHANCE = 3  # average precision over the share of fraud
_CALIBRATED = 0.05  # how far the mean probability may lie from the share of fraud
_DRIFTED = 0.25  # PSI from which on two times are not alike
_SLOW_MS = 0.5
_STRANGE = 0.99
_WEEK = 7 * 86_400

_LABELED = """
SELECT a.id, a.features, a.customer_id, a.card_fingerprint, a.amount_minor,
  EXISTS (SELECT 1 FROM fraud_outcome o WHERE o.assessment_id = a.id AND o.at <= %s
          AND o.kind IN ('fraud', 'disputed')) AS fraud
FROM fraud_assessment a
WHERE a.created_at >= %s AND a.created_at < %s AND a.id > %s
  AND (a.created_at <= %s OR EXISTS (
    SELECT 1 FROM fraud_outcome o WHERE o.assessment_id = a.id AND o.at <= %s
      AND o.kind IN ('fraud', 'disputed', 'legitimate')))
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
    fraud: list[bool] = []
    customers: list[str] = []
    amounts: list[int] = []
    digest = hashlib.sha256()
    with invariants.snapshot():
        for features, customer, amount, was_fraud in _labeled(since, until, at, matures):
            rows.append(serving.vector(features))
            fraud.append(was_fraud)
            customers.append(customer)
            amounts.append(amount)
            digest.update(orjson.dumps([rows[-1], was_fraud]))
    table, called = np.array(rows, dtype=np.float32), np.array(fraud, dtype=bool)
    split = int(len(rows) * (1 - _TESTED))
    if min(called[:split].sum(), called[split:].sum()) < _FEWEST:
        raise errors.NothingToLearn(
            f"{int(called.sum())} frauds are known of {len(rows)} payments; "
            f"{_FEWEST} are needed to learn from and {_FEWEST} to measure with."
        )
    try:
        forest = forests.train(table[:split], called[:split])
    except forests.TooFewLabels as empty:
        raise errors.NothingToLearn(str(empty)) from empty
    scores = forest.probability(table[split:])
    codes = np.unique(np.array(customers[split:]), return_inverse=True)[1]
    metrics: dict[str, Any] = {
        "average_precision": measures.average_precision(called[split:], scores),
        "auc_roc": measures.auc_roc(called[split:], scores),
        "money_saved_at_1pct_stopped": measures.money_saved(
            codes, np.array(amounts[split:]), called[split:], scores
        ),
        "share_of_fraud": float(called[split:].mean()),
        "mean_probability": float(scores.mean()),
        "drift_psi": measures.psi(forest.unseen, scores[~called[split:]]),
        "trained_on": split,
        "tested_on": len(rows) - split,
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
        "share_of_fraud": float(rows.fraud[left].mean()),
        "mean_probability": float(scores.mean()),
        "drift_psi": measures.psi(forest.unseen, scores[~rows.fraud[left]]),
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


def _labeled(
    since: datetime, until: datetime, at: datetime, matures: timedelta
) -> Iterator[tuple[data.Features, str, int, bool]]:
    """Yield snapshots with labels that are known at a moment, in the order of their making."""
    last = UUID(int=0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_LABELED, [at, since, until, last, at - matures, at, _CHUNK])
            found = cursor.fetchall()
        for id_, features, customer, card, amount, fraud in found:
            last = id_
            kept = orjson.loads(features) if isinstance(features, str | bytes) else features
            yield data.Features.restored(kept), str(customer or card), amount, fraud
        if len(found) < _CHUNK:
            return


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
        "money_saved": metrics["money_saved_at_1pct_stopped"] > 0,
        "calibration": abs(metrics["mean_probability"] - share) <= _CALIBRATED,
        "drift": metrics["drift_psi"] < _DRIFTED,
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
        *[f"| {name} | {value} |" for name, value in metrics.items()],
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
