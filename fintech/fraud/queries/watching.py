"""How fraud does now, and what is out of the ordinary."""

from datetime import datetime, timedelta

from django.db import connection

from fintech.fraud import data, serving
from fintech.fraud.data import AlertKind
from fintech.fraud.models import Alert
from fintech.fraud.queries import learned, modeling

_WHOLE = 10_000
_NEWEST = 20_000  # Decisions that are looked at: enough for a share, and soon read.
_LATELY, _LABELS = timedelta(hours=1), timedelta(days=30)
# How much must be there before a share says anything, and when it is out of the ordinary.
_ENOUGH, _ENOUGH_LABELS = 20, 50
_DEGRADED, _TIMES, _RECALL, _PRECISION = 500, 3, 3_000, 1_000

_DECISIONS = """
SELECT count(*) FILTER (WHERE lately), count(*) FILTER (WHERE NOT lately),
  count(*) FILTER (WHERE lately AND stopped), count(*) FILTER (WHERE NOT lately AND stopped),
  count(*) FILTER (WHERE lately AND degraded <> '')
FROM (SELECT created_at > %s AS lately, decision IN ('review', 'block') AS stopped, degraded
      FROM fraud_assessment ORDER BY id DESC LIMIT %s) newest
"""
_LABELED = """
SELECT count(*) FILTER (WHERE stopped), count(*) FILTER (WHERE stopped AND fraud),
  count(*) FILTER (WHERE fraud)
FROM (
  SELECT bool_or(o.kind IN ('fraud', 'disputed')) AS fraud,
    bool_or(a.decision IN ('review', 'block')) AS stopped
  FROM fraud_outcome o JOIN fraud_assessment a ON a.id = o.assessment_id
  WHERE o.kind <> 'declined' AND o.at > %s AND o.at <= %s GROUP BY a.id
) labeled
"""
_CASES = """
SELECT count(*) FILTER (WHERE closed_at IS NULL),
  count(*) FILTER (WHERE closed_at IS NULL AND due_at < %s),
  count(*) FILTER (WHERE closed_at IS NOT NULL), count(*) FILTER (WHERE closed_at <= due_at)
FROM fraud_case WHERE closed_at IS NULL OR closed_at > %s
"""


def figures(*, at: datetime) -> data.Figures:
    """Return how fraud does: decisions of the last hour beside those before, labels, cases."""
    with connection.cursor() as cursor:
        cursor.execute(_DECISIONS, [at - _LATELY, _NEWEST])
        lately, before, stopped, stopped_before, degraded = cursor.fetchone()
        cursor.execute(_LABELED, [at - _LABELS, at])
        stops, right, fraud = cursor.fetchone()
        cursor.execute(_CASES, [at, at - _LABELS])
        still_open, overdue, closed, in_time = cursor.fetchone()
    return data.Figures(
        lately=lately,
        before=before,
        stopped_lately=_share(stopped, lately),
        stopped_before=_share(stopped_before, before),
        degraded_lately=_share(degraded, lately),
        labeled_stops=stops,
        precision=_share(right, stops),
        labeled_fraud=fraud,
        recall=_share(right, fraud),
        open_cases=still_open,
        overdue_cases=overdue,
        in_time=_share(in_time, closed),
    )


def alerts(*, is_open: bool | None = True, limit: int = 50) -> list[data.Alert]:
    """Return what is, or was, out of the ordinary; newest first."""
    rows = Alert.objects.order_by("-id")
    if is_open is not None:
        rows = rows.filter(cleared_at__isnull=is_open)
    return [row.as_data() for row in rows[:limit]]


def unusual(*, at: datetime) -> dict[AlertKind, str]:
    """Return what is out of the ordinary now, in a sentence each."""
    now, found = figures(at=at), {}
    if now.lately >= _ENOUGH and (now.degraded_lately or 0) > _DEGRADED:
        found[AlertKind.DEGRADED] = (
            f"{_percent(now.degraded_lately)} of the last hour's decisions did not know all."
        )
    usual = max(now.stopped_before or 0, 100)  # A percent: of nothing, anything is a lot.
    if now.lately >= _ENOUGH and (now.stopped_lately or 0) > _TIMES * usual:
        found[AlertKind.STOPPING] = (
            f"{_percent(now.stopped_lately)} of the last hour's attempts were stopped;"
            f" {_percent(now.stopped_before)} is usual."
        )
    if now.labeled_fraud >= _ENOUGH_LABELS and (now.recall or 0) < _RECALL:
        found[AlertKind.PASSING] = f"Of the last 30 days' fraud {_percent(now.recall)} was stopped."
    if now.labeled_stops >= _ENOUGH_LABELS and (now.precision or 0) < _PRECISION:
        found[AlertKind.CRYING_WOLF] = (
            f"Of what was stopped within 30 days {_percent(now.precision)} was fraud."
        )
    if now.overdue_cases:
        found[AlertKind.OVERDUE] = f"Cases that wait longer than they may: {now.overdue_cases}."
    drifted = _drifted(at)
    if drifted is not None:
        found[AlertKind.DRIFT] = drifted
    return found


def _drifted(at: datetime) -> str | None:
    for champion in modeling.models(stage=data.ModelStage.CHAMPION, limit=1):
        try:
            psi = learned.drift(champion, until=at)
        except serving.ModelUnusable:
            return None  # Decisions say so themselves: they are degraded.
        if psi is not None and psi >= serving.DRIFTED:
            return f"Payments lie {psi} (PSI) from what model {champion.number} was tested on."
    return None


def _share(part: int, whole: int) -> int | None:
    return _WHOLE * part // whole if whole else None


def _percent(share: int | None) -> str:
    return f"{(share or 0) // 100}.{(share or 0) % 100:02d} %"
