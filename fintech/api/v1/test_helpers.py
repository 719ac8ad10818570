"""What the world outside does by itself, done on request. A live instance has none of it."""

from datetime import timedelta

from django.conf import settings

from fintech.api import errors
from fintech.api.codec import fields
from fintech.api.operations import Answer, Call, operation
from fintech.kernel import clock
from fintech.payments import queries
from fintech.payments import services as payments
from fintech.wire import payment_intents
from fintech.wire.errors import Fault
from fintech.wire.scalars import unix

_WRITE = "payments:write"
_LONGEST_STEP = 366 * 86_400  # Seconds.


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
    now = clock.advance(timedelta(seconds=call.values["seconds"]))
    return Answer(body={"livemode": False, "now": unix(now), "object": "clock"})


def _answer_challenge(call: Call, *, passed: bool) -> Answer:
    _sandbox_only()
    payment = queries.payment(call.this("pi"), call.merchant_id)
    attempt = payment.latest_attempt
    if attempt is None:
        message = "Nobody has confirmed this payment."
        raise errors.ParametersWrong([Fault("id", "payment_intent_unexpected_state", message)])
    after = payments.answer_challenge(attempt_id=attempt.id, passed=passed, by=call.by, at=call.at)
    return Answer(body=payment_intents.render(after))


def _sandbox_only() -> None:
    if settings.MODE == "live":
        raise errors.UnsupportedEndpoint
