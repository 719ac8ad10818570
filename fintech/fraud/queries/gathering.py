"""What is known of an attempt before it is decided, in one round trip."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock, Timer
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection
from prometheus_client import Histogram
from psycopg.errors import QueryCanceled

from fintech.fraud import counters, data
from fintech.fraud.queries import counting, shaping
from fintech.kernel import columns
from fintech.kernel.columns import Column

# A history is its newest so many payments: a busy card costs no more than a quiet one.
_HISTORY = 100
_seconds = Histogram(
    "fraud_gather_seconds",
    "Seconds until what is known of a batch was there, by who counted",
    ["counted"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.08, 0.16, 0.5),
)
_NOTHING = [None] * len(counters.SUBJECTS)

_ASKED = """
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(
    %b, %b, %b, %b, %b, %b, %b, %b, %b, %b
  ) WITH ORDINALITY AS t(
    merchant_id, customer_id, currency, card, country, email, ip, device, bin, at, place
  )
)
"""
# Read by itself when the rest comes too late: what a list or a merchant asks for is never left out.
_ALWAYS = """
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(f.kind || ':' || f.action ORDER BY f.kind, f.action), '{}') AS hits
  FROM (VALUES ('card', q.card), ('customer', q.customer_id::text), ('email', q.email),
               ('ip', q.ip), ('country', q.country)) AS v(kind, value)
  -- By kind and value and nothing else, and not to be joined otherwise: before a list that was
  -- imported is analyzed, the planner takes it for empty and would read all of it.
  CROSS JOIN LATERAL (
    SELECT i.kind, i.action, i.merchant_id, i.expires_at FROM fraud_listitem i
    WHERE i.kind = v.kind AND i.value = v.value AND i.removed_at IS NULL OFFSET 0
  ) f
  WHERE (f.expires_at IS NULL OR f.expires_at > q.at)
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


def _statement(read: str = "", joins: str = "") -> str:
    """Return what is asked; who counts online leaves the windows out."""
    return f"""
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
SELECT {_ALWAYS_READ},
  c.known, c.n, c.total, c.squares, c.used_card, c.used_country,
  m.n, m.total, m.squares,
  k.seen, coalesce(c.been_here, false) OR coalesce(k.been_here, false),
  o.declines, o.disputes, w.disputes, t.country, t.minutes{read}
FROM asked q
JOIN merchant m ON m.merchant_id = q.merchant_id AND m.currency = q.currency
CROSS JOIN LATERAL (
  SELECT count(*) > 0 AS known,
    count(*) FILTER (WHERE same AND decision <> 'block') AS n,
    coalesce(sum(amount_minor) FILTER (WHERE same AND decision <> 'block'), 0) AS total,
    coalesce(sum(amount_minor::numeric * amount_minor)
             FILTER (WHERE same AND decision <> 'block'), 0) AS squares,
    coalesce(bool_or(card_fingerprint = q.card), false) AS used_card,
    coalesce(bool_or(card_country = q.country), false) AS used_country,
    bool_or(merchant_id = q.merchant_id) AS been_here
  FROM (SELECT amount_minor, decision, card_fingerprint, card_country, merchant_id,
               a.currency = q.currency AS same
        FROM fraud_assessment a
        WHERE a.customer_id = q.customer_id AND a.created_at <= q.at
        ORDER BY a.created_at DESC LIMIT {_HISTORY}) newest
) c
CROSS JOIN LATERAL (
  SELECT count(*) > 0 AS seen, bool_or(merchant_id = q.merchant_id) AS been_here
  FROM (SELECT merchant_id FROM fraud_assessment a
        WHERE a.card_fingerprint = q.card AND a.created_at <= q.at
        ORDER BY a.created_at DESC LIMIT {_HISTORY}) newest
) k
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE kind = 'declined' AND at > q.at - interval '1 day') AS declines,
    count(*) FILTER (WHERE kind <> 'declined') AS disputes
  FROM (SELECT kind, at FROM fraud_outcome o
        WHERE o.card_fingerprint = q.card AND o.kind IN ('declined', 'disputed', 'fraud')
          AND o.at <= q.at
        ORDER BY o.at DESC LIMIT {_HISTORY}) newest
) o
CROSS JOIN LATERAL (
  SELECT count(*) AS disputes
  FROM (SELECT 1 FROM fraud_outcome o
        WHERE o.customer_id = q.customer_id AND o.kind IN ('disputed', 'fraud')
          AND o.at <= q.at LIMIT {_HISTORY}) newest
) w
{_ALWAYS}
LEFT JOIN LATERAL (
  SELECT a.features->>'ip_country' AS country,
    floor(extract(epoch FROM q.at - a.created_at) / 60)::bigint AS minutes
  FROM fraud_assessment a
  WHERE a.customer_id = q.customer_id AND a.created_at <= q.at
  ORDER BY a.created_at DESC LIMIT 1
) t ON true
{joins}
ORDER BY q.place
"""


_GATHER_REST = _statement(
    ", n.newest",
    """
LEFT JOIN (SELECT id AS newest FROM fraud_assessment ORDER BY id DESC LIMIT 1) n ON true""",
)
_GATHER_ALL = _statement(f", {counters.read()}", counters.laterals())
# In its place: nothing of a customer, a merchant, a card, an e-mail or an address.
_UNKNOWN = (False, 0, 0, 0, False, False, 0, 0, 0, False, False, 0, 0, 0, None, None)
_GATHER_LATE = f"""
{_ASKED}
SELECT {_ALWAYS_READ}
FROM asked q
{_ALWAYS}
ORDER BY q.place
"""


def gather(
    questions: Sequence[data.Question], *, may_be_online: bool = True
) -> list[data.Features]:
    """
    Take a snapshot of what is known of each attempt, in one round trip for all.

    Called before the deciding transaction. Attempts of one batch, and others at work
    at the same moment, do not see each other. Velocity is counted by Valkey where that
    is known to hold every attempt, else by PostgreSQL: the figures are the same. What is
    not back within `FRAUD_BUDGET_MS` is left out, and the snapshot says that it is degraded.
    """
    if not questions:
        return []
    asked = _columns(questions)
    why, counted, began = "", "history", time.perf_counter()
    try:
        with _within_budget():
            rows = _counted_online(questions, asked) if may_be_online else None
            if rows is not None:
                counted = "online"
            else:
                rows = _rows(_GATHER_ALL, asked)
    except OperationalError as late:
        if not isinstance(late.__cause__, QueryCanceled) or connection.in_atomic_block:
            raise
        rows = [(*row, *_UNKNOWN, *_NOTHING) for row in _rows(_GATHER_LATE, asked)]
        why, counted = "late", ""
    _seconds.labels(counted or why).observe(time.perf_counter() - began)
    return [
        shaping.features(question, row, why=why, counted=counted)
        for question, row in zip(questions, rows, strict=True)
    ]


def _counted_online(
    questions: Sequence[data.Question], asked: Sequence[Column]
) -> list[tuple[Any, ...]] | None:
    """Return what Valkey and PostgreSQL know together; None where Valkey is not up to date."""
    told = counting.asked(questions)
    if told is None:
        return None
    rows = _rows(_GATHER_REST, asked)
    if not told.is_up_to(rows[0][-1], now=datetime.now(UTC)):
        return None
    return [(*row[:-1], *figures) for row, figures in zip(rows, told.figures, strict=True)]


def _columns(questions: Sequence[data.Question]) -> list[Column]:
    return [
        Column("uuid", [question.merchant_id for question in questions]),
        Column("uuid", [question.customer_id for question in questions]),
        Column("text", [question.amount.currency for question in questions]),
        Column("text", [question.card_fingerprint for question in questions]),
        Column("text", [question.card_country for question in questions]),
        Column("text", [question.email_hash for question in questions]),
        Column("text", [question.ip_hash for question in questions]),
        Column("text", [question.device_hash for question in questions]),
        Column("text", [question.card_bin for question in questions]),
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
