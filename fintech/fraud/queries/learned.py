"""What there is to learn from, and whether what was learned still holds."""

from datetime import datetime, timedelta
from itertools import islice

import orjson
from django.db import connection

from fintech.fraud import data, serving
from fintech.fraud.models import Assessment
from fintech.fraud.queries import modeling

MATURES = timedelta(days=60)  # Whom nobody has complained about by then was good.
_NEWEST = 100_000  # assessments that are looked at
_ASKED = 2_000
_CHUNK = 500

_MATURITY = """
SELECT floor(extract(epoch FROM %s - a.created_at) / 604800)::int AS weeks,
  count(*), count(*) FILTER (WHERE said.fraud),
  count(*) FILTER (WHERE said.good AND NOT coalesce(said.fraud, false))
FROM (SELECT id, created_at FROM fraud_assessment ORDER BY id DESC LIMIT %s) a
LEFT JOIN (
  SELECT assessment_id, bool_or(kind IN ('fraud', 'disputed')) AS fraud,
    bool_or(kind = 'legitimate') AS good
  FROM fraud_outcome WHERE at <= %s AND kind <> 'declined' GROUP BY assessment_id
) said ON said.assessment_id = a.id
WHERE a.created_at <= %s
GROUP BY 1 ORDER BY 1
"""
_DELAYS = """
SELECT percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (
  ORDER BY floor(extract(epoch FROM o.at - a.created_at) / 86400)::int)
FROM (SELECT assessment_id, at FROM fraud_outcome
      WHERE kind IN ('fraud', 'disputed') AND at <= %s ORDER BY id DESC LIMIT %s) o
JOIN fraud_assessment a ON a.id = o.assessment_id
"""


def label_maturity(*, at: datetime, matures: timedelta = MATURES) -> data.Maturity:
    """
    Return how much is known by now of the newest decisions, week by week of their age.

    A week is mature once whoever has not complained counts as good.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MATURITY, [at, _NEWEST, at, at])
        weeks = tuple(
            data.MaturityWeek(
                weeks_ago=ago,
                decisions=decisions,
                fraud=fraud,
                said_good=good,
                is_mature=timedelta(weeks=ago) >= matures,
            )
            for ago, decisions, fraud, good in cursor.fetchall()
        )
        cursor.execute(_DELAYS, [at, _NEWEST])
        half, most = cursor.fetchone()[0] or (None, None)
    return data.Maturity(weeks=weeks, half_after_days=half, most_after_days=most)


def drift(model: data.TrainedModel, *, until: datetime) -> float | None:
    """
    Return how far the newest payments lie from what a model was trained on (PSI).

    None: it sees none of our payments, keeps no spread, or there are no payments.

    Raises:
        ModelUnusable: its files cannot be read.
    """
    was = model.metrics.get("spread")
    if not was or model.schema not in serving.NAMES:
        return None
    served = modeling.served(model.id)
    rows = iter(
        Assessment.objects.filter(created_at__lte=until)
        .order_by("-id")
        .values_list("features", flat=True)[:_ASKED]
    )
    now: list[float] = []
    while chunk := list(islice(rows, _CHUNK)):
        known = [data.Features.restored(_loaded(row)) for row in chunk]
        now += [served.probability(share) for share in served.shares(known)]
    return round(serving.psi(was, serving.spread(now)), 4) if now else None


def _loaded(stored: object) -> dict[str, object]:
    if isinstance(stored, str | bytes):
        return dict(orjson.loads(stored))
    return dict(stored)  # type: ignore[call-overload,no-any-return]
