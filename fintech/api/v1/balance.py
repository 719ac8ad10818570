"""The balance: what a merchant has with us."""

from fintech.api.operations import Answer, Call, operation
from fintech.payments import queries
from fintech.wire import balance


@operation("GET", "/v1/balance", scope="payments:read", returns="balance")
def retrieve(call: Call) -> Answer:
    """Retrieve what may be paid out and what is not settled yet, per currency."""
    known = queries.balance(call.merchant_id)
    return Answer(body=balance.render(available=known.available, pending=known.pending))
