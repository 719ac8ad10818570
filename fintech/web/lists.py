"""Lines of the payments list, joined with what only the payments themselves hold."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fintech.payments import queries as payment_queries
from fintech.web import pills
from fintech.web.data import PaymentLine


def joined(merchant_id: UUID, lines: Sequence[PaymentLine]) -> list[dict[str, Any]]:
    """Return each line with its payment and the name of its pill."""
    known = payment_queries.payments_by_id([line.id for line in lines], merchant_id)
    return [
        {
            "line": line,
            "payment": known.get(line.id),
            "pill": pills.of_payment(
                state=line.state,
                captured_minor=line.captured.minor,
                refunded_minor=line.refunded.minor,
                decline_code=line.decline_code,
            ),
        }
        for line in lines
    ]
