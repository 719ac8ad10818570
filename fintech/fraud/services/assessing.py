"""Decide attempts: pure, plus two statements for all of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django_subatomic import db

from fintech.fraud import data, events, queries
from fintech.fraud.rules import MODEL_VERSION
from fintech.fraud.services import counting, online, watching
from fintech.kernel import columns, event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.columns import Column
from fintech.kernel.events import Code, Event


@dataclass(frozen=True, slots=True)
class _Made:
    """An assessment with the question it answers, ready to be written."""

    question: data.Question
    assessment: data.Assessment


def assess(
    questions: Sequence[data.Question], features: Sequence[data.Features], *, by: Actor
) -> list[data.Assessment]:
    """
    Decide attempts from their snapshots, and open a case for each that a person must see.

    Pure, plus two statements for all of them: rows, then facts; and one more before them
    where velocity limits are live, which counts. Requires the caller's transaction.
    Assessments come back in the order of `questions`.
    """
    if not questions:
        return []
    with db.transaction_required():
        counted = counting.count(questions, features)
        made = [
            _Made(question, _assessment(question, known, over))
            for question, known, over in zip(questions, features, counted, strict=True)
        ]
        _write(made)
        event_log.append([fact for each in made for fact in _facts(each)], by=by)
        seen = [queries.seen(each.question, each.assessment.id) for each in made]
        decided = [each.assessment for each in made]

        def tell() -> None:
            online.count_at_once(seen)
            watching.count_decisions(decided)

        db.run_after_commit(tell)
    return decided


def _assessment(
    question: data.Question, features: data.Features, over: Sequence[data.Reason]
) -> data.Assessment:
    judgment = queries.decided(features, question.merchant_id, over)
    return data.Assessment(
        id=ids.new(),
        payment_id=question.payment_id,
        attempt_id=question.attempt_id,
        merchant_id=question.merchant_id,
        score=judgment.score,
        decision=judgment.decision,
        reasons=judgment.reasons,
        case_id=ids.new() if judgment.decision == data.Decision.REVIEW else None,
        created_at=question.at,
        model_version=MODEL_VERSION,
        amount=question.amount,
        features=features,
        shadow=judgment.shadow,
    )


_ASSESSMENT_COLUMNS = (
    ("id", "uuid"),
    ("attempt_id", "uuid"),
    ("payment_id", "uuid"),
    ("merchant_id", "uuid"),
    ("customer_id", "uuid"),
    ("currency", "text"),
    ("amount_minor", "bigint"),
    ("card_fingerprint", "text"),
    ("card_country", "text"),
    ("email_hash", "text"),
    ("ip_hash", "text"),
    ("device_hash", "text"),
    ("card_bin", "text"),
    ("features", "jsonb"),
    ("score", "integer"),
    ("decision", "text"),
    ("reasons", "jsonb"),
    ("model_version", "text"),
    ("shadow", "jsonb"),
    ("degraded", "text"),
    ("case_id", "uuid"),
    ("created_at", "timestamptz"),
)
_ARRAYS = ", ".join("%b" for _ in _ASSESSMENT_COLUMNS)
_NAMES = ", ".join(name for name, _ in _ASSESSMENT_COLUMNS)
# By what an open case of the same merchant is the same: the first that fits names the group.
_ALIKE = " UNION ALL ".join(
    f"(SELECT {rank} AS rank, c.group_id, '{kind}' AS kind, m.{column}::text AS value"
    f" FROM fraud_case c WHERE c.merchant_id = m.merchant_id AND c.{column} = m.{column}"
    " AND c.state <> 'closed' ORDER BY c.id LIMIT 1)"
    for rank, (kind, column) in enumerate(
        [("card", "card_fingerprint"), ("device", "device_hash"), ("customer", "customer_id")]
    )
)
_INSERT = f"""
WITH made AS (SELECT * FROM unnest({_ARRAYS}) AS t({_NAMES})),
opened AS (
  SELECT m.*, coalesce(k.kind, 'card') AS kind, coalesce(k.value, m.card_fingerprint) AS value,
    -- Those of one batch do not see each other's rows; one card is a group here too.
    coalesce(k.group_id, first_value(m.case_id) OVER (
      PARTITION BY m.merchant_id, m.card_fingerprint ORDER BY m.case_id)) AS group_id
  FROM made m
  LEFT JOIN LATERAL (SELECT * FROM ({_ALIKE}) alike ORDER BY rank LIMIT 1) k ON true
  WHERE m.case_id IS NOT NULL
),
cases AS (
  INSERT INTO fraud_case (id, merchant_id, payment_id, assessment_id, state, disposition, score,
                          pivot_kind, pivot_value, group_id, card_fingerprint, device_hash,
                          customer_id, assignee, opened_at, due_at, version)
  SELECT case_id, merchant_id, payment_id, id, 'pending', '', score, kind, value, group_id,
         card_fingerprint, device_hash, customer_id, '', created_at,
         created_at + interval '{queries.LOOKED_AT_WITHIN.total_seconds():.0f} seconds', 1
  FROM opened
)
INSERT INTO fraud_assessment ({_NAMES}) SELECT {_NAMES} FROM made
"""


def _write(made: Sequence[_Made]) -> None:
    rows = [_columns(each) for each in made]
    kinds = [kind for _, kind in _ASSESSMENT_COLUMNS]
    with columns.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                Column(kind, found)
                for kind, found in zip(kinds, zip(*rows, strict=True), strict=True)
            ],
        )


def _columns(each: _Made) -> tuple[object, ...]:
    question, assessment = each.question, each.assessment
    return (
        assessment.id,
        question.attempt_id,
        question.payment_id,
        question.merchant_id,
        question.customer_id,
        question.amount.currency,
        question.amount.minor,
        question.card_fingerprint,
        question.card_country,
        question.email_hash,
        question.ip_hash,
        question.device_hash,
        question.card_bin,
        json.dumps(assessment.features.stored()),
        assessment.score,
        str(assessment.decision),
        json.dumps([reason.stored() for reason in assessment.reasons]),
        assessment.model_version,
        json.dumps([reason.stored() for reason in assessment.shadow]),
        assessment.features.degraded,
        assessment.case_id,
        question.at,
    )


def _facts(each: _Made) -> list[Event]:
    made = each.assessment
    facts: list[Event] = [
        events.AssessmentMade(
            assessment_id=made.id,
            payment_id=made.payment_id,
            attempt_id=made.attempt_id,
            merchant_id=made.merchant_id,
            score=made.score,
            decision=Code(str(made.decision)),
            reasons=tuple(Code(reason.code) for reason in made.reasons),
            amount_minor=made.amount.minor,
            currency=Code(made.amount.currency),
            case_id=made.case_id,
            model_version=Code(made.model_version),
            version=1,
            at=made.created_at,
        )
    ]
    if made.case_id is not None:
        facts.append(
            events.CaseOpened(
                case_id=made.case_id,
                merchant_id=made.merchant_id,
                payment_id=made.payment_id,
                assessment_id=made.id,
                score=made.score,
                version=1,
                at=made.created_at,
            )
        )
    return facts
