"""What is known of an attempt before it is decided, in one round trip."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from math import isqrt
from threading import Lock, Timer
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection
from psycopg.errors import QueryCanceled

from fintech.fraud import data
from fintech.fraud.queries import modeling
from fintech.kernel import columns
from fintech.kernel.columns import Column

# A history is its newest so many payments, and a count stops there: a hundred within
# an hour says as much as a thousand, and a busy card costs no more than a quiet one.
_HISTORY = 100
_MORNING = 6
_SATURDAY = 5

_ASKED = """
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(
    %b, %b, %b, %b, %b, %b, %b, %b, %b
  ) WITH ORDINALITY AS t(
    merchant_id, customer_id, amount_minor, currency, card, country, email, ip, at, place
  )
)
"""
# Read by itself when the rest comes too late: what a list or a merchant asks for is never left out.
_ALWAYS = """
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(f.kind || ':' || f.action ORDER BY f.kind, f.action), '{}') AS hits
  FROM fraud_listitem f
  JOIN (VALUES ('card', q.card), ('customer', q.customer_id::text), ('email', q.email),
               ('ip', q.ip), ('country', q.country)) AS v(kind, value)
    ON f.kind = v.kind AND f.value = v.value
  WHERE f.removed_at IS NULL AND (f.expires_at IS NULL OR f.expires_at > q.at)
    AND (f.merchant_id IS NULL OR f.merchant_id = q.merchant_id)
) l
CROSS JOIN (
  SELECT coalesce(
    (SELECT s.id::text FROM fraud_ruleset s ORDER BY s.id DESC LIMIT 1), ''
  ) AS ruleset
) r
LEFT JOIN LATERAL (
  SELECT p.mode, p.fails, p.ceiling_minor, p.block_at, p.review_at, p.challenge_at, p.explore
  FROM fraud_posture p WHERE p.merchant_id = q.merchant_id OR p.merchant_id IS NULL
  ORDER BY p.merchant_id NULLS LAST LIMIT 1
) p ON true
"""
_ALWAYS_READ = """l.hits, r.ruleset, p.mode, p.fails, p.ceiling_minor,
  p.block_at, p.review_at, p.challenge_at, p.explore"""
_GATHER = f"""
{_ASKED}, merchant AS (
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
  {_ALWAYS_READ}, t.country, t.minutes
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
{_ALWAYS}
LEFT JOIN LATERAL (
  SELECT a.features->>'ip_country' AS country,
    floor(extract(epoch FROM q.at - a.created_at) / 60)::bigint AS minutes
  FROM fraud_assessment a
  WHERE a.customer_id = q.customer_id AND a.created_at <= q.at
  ORDER BY a.created_at DESC LIMIT 1
) t ON true
ORDER BY q.place
"""

# In its place: nothing of a customer, a merchant, a card, an e-mail or an address.
_UNKNOWN = (False, 0, 0, 0, 0, 0, False, False, 0, 0, 0, False, *[0] * 9)
_GATHER_LATE = f"""
{_ASKED}
SELECT {_ALWAYS_READ}
FROM asked q
{_ALWAYS}
ORDER BY q.place
"""


def gather(questions: Sequence[data.Question]) -> list[data.Features]:
    """
    Take a snapshot of what is known of each attempt, in one round trip for all.

    Called before the deciding transaction. Attempts of one batch, and others at work
    at the same moment, do not see each other. What is not back within
    `FRAUD_BUDGET_MS` is left out, and the snapshot says that it is degraded.
    """
    if not questions:
        return []
    asked = _columns(questions)
    try:
        with _within_budget():
            rows = _rows(_GATHER, asked)
    except OperationalError as late:
        if not isinstance(late.__cause__, QueryCanceled) or connection.in_atomic_block:
            raise
        rows = [(*_UNKNOWN, *row) for row in _rows(_GATHER_LATE, asked)]
        why = "late"
    else:
        why = ""
    return [
        _features(question, row[1:] if not why else row, why)
        for question, row in zip(questions, rows, strict=True)
    ]


def _columns(questions: Sequence[data.Question]) -> list[Column]:
    return [
        Column("uuid", [question.merchant_id for question in questions]),
        Column("uuid", [question.customer_id for question in questions]),
        Column("bigint", [question.amount.minor for question in questions]),
        Column("text", [question.amount.currency for question in questions]),
        Column("text", [question.card_fingerprint for question in questions]),
        Column("text", [question.card_country for question in questions]),
        Column("text", [question.email_hash for question in questions]),
        Column("text", [question.ip_hash for question in questions]),
        Column("timestamptz", [question.at for question in questions]),
    ]


def _rows(statement: str, asked: Sequence[Column]) -> list[tuple[Any, ...]]:
    with columns.cursor() as cursor:
        cursor.execute(statement, asked)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@contextmanager
def _within_budget() -> Iterator[None]:
    """
    Cancel the statement that is not back in time; whoever asked goes on without it.

    Only outside a transaction, which a canceled statement would end. The lock keeps a
    late hand from canceling what the connection does next.
    """
    milliseconds: int = settings.FRAUD_BUDGET_MS
    if not milliseconds or connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    ours, ended, guard = connection.connection, False, Lock()

    def cancel() -> None:
        with guard:
            if not ended:
                ours.cancel_safe(timeout=1)

    timer = Timer(milliseconds / 1000, cancel)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with guard:
            ended = True
        timer.cancel()


def _features(question: data.Question, row: Sequence[Any], why: str) -> data.Features:
    known, n, total, squares, hour, day, used_card, used_country = row[:8]
    customer_mean, customer_deviation = _spread(n, total, squares)
    merchant_mean, merchant_deviation = _spread(*row[8:11])
    posture = {}
    if row[23] is not None:
        mode, fails, ceiling, block, review, challenge, explore = row[23:30]
        posture = {
            "mode": mode,
            "fails": fails,
            "ceiling_minor": ceiling,
            "bands": (block, review, challenge),
            "explore": explore,
        }
    broken = modeling.live(row[22]).broken
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
        ip_country=question.ip_country,
        ip_abroad=bool(question.ip_country and question.card_country)
        and question.ip_country != question.card_country,
        moved_within_minutes=_moved(question, *row[30:32]),
        email_thrown_away=question.email_thrown_away,
        night=question.at.astimezone(UTC).hour < _MORNING,
        weekend=question.at.astimezone(UTC).weekday() >= _SATURDAY,
        draw=question.attempt_id.int % 10_000,
        degraded=" ".join([*([why] if why else []), *(["model"] if broken else [])]),
        **posture,
    )


def _moved(question: data.Question, was: str | None = None, minutes: int | None = None) -> int:
    """Return within how many minutes a customer came from one country to another."""
    if not was or not question.ip_country or was == question.ip_country or minutes is None:
        return 0
    return int(minutes) + 1


def _spread(count: int, total: Any, squares: Any) -> tuple[int, int]:
    """Return mean and deviation in whole minor units, from exact sums."""
    if not count:
        return 0, 0
    total, squares = int(total), int(squares)
    return total // count, isqrt(max(0, count * squares - total * total)) // count
