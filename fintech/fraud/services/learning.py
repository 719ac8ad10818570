"""What higher rooms tell fraud of payments that it has assessed."""

from datetime import datetime
from uuid import UUID

from django_subatomic import db

from fintech.fraud import data
from fintech.fraud.services import cases, checking, outcomes
from fintech.kernel.actor import Actor


def record_outcome(
    *, payment_id: UUID, outcome: str, at: datetime, by: Actor
) -> data.Outcome | None:
    """
    Note what became of a payment, on its newest assessment.

    Told twice it is noted once, and a payment that was never assessed (a top-up by
    bank, say) is not noted at all: both answer None. A payment that the bank declined
    needs nobody to look at it, so its case is closed. Joins the caller's transaction.

    Raises:
        ParameterInvalid: the outcome is not one that we know.
    """
    kind = checking.word(data.OutcomeKind, outcome, "outcome")
    with db.transaction_if_not_already():
        noted = outcomes.note(kind, "a.payment_id = %s", payment_id, at=at, by=by)
        if noted is None:
            return None
        told, case_id = noted
        if kind == data.OutcomeKind.DECLINED and case_id is not None:
            cases.close_if_open(case_id, by=by, at=at)
    return told
