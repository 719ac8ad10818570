"""
`expand[]`: whole objects in place of ids.

Tolerant: what is not known, not an id, or not there is left as it is, because old
clients ask for fields that never existed here. Each id is looked up once per answer,
whoever names it how often.
"""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from fintech.fraud import queries as fraud
from fintech.kernel import ids
from fintech.kernel.errors import NotFound
from fintech.payments import queries as payments
from fintech.wire import (
    charges,
    customers,
    fraud_assessments,
    payment_intents,
    payment_methods,
    refunds,
)

type Json = dict[str, Any]

_DEEPEST = 4


def _charge(attempt_id: UUID, merchant_id: UUID) -> Json:
    attempt = payments.charge(attempt_id, merchant_id)
    return charges.render(attempt, payments.payment(attempt.payment_id, merchant_id))


_LOADED: dict[str, Callable[[UUID, UUID], Json]] = {
    "cus": lambda id_, merchant: customers.render(payments.customer(id_, merchant)),
    "pm": lambda id_, merchant: payment_methods.render(payments.payment_method(id_, merchant)),
    "pi": lambda id_, merchant: payment_intents.render(payments.payment(id_, merchant)),
    "re": lambda id_, merchant: refunds.render(payments.refund(id_, merchant)),
    "ch": _charge,
    "fra": lambda id_, merchant: fraud_assessments.render(
        fraud.assessment(id_, merchant_id=merchant)
    ),
}


def expand(body: Json, paths: Iterable[str], *, merchant_id: UUID) -> None:
    """Replace ids by objects along each path, in place."""
    found: dict[str, Json | None] = {}
    for path in paths:
        _walk(body, path.split(".")[:_DEEPEST], found, merchant_id)


def _walk(
    node: Any,
    names: list[str],
    found: dict[str, Json | None],
    merchant_id: UUID,
) -> None:
    if isinstance(node, list):
        for part in node:
            _walk(part, names, found, merchant_id)
        return
    if not isinstance(node, dict) or not names or names[0] not in node:
        return
    name, *rest = names
    if isinstance(node[name], str):
        whole = _look_up(node[name], found, merchant_id)
        if whole is not None:
            node[name] = whole
    _walk(node[name], rest, found, merchant_id)


def _look_up(public_id: str, found: dict[str, Json | None], merchant_id: UUID) -> Json | None:
    if public_id not in found:
        prefix = public_id.rpartition("_")[0]
        found[public_id] = None
        if prefix in _LOADED:
            try:
                found[public_id] = _LOADED[prefix](ids.parse(prefix, public_id), merchant_id)
            except (ids.NotAnId, NotFound):
                return None
    return found[public_id]
