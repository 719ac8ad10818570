"""Questions to fraud: what is known before a decision, and what was decided."""

from collections.abc import Iterator, Sequence
from math import isqrt
from typing import Any
from uuid import UUID

from django.db import connection, models

from fintech.fraud import data, errors
from fintech.fraud.models import Assessment, Case, ListItem, Outcome
from fintech.fraud.rules import judge
from fintech.kernel import event_log
from fintech.kernel.event_log import Recorded
from fintech.kernel.invariants import Invariant
from fintech.kernel.replay import Difference

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
  l.hits
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
    )


def _spread(count: int, total: Any, squares: Any) -> tuple[int, int]:
    """Return mean and deviation in whole minor units, from exact sums."""
    if not count:
        return 0, 0
    total, squares = int(total), int(squares)
    return total // count, isqrt(max(0, count * squares - total * total)) // count


def assessment(assessment_id: UUID, *, merchant_id: UUID | None = None) -> data.Assessment:
    """
    Return one assessment.

    Raises:
        AssessmentNotFound: there is none, or it is another merchant's.
    """
    rows = Assessment.objects.filter(id=assessment_id)
    if merchant_id is not None:
        rows = rows.filter(merchant_id=merchant_id)
    found = rows.first()
    if found is None:
        raise errors.AssessmentNotFound(assessment_id)
    return found.as_data()


def assessments(
    merchant_id: UUID | None = None,
    *,
    payment_id: UUID | None = None,
    decision: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[data.Assessment]:
    """Return assessments, newest first."""
    rows = Assessment.objects.order_by("-id")
    chosen = {"merchant_id": merchant_id, "payment_id": payment_id, "decision": decision}
    rows = rows.filter(**{name: value for name, value in chosen.items() if value is not None})
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [row.as_data() for row in rows[:limit]]


def case(case_id: UUID, *, merchant_id: UUID | None = None) -> data.Case:
    """
    Return one case.

    Raises:
        CaseNotFound: there is none, or it is another merchant's.
    """
    rows = Case.objects.filter(id=case_id)
    if merchant_id is not None:
        rows = rows.filter(merchant_id=merchant_id)
    found = rows.first()
    if found is None:
        raise errors.CaseNotFound(case_id)
    return found.as_data()


def cases(
    merchant_id: UUID | None = None,
    *,
    is_open: bool | None = None,
    payment_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[data.Case]:
    """Return cases, newest first."""
    rows = Case.objects.order_by("-id")
    chosen = {"merchant_id": merchant_id, "payment_id": payment_id}
    rows = rows.filter(**{name: value for name, value in chosen.items() if value is not None})
    if is_open is not None:
        closed = models.Q(state=data.CaseState.CLOSED)
        rows = rows.filter(~closed if is_open else closed)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [row.as_data() for row in rows[:limit]]


def related(case_id: UUID, *, limit: int = 50) -> list[data.Case]:
    """Return the other cases with the same pivot, newest first."""
    of = case(case_id)
    rows = Case.objects.filter(
        merchant_id=of.merchant_id, pivot_kind=of.pivot_kind, pivot_value=of.pivot_value
    )
    return [row.as_data() for row in rows.exclude(id=case_id).order_by("-id")[:limit]]


def list_items(
    merchant_id: UUID | None = None, *, kind: str | None = None, limit: int = 100
) -> list[data.ListItem]:
    """Return what stands on the lists now, newest first; None: what holds for everybody."""
    rows = ListItem.objects.filter(merchant_id=merchant_id, removed_at=None)
    if kind is not None:
        rows = rows.filter(kind=kind)
    return [row.as_data() for row in rows.order_by("-id")[:limit]]


def list_item(item_id: UUID, *, merchant_id: UUID | None = None) -> data.ListItem:
    """
    Return one list item, removed or not.

    Raises:
        ListItemNotFound: there is none, or it is another merchant's.
    """
    rows = ListItem.objects.filter(id=item_id)
    if merchant_id is not None:
        rows = rows.filter(merchant_id=merchant_id)
    found = rows.first()
    if found is None:
        raise errors.ListItemNotFound(item_id)
    return found.as_data()


def outcomes(payment_id: UUID) -> list[data.Outcome]:
    """Return what has become of a payment, in order."""
    return [row.as_data() for row in Outcome.objects.filter(payment_id=payment_id).order_by("id")]


def decided_again(assessment_id: UUID) -> data.Judgment:
    """Decide from the stored snapshot; today's rules, the same features."""
    return judge(assessment(assessment_id).features)


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        id="F-1",
        rule="An assessment's reasons sum to its score",
        sql="SELECT a.id FROM fraud_assessment a WHERE a.score <> coalesce("
        "(SELECT sum((r->>'weight')::bigint) FROM jsonb_array_elements(a.reasons) r), 0)",
    ),
    Invariant(
        id="F-2",
        rule="An assessment for review and its case name each other",
        sql="SELECT coalesce(a.id, c.assessment_id) FROM fraud_assessment a "
        "FULL JOIN fraud_case c ON c.id = a.case_id "
        "WHERE (a.case_id IS NOT NULL OR c.id IS NOT NULL) "
        "AND (a.id IS DISTINCT FROM c.assessment_id OR a.payment_id <> c.payment_id)",
    ),
)


def replay() -> Iterator[Difference]:
    """Fold the log of cases and list items and compare it with their rows."""
    folded: dict[str, dict[str, str]] = {}
    for fact in _facts():
        _fold(folded.setdefault(fact.stream, {}), fact)
    stored = {f"fraud.case:{row.id}": _case_columns(row) for row in Case.objects.iterator()}
    stored |= {
        f"fraud.list_item:{row.id}": {
            "state": "removed" if row.removed_at else "listed",
            "action": row.action,
            "version": str(row.version),
        }
        for row in ListItem.objects.iterator()
    }
    for name in sorted(stored.keys() | folded.keys()):
        said, found = folded.get(name, {}), stored.get(name, {})
        for column in sorted(said.keys() | found.keys()):
            if said.get(column) != found.get(column):
                yield Difference(
                    row=name,
                    column=column,
                    stored=found.get(column, ""),
                    folded=said.get(column, ""),
                )


def _facts() -> Iterator[Recorded]:
    position = 0
    while batch := event_log.after(position, 1000):
        position = batch[-1].position
        yield from (
            fact for fact in batch if fact.name.startswith(("fraud.case_", "fraud.list_item_"))
        )


def _fold(row: dict[str, str], fact: Recorded) -> None:
    row["version"] = str(fact.version)
    moved = {
        "fraud.case_opened.v1": {"state": "pending", "disposition": ""},
        "fraud.case_claimed.v1": {"state": "investigating"},
        "fraud.case_closed.v1": {
            "state": "closed",
            "disposition": fact.data.get("disposition", ""),
        },
        "fraud.list_item_added.v1": {"state": "listed", "action": fact.data.get("action", "")},
        "fraud.list_item_removed.v1": {"state": "removed"},
    }[fact.name]
    row.update(moved)


def _case_columns(row: Case) -> dict[str, str]:
    return {
        "state": str(row.state),
        "disposition": row.disposition,
        "version": str(row.version),
    }
