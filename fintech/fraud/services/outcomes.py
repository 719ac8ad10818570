"""What became of assessed payments: the labels that rules and models learn from."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from fintech.fraud import data, events
from fintech.kernel import event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code


def note(
    kind: data.OutcomeKind, which: str, of: UUID, *, at: datetime, by: Actor
) -> tuple[data.Outcome, UUID | None] | None:
    """
    Note an outcome on the newest assessment that `which` finds.

    Returns what is new, with the case that was opened for the attempt, if one was.
    """
    outcome_id = ids.new()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fraud_outcome "
            "(id, assessment_id, payment_id, card_fingerprint, customer_id, kind, at) "
            "SELECT %s, a.id, a.payment_id, a.card_fingerprint, a.customer_id, %s, %s "
            f"FROM fraud_assessment a WHERE {which} ORDER BY a.id DESC LIMIT 1 "
            "ON CONFLICT (assessment_id, kind) DO NOTHING RETURNING assessment_id, payment_id, "
            "(SELECT c.case_id FROM fraud_assessment c WHERE c.id = assessment_id)",
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
    return noted, row[2]
