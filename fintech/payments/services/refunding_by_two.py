"""
Giving back more than one person may alone: one proposes, another agrees.

Who may how much alone is an attribute of the right (`merchants.data.ALONE_UP_TO`); this
file only keeps the proposal and carries it out. Agreeing is the first beat of an ordinary
refund, in the transaction of the decision; the provider is asked by the clock at once, as
after a crash between two beats.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django_subatomic import db

from fintech.kernel import approvals
from fintech.kernel.actor import Actor
from fintech.kernel.money import Money
from fintech.payments import data, errors
from fintech.payments.models import Attempt, Payment, Refund, batch
from fintech.payments.models.refund import whole
from fintech.payments.services import beats, refunding, rows
from fintech.payments.services.writing import Work

REFUND_KIND = "payments.refund"


def propose_refund(
    *,
    merchant_id: UUID,
    payment_id: UUID,
    amount: Money | None = None,
    reason: str = "",
    by: Actor,
    at: datetime,
) -> UUID:
    """
    Propose to give back what was taken; another person has a day to agree.

    Raises:
        What `refund` would refuse now.
    """
    refunding.check_reason(reason)
    with db.transaction_if_not_already():
        payment, _ = rows.locked(payment_id, merchant_id=merchant_id)
        asked = refunding.checked(payment, amount)
        return approvals.propose(
            kind=REFUND_KIND,
            payload={
                "merchant_id": payment.merchant_id,
                "payment_id": payment.id,
                "amount_minor": asked.minor,
                "currency": asked.currency,
                "reason": reason,
            },
            version_seen=payment.version,
            by=by,
            at=at,
        )


def refund_agreed(
    payload: Mapping[str, Any],
    *,
    version_seen: int,  # noqa: ARG001 - what is left to give back is looked at again.
    by: Actor,
    at: datetime,
) -> data.Refund:
    """
    Begin the refund that was proposed and agreed to; called by `approvals`.

    Raises:
        What `refund` would refuse now.
    """

    def request(
        payment: Payment,
        attempt: Attempt | None,  # noqa: ARG001 - a capture knows its own attempt.
        work: Work,
    ) -> data.Errand:
        return refunding.begin(
            payment,
            work,
            amount=Money(payload["amount_minor"], payload["currency"]),
            reason=payload["reason"],
            metadata={},
            key=None,
            at=at,
        )

    decided = beats.decide(
        payment_id=UUID(payload["payment_id"]),
        merchant_id=UUID(payload["merchant_id"]),
        request=request,
        hear=refunding.hear,
        key=None,
        by=by,
        at=at,
    )
    if not isinstance(decided, data.Errand):
        if isinstance(decided.value, data.Refund):
            return decided.value
        raise errors.NotRefundable(payment_id=UUID(payload["payment_id"]), because="it is no sale")
    row = Refund.objects.get(id=decided.reference)
    parts = rows.parts_of(row)
    for part in parts:
        part.next_check_at = at  # Nobody waits for the answer here: the clock asks now.
    batch.write(update=parts)
    return whole(parts)
