"""
Days that are not like the others.

Each figure of a day is held against the same weekday's before it (a robust z-score: distance
from the median in median absolute deviations), so that Mondays are compared with Mondays. Days
whose figures are odd only together are found by an isolation forest, where there are enough.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median

import structlog
from django_subatomic import db

from fintech.reconciliation import data, queries
from fintech.reconciliation.models import Anomaly

log = structlog.get_logger(__name__)
METRICS = ("match_rate", "fee_rate", "delay_days", "breaks", "lines")
HISTORY = timedelta(days=120)
WEEKDAYS_LEAST = 4  # Of the same weekday; with fewer all days are taken,
DAYS_LEAST = 8  # and with fewer than these nothing can be said.
FOREST_LEAST = 40
SCORE = 4.5
# A figure that hardly ever moves is not odd for moving a little.
_FLOORS = {
    "match_rate": 0.002, "fee_rate": 0.0005, "delay_days": 0.25, "breaks": 1.0, "lines": 3.0,
}  # fmt: skip
_SCALE = 1.4826  # Of a normal distribution's deviation, in median absolute deviations.
_FORMS = Decimal("0.001")


def watch(*, source: str, on: date, at: datetime) -> list[data.Anomaly]:
    """Tell what is odd about a business day, keep it, and log an alert for each."""
    days = queries.day_figures(source=source, begin=on - HISTORY, end=on)
    today = next((day for day in days if day.on == on), None)
    if today is None:
        return []
    before = [day for day in days if day.on < on]
    found = [*_by_metric(source, today, before), *_together(source, today, before)]
    with db.transaction():
        Anomaly.objects.bulk_create(
            [
                Anomaly(
                    source=one.source,
                    on=one.on,
                    metric=one.metric,
                    value=one.value,
                    expected=one.expected,
                    score=one.score,
                    method=one.method,
                    found_at=at,
                )
                for one in found
            ],
            ignore_conflicts=True,
        )
    for one in found:
        log.warning(
            "reconciliation.anomaly",
            source=source,
            on=str(on),
            metric=one.metric,
            value=str(one.value),
            expected=str(one.expected),
            score=str(one.score),
        )
    return found


def _by_metric(
    source: str, today: data.DayFigures, before: Sequence[data.DayFigures]
) -> list[data.Anomaly]:
    same = [day for day in before if day.on.weekday() == today.on.weekday()]
    baseline = same if len(same) >= WEEKDAYS_LEAST else before
    if len(before) < DAYS_LEAST:
        return []
    found = []
    for metric in METRICS:
        value = float(getattr(today, metric))
        usual = [float(getattr(day, metric)) for day in baseline]
        middle = median(usual)
        spread = median(abs(one - middle) for one in usual) * _SCALE
        score = (value - middle) / max(spread, _FLOORS[metric])
        if abs(score) >= SCORE:
            found.append(
                data.Anomaly(
                    source=source,
                    on=today.on,
                    metric=metric,
                    value=Decimal(str(round(value, 6))),
                    expected=Decimal(str(round(middle, 6))),
                    score=Decimal(str(score)).quantize(_FORMS),
                    method="robust_z",
                )
            )
    return found


def _together(
    source: str, today: data.DayFigures, before: Sequence[data.DayFigures]
) -> list[data.Anomaly]:
    """A day whose figures are odd only together."""
    if len(before) < FOREST_LEAST:
        return []
    from sklearn.ensemble import IsolationForest

    rows = [[float(getattr(day, metric)) for metric in METRICS] for day in before]
    forest = IsolationForest(n_estimators=100, contamination=0.01, random_state=7).fit(rows)
    point = [[float(getattr(today, metric)) for metric in METRICS]]
    score = float(forest.decision_function(point)[0])
    if score >= min(forest.decision_function(rows)):
        return []
    return [
        data.Anomaly(
            source=source,
            on=today.on,
            metric="together",
            value=Decimal(str(round(score, 6))),
            expected=None,
            score=Decimal(str(score)).quantize(_FORMS),
            method="isolation_forest",
        )
    ]
