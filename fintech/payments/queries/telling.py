"""What somebody is told of a payment: it, its card and its refunds, in bulk."""

from collections.abc import Collection
from uuid import UUID

from fintech.payments import data
from fintech.payments.models import Payment
from fintech.payments.queries.reading import payment_values
from fintech.payments.queries.refunds import refunds_of_all


def told_of(payment_ids: Collection[UUID]) -> data.ToldOf:
    """
    Return payments with their cards and with the refunds of their newest attempts.

    For a reader of the log, who tells each merchant of his own: whoever's they are, in four
    round trips.
    """
    rows = list(Payment.objects.filter(id__in=list(payment_ids)).select_related("payment_method"))
    found = payment_values(rows)
    refunds: dict[UUID, list[data.Refund]] = {
        payment.latest_attempt.id: [] for payment in found if payment.latest_attempt is not None
    }
    taken = [payment.id for payment in found if payment.captured.minor]
    for refund in reversed(refunds_of_all(taken)):
        if refund.attempt_id in refunds:
            refunds[refund.attempt_id].append(refund)
    return data.ToldOf(
        payments=found,
        methods=[row.payment_method.as_data() for row in rows if row.payment_method is not None],
        refunds=refunds,
    )
