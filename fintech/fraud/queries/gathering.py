"""What is known of an attempt before it is decided, in one round trip."""

from collections.abc import Sequence
from math import isqrt
from typing import Any

from django.db import connection

from fintech.fraud import data

# A history is its newest so many payments, and a count stops there: a hundred within
# an hour says as much as a thousand, and a busy card costs no more than a quiet one.
_HISTORY = 100

_GATHER = f"""
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(
    %s::uuid[], %s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::timestamptz[]
  ) WITH ORDINALITY AS t(
    merchant_id, customer_id, amount_minor, currency, card, country, email, ip, at, place
  )
), merchant AS (
  -- Once per merchant and currency, however many of the batch are theirs.
  SELECT m.merchant_id, m.currency, h.*
  FROM (SELECT merchant_id, currency, max(at) AS at FROM asked GROUP BY 1, 2) m
  CROSS JOIN LATERAL (
    SELECT count(*) AS n, coalesce(sum(amount_minor), 0) AS total,
           coalesce(sum(amount_minor::numeric * amount_minor), 0) AS squares
    FROM (SELECT amount_minor FROM fraud_assessment a
          WHERE a.merchant_id = m.merchant_id AND a.currency = m.currency
            AND a.created_at <= m.at
          ORDER BY a.created_at DESC LIMIT {_HISTORY}) newest
  ) h
)
SELECT q.place,
  c.known, c.n, c.total, c.squares, c.hour, c.day, c.used_card, c.used_country,
  m.n, m.total, m.squares,
  k.seen, k.hour, k.day, d.declines,
  e.hour, e.day, e.cards, i.hour, i.day, i.cards,
  l.hits, r.ruleset
FROM asked q
JOIN merchant m ON m.merchant_id = q.merchant_id AND m.currency = q.currency
CROSS JOIN LATERAL (
  SELECT count(*) > 0 AS known,
    count(*) FILTER (WHERE same AND decision <> 'block') AS n,
    coalesce(sum(amount_minor) FILTER (WHERE same AND decision <> 'block'), 0) AS total,
    coalesce(sum(amount_minor::numeric * amount_minor)
             FILTER (WHERE same AND decision <> 'block'), 0) AS squares,
    count(*) FILTER (WHERE created_at > q.at - interval '1 hour') AS hour,
    count(*) FILTER (WHERE created_at > q.at - interval '1 day') AS day,
    coalesce(bool_or(card_fingerprint = q.card), false) AS used_card,
    coalesce(bool_or(card_country = q.country), false) AS used_country
  FROM (SELECT amount_minor, created_at, decision, card_fingerprint, card_country,
               a.currency = q.currency AS same
        FROM fraud_assessment a
        WHERE a.customer_id = q.customer_id AND a.created_at <= q.at
        ORDER BY a.created_at DESC LIMIT {_HISTORY}) newest
) c
CROSS JOIN LATERAL (
  SELECT count(*) > 0 AS seen,
    count(*) FILTER (WHERE created_at > q.at - interval '1 hour') AS hour,
    count(*) FILTER (WHERE created_at > q.at - interval '1 day') AS day
  FROM (SELECT created_at FROM fraud_assessment a
        WHERE a.card_fingerprint = q.card AND a.created_at <= q.at
        ORDER BY a.created_at DESC LIMIT {_HISTORY}) newest
) k
CROSS JOIN LATERAL (
  SELECT count(*) AS declines
  FROM (SELECT 1 FROM fraud_outcome o
        WHERE o.card_fingerprint = q.card AND o.kind = 'declined'
          AND o.at > q.at - interval '1 day' AND o.at <= q.at LIMIT {_HISTORY}) newest
) d
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE created_at > q.at - interval '1 hour') AS hour,
    count(*) AS day, count(DISTINCT card_fingerprint) AS cards
  FROM (SELECT created_at, card_fingerprint FROM fraud_assessment a
        WHERE a.email_hash = q.email AND a.created_at <= q.at
          AND a.created_at > q.at - interval '1 day'
        ORDER BY a.created_at DESC LIMIT {_HISTORY}) newest
) e
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE created_at > q.at - interval '1 hour') AS hour,
    count(*) AS day, count(DISTINCT card_fingerprint) AS cards
  FROM (SELECT created_at, card_fingerprint FROM fraud_assessment a
        WHERE a.ip_hash = q.ip AND a.created_at <= q.at
          AND a.created_at > q.at - interval '1 day'
        ORDER BY a.created_at DESC LIMIT {_HISTORY}) newest
) i
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(f.kind || ':' || f.action ORDER BY f.kind, f.action), '{{}}') AS hits
  FROM fraud_listitem f
  JOIN (VALUES ('card', q.card), ('customer', q.customer_id::text), ('email', q.email),
               ('ip', q.ip), ('country', q.country)) AS v(kind, value)
    ON f.kind = v.kind AND f.value = v.value
  WHERE f.removed_at IS NULL AND (f.expires_at IS NULL OR f.expires_at > q.at)
    AND (f.merchant_id IS NULL OR f.merchant_id = q.merchant_id)
) l
CROSS JOIN (
  SELECT coalesce((SELECT id::text FROM fraud_ruleset ORDER BY id DESC LIMIT 1), '') AS ruleset
) r
ORDER BY q.place
"""


def gather(questions: Sequence[data.Question]) -> list[data.Features]:
    """
    Take a snapshot of what is known of each attempt, in one round trip for all.

    Called before the deciding transaction. Attempts of one batch, and others at work
    at the same moment, do not see each other.
    """
    if not questions:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _GATHER,
            [
                [question.merchant_id for question in questions],
                [question.customer_id for question in questions],
                [question.amount.minor for question in questions],
                [question.amount.currency for question in questions],
                [question.card_fingerprint for question in questions],
                [question.card_country for question in questions],
                [question.email_hash for question in questions],
                [question.ip_hash for question in questions],
                [question.at for question in questions],
            ],
        )
        rows = cursor.fetchall()
    return [_features(question, row[1:]) for question, row in zip(questions, rows, strict=True)]


def _features(question: data.Question, row: Sequence[Any]) -> data.Features:
    known, n, total, squares, hour, day, used_card, used_country = row[:8]
    customer_mean, customer_deviation = _spread(n, total, squares)
    merchant_mean, merchant_deviation = _spread(*row[8:11])
    return data.Features(
        amount_minor=question.amount.minor,
        currency=question.amount.currency,
        customer_known=known,
        customer_payments=n,
        customer_mean_minor=customer_mean,
        customer_deviation_minor=customer_deviation,
        customer_1h=hour,
        customer_24h=day,
        customer_has_used_card=used_card,
        customer_has_used_country=used_country,
        merchant_payments=row[8],
        merchant_mean_minor=merchant_mean,
        merchant_deviation_minor=merchant_deviation,
        card_seen=row[11],
        card_1h=row[12],
        card_24h=row[13],
        card_declines_24h=row[14],
        card_country=question.card_country,
        email_1h=row[15],
        email_24h=row[16],
        email_cards_24h=row[17],
        ip_1h=row[18],
        ip_24h=row[19],
        ip_cards_24h=row[20],
        listed=tuple(row[21]),
        sandbox_risk=question.sandbox_risk,
        ruleset=row[22],
    )


def _spread(count: int, total: Any, squares: Any) -> tuple[int, int]:
    """Return mean and deviation in whole minor units, from exact sums."""
    if not count:
        return 0, 0
    total, squares = int(total), int(squares)
    return total // count, isqrt(max(0, count * squares - total * total)) // count
