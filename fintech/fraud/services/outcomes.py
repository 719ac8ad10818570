"""What became of assessed payments: the labels that rules and models learn from."""

from datetime import datetime
from uuid import UUID

from django.db import connection
from django_subatomic import db

from fintech.fraud import data, events
from fintech.fraud.services import checking
from fintech.kernel import event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code


def record_outcome(
    *, payment_id: UUID, outcome: str, at: datetime, by: Actor
) -> data.Outcome | None:
    """
    Note what became of a payment, on its newest assessment.

    Told twice it is noted once, and a payment that was never assessed (a top-up by
    bank, say) is not noted at all: both answer None. Joins the caller's transaction.

    Raises:
        ParameterInvalid: the outcome is not one that we know.
    """
    kind = checking.word(data.OutcomeKind, outcome, "outcome")
    with db.transaction_if_not_already():
        return note(kind, "a.payment_id = %s", payment_id, at=at, by=by)


def note(
    kind: data.OutcomeKind, which: str, of: UUID, *, at: datetime, by: Actor
) -> data.Outcome | None:
    """Note an outcome on the newest assessment that `which` finds."""
    outcome_id = ids.new()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fraud_outcome "
            "(id, assessment_id, payment_id, card_fingerprint, kind, at) "
            "SELECT %s, a.id, a.payment_id, a.card_fingerprint, %s, %s "
            f"FROM fraud_assessment a WHERE {which} ORDER BY a.id DESC LIMIT 1 "
            "ON CONFLICT (assessment_id, kind) DO NOTHING RETURNING assessment_id, payment_id",
            [outcome_id, str(kind), at, of],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    noted = data.Outcome(id=outcome_id, assessment_id=row[0], payment_id=row[1], kind=kind, at=at)
    event_log.append(
        [
            events.OutcomeRecorded(
                outcome_id=noted.id,
                assessment_id=noted.assessment_id,
                payment_id=noted.payment_id,
                kind=Code(str(kind)),
                version=1,
                at=at,
            )
        ],
        by=by,
    )
    return noted
