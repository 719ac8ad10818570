"""What the world outside does by itself, done on request. A live instance has none of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from fintech.api import errors
from fintech.api.codec import fields
from fintech.api.operations import Answer, Call, operation
from fintech.kernel import clock, frozen, idempotency
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.wire import payment_intents
from fintech.wire.errors import Fault
from fintech.wire.scalars import unix

_WRITE = "payments:write"
_LONGEST_STEP = 366 * 86_400  # Seconds.


@frozen.shape("api.clock_moved.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What the business clock says after it was moved."""

    now: datetime


@operation(
    "POST",
    "/v1/test_helpers/payment_intents/{id}/authenticate",
    scope=_WRITE,
    returns="payment_intent",
)
def authenticate(call: Call) -> Answer:
    """Let the payer pass the challenge."""
    return _answer_challenge(call, passed=True)


@operation(
    "POST",
    "/v1/test_helpers/payment_intents/{id}/fail_authentication",
    scope=_WRITE,
    returns="payment_intent",
)
def fail_authentication(call: Call) -> Answer:
    """Let the payer fail the challenge."""
    return _answer_challenge(call, passed=False)


@operation(
    "POST",
    "/v1/test_helpers/clock/advance",
    scope=_WRITE,
    returns="clock",
    parameters={"seconds": fields.Integer(least=1, most=_LONGEST_STEP, required=True)},
)
def advance(call: Call) -> Answer:
    """Move the instance's business clock forward, for everybody on it."""
    _sandbox_only()
    done = call.once(lambda: Moved(now=clock.advance(timedelta(seconds=call.values["seconds"]))))
    told = {"livemode": False, "now": unix(done.value.now), "object": "clock"}
    return Answer(body=told, replayed=done.replayed)


def _answer_challenge(call: Call, *, passed: bool) -> Answer:
    _sandbox_only()
    payment_id = call.this("pi")
    payment = queries.payment(payment_id, call.merchant_id)
    attempt = payment.latest_attempt
    if attempt is None:
        message = "Nobody has confirmed this payment."
        raise errors.ParametersWrong([Fault("id", "payment_intent_unexpected_state", message)])
    done = idempotency.around(
        call.key,
        lambda: payments.answer_challenge(
            attempt_id=attempt.id, passed=passed, by=call.by, at=call.at
        ),
        at=call.at,
    )
    return Answer(body=payment_intents.render(done.value), replayed=done.replayed)


def _sandbox_only() -> None:
    if settings.MODE == "live":
        raise errors.UnsupportedEndpoint
