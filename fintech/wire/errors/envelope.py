"""The one envelope of every refusal."""

from dataclasses import dataclass

from fintech.kernel import errors as kinds
from fintech.kernel.errors import Refusal
from fintech.kernel.ids import public
from fintech.payments.data import Payment
from fintech.wire import payment_intents
from fintech.wire.errors.catalogue import API, CARD, IDEMPOTENCY, INVALID, RATE, Rule, rule
from fintech.wire.scalars import Json, url

_STATUS_OF_KIND = {
    kinds.NotFound.kind: 404,
    kinds.Invalid.kind: 400,
    kinds.Refused.kind: 400,
    kinds.Conflict.kind: 409,
    kinds.Unavailable.kind: 503,
    kinds.Forbidden.kind: 403,
    kinds.Unauthenticated.kind: 401,
    kinds.Throttled.kind: 429,
}
_BAD_REQUEST, _PAYMENT_REQUIRED, _CONFLICT, _TOO_MANY, _SERVER = 400, 402, 409, 429, 500
# Facts of a refusal that the outside may see as they are.
_SHOWN = (
    *("decline_code", "required_scope", "existing_resource", "breaches"),
    "differing_fields",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One parameter that is not right."""

    param: str
    code: str
    message: str


def status(refusal: Refusal) -> int:
    """Return the HTTP status of a refusal."""
    if getattr(refusal, "status_hint", "") == "card":
        return _PAYMENT_REQUIRED
    if refusal.code == "resource_missing" and refusal.param is not None:
        return _BAD_REQUEST  # Named in a parameter; in the path it is 404.
    line = rule(refusal.code)
    if line is None or (line.type == CARD and refusal.kind != kinds.Refused.kind):
        return _STATUS_OF_KIND[refusal.kind]
    return line.status


def render(refusal: Refusal, request_id: str) -> Json:
    """
    Return the envelope of a refusal.

    A declined card carries its payment as it was committed; several wrong parameters
    are all listed, the first of them in the envelope itself.
    """
    told: Json = {
        "code": refusal.code,
        "doc_url": url(f"/docs/errors#{refusal.code}"),
        "message": refusal.message,
        "param": refusal.param,
        "request_id": request_id,
        "type": _type(refusal, rule(refusal.code)),
    }
    told.update({name: refusal.facts[name] for name in _SHOWN if refusal.facts.get(name)})
    payment = getattr(refusal, "payment", None)
    if isinstance(payment, Payment):
        told["payment_intent"] = payment_intents.render(payment)
        if payment.latest_attempt is not None:
            told["charge"] = public("ch", payment.latest_attempt.id)
    faults: tuple[Fault, ...] = getattr(refusal, "faults", ())
    if faults:
        told["errors"] = [
            {"code": fault.code, "message": fault.message, "param": fault.param} for fault in faults
        ]
    return {"error": told}


def _type(refusal: Refusal, line: Rule | None) -> str:
    if line is not None:
        return line.type
    code = status(refusal)
    if code == _PAYMENT_REQUIRED:
        return CARD
    if code == _TOO_MANY:
        return RATE
    if code == _CONFLICT or code >= _SERVER:
        return API
    return IDEMPOTENCY if refusal.code.startswith("idempotency_") else INVALID
