"""
Assess transfers between wallets.

Fraud moves no money: who asks carries out what is allowed, lets a person look at what is to
be reviewed, refuses what is blocked, and has the decision recorded in the same commit.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from django_subatomic import db

from fintech.fraud import data, events
from fintech.fraud.rules import TRANSFER_MODEL, judge_transfer
from fintech.kernel import columns, event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.columns import Column
from fintech.kernel.events import Code

_COLUMNS = (
    ("id", "uuid"),
    ("transfer_id", "uuid"),
    ("merchant_id", "uuid"),
    ("source_wallet_id", "uuid"),
    ("destination_wallet_id", "uuid"),
    ("currency", "text"),
    ("amount_minor", "bigint"),
    ("features", "jsonb"),
    ("score", "integer"),
    ("decision", "text"),
    ("reasons", "jsonb"),
    ("model_version", "text"),
    ("created_at", "timestamptz"),
)
_NAMES = ", ".join(name for name, _ in _COLUMNS)
_INSERT = f"""
INSERT INTO fraud_transferassessment ({_NAMES})
SELECT {_NAMES} FROM unnest({", ".join("%b" for _ in _COLUMNS)}) AS t({_NAMES})
"""


def assess_transfers(
    questions: Sequence[data.TransferQuestion], features: Sequence[data.TransferFeatures]
) -> list[data.TransferAssessment]:
    """Decide transfers from their snapshots, in the order of `questions`; nothing is written."""
    return [
        _assessment(question, known) for question, known in zip(questions, features, strict=True)
    ]


def _assessment(
    question: data.TransferQuestion, features: data.TransferFeatures
) -> data.TransferAssessment:
    judgment = judge_transfer(features)
    return data.TransferAssessment(
        id=ids.new(),
        transfer_id=None,
        merchant_id=question.merchant_id,
        source_wallet_id=question.source_wallet_id,
        destination_wallet_id=question.destination_wallet_id,
        amount=question.amount,
        score=judgment.score,
        decision=judgment.decision,
        reasons=judgment.reasons,
        features=features,
        model_version=TRANSFER_MODEL,
        created_at=question.at,
    )


def record_transfers(
    made: Sequence[tuple[data.TransferAssessment, UUID | None]], *, by: Actor
) -> None:
    """
    Record decisions with the transfers that they let through; None: it was blocked.

    Requires the transaction that makes the transfers. One statement for all rows; those
    that stop somebody are told to the log.
    """
    if not made:
        return
    told = [replace(assessment, transfer_id=transfer_id) for assessment, transfer_id in made]
    with db.transaction_required(), columns.cursor() as cursor:
        rows = [_row(one) for one in told]
        cursor.execute(
            _INSERT,
            [
                Column(kind, found)
                for (_, kind), found in zip(_COLUMNS, zip(*rows, strict=True), strict=True)
            ],
        )
    stopped = [_fact(one) for one in told if one.decision != data.Decision.ALLOW]
    if stopped:
        event_log.append(stopped, by=by)


def _row(one: data.TransferAssessment) -> tuple[object, ...]:
    return (
        one.id,
        one.transfer_id,
        one.merchant_id,
        one.source_wallet_id,
        one.destination_wallet_id,
        one.amount.currency,
        one.amount.minor,
        json.dumps(one.features.stored()),
        one.score,
        str(one.decision),
        json.dumps([reason.stored() for reason in one.reasons]),
        one.model_version,
        one.created_at,
    )


def _fact(one: data.TransferAssessment) -> events.TransferAssessed:
    return events.TransferAssessed(
        transfer_assessment_id=one.id,
        merchant_id=one.merchant_id,
        transfer_id=one.transfer_id,
        source_wallet_id=one.source_wallet_id,
        score=one.score,
        decision=Code(str(one.decision)),
        reasons=tuple(Code(reason.code) for reason in one.reasons),
        amount_minor=one.amount.minor,
        currency=Code(one.amount.currency),
        version=1,
        at=one.created_at,
    )
