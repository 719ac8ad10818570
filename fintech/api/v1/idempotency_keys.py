"""Idempotency keys: whether a request happened, and what came of it."""

from fintech.api import errors
from fintech.api.operations import Answer, Call, operation
from fintech.kernel import idempotency
from fintech.wire import idempotency_keys


@operation(
    "GET",
    "/v1/idempotency_keys/{key}",
    scope="payments:read",
    returns="idempotency_key",
    noun="idempotency key",
)
def retrieve(call: Call) -> Answer:
    """Retrieve what a key was used for, and what came of it; kept for 72 hours."""
    found = idempotency.find(call.merchant_id, call.path["key"])
    if found is None:
        raise errors.ResourceMissing("idempotency key")
    command, claimed_at, outcome = found
    return Answer(
        body=idempotency_keys.render(
            call.path["key"], command=command, claimed_at=claimed_at, outcome=outcome
        )
    )
